import type { Bump, CommandResult, Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { FUNDING, NOW, policy } from '../values.ts'
import { aBump, aBumpAttempt, aPendingSplice } from './bumps.ts'

export type Refused = Extract<CommandResult, { type: 'refused' }>

export const refused = (refusal: Refused['class'], more: Partial<Refused> = {}): Refused => ({
  type: 'refused',
  class: refusal,
  message: 'no',
  ...more,
})

export const starting = (overrides = {}) => ({
  type: 'bump_started' as const,
  id: 'b',
  submittedOn: FUNDING,
  fenceMs: 120_000,
  baseline: { claimableSats: 5, reservedSats: 6 },
  ...overrides,
})

export function answer(splice: Splice, result: CommandResult, id = 'bump-attempt-1', jitter = 0.5, now = NOW) {
  return step(splice, { type: 'bump_answered', id, result, jitter }, { now, policy })
}

/** A splice whose bump's first attempt is under way. */
export const asked = (bump: Partial<Bump> = {}, overrides: Partial<Splice> = {}): Splice =>
  aPendingSplice({ bumps: [aBump({ attempts: [aBumpAttempt({ result: null })], ...bump })], ...overrides })

export const newest = ({ bumps }: Splice): Bump => {
  const bump = bumps.at(-1)
  if (bump === undefined) throw new Error('no bump')
  return bump
}

export const said = (splice: Splice): string[] => splice.events.map(({ type }) => type)
