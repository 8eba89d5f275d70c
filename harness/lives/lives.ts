import { givenUp } from './given-up.ts'
import { onChain } from './on-chain.ts'
import { ordinary } from './ordinary.ts'
import { troubled } from './troubled.ts'

/** All lives, by what goes wrong in them. */
export const lives = { ordinary, troubled, givenUp, onChain } as const
