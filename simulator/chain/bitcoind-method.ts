import * as z from 'zod'
import type { ChainFault } from '../../core/ports/chain.ts'
import type { Call, ChainPort } from '../../core/ports/ports.ts'
import type { Result } from '../../core/values/result.ts'
import type { SimulatedChain } from '../world/steering.ts'

const SATS_PER_BTC = 100_000_000
const INVALID_TYPE = -3
/** No such block, transaction or mempool entry. */
export const NOT_FOUND = -5

/** An error of Bitcoin Core's JSON-RPC, with Bitcoin Core's code (`src/rpc/protocol.h`). */
export class ChainRpcError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The chain source behind the methods did not answer. */
export class NoChain extends Error {}

/**
 * The index of spenders that Bitcoin Core has from version 31 on (`-txospenderindex`). `building`: it answers for
 * nothing yet but the mempool.
 */
export type SpenderIndex = 'absent' | 'building' | 'synced'

/** A view of a simulated chain, and the chain itself, which supplies the blocks' bytes. */
export type ChainBehind = {
  readonly source: ChainPort
  readonly chain: SimulatedChain
  /** Default: absent. */
  readonly spenderIndex?: SpenderIndex
}

export type Method = (params: readonly unknown[], call: Call) => Promise<unknown>

/** Returns the chain source's value; throws {@link NoChain} if it did not answer. */
export function valueOf<T>(answer: Result<T, ChainFault>): T {
  if (!answer.ok) throw new NoChain(answer.error.message)
  return answer.value
}

/** An amount in BTC, as Bitcoin Core writes it. */
export const bitcoin = (sats: number): number => sats / SATS_PER_BTC
export const vouts = z.int().nonnegative().max(0x7fffffff)

/** A method whose parameters are validated by a schema. */
export function method<T extends readonly unknown[]>(
  schema: z.ZodType<T>,
  run: (params: T, call: Call) => Promise<unknown>,
): Method {
  return async (params, call) => {
    const given = schema.safeParse(params)
    if (!given.success) throw new ChainRpcError(INVALID_TYPE, 'JSON value of another type is expected')
    return run(given.data, call)
  }
}
