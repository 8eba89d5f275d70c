import type { Tally } from './metered-world.ts'

/** List prices of AWS in `us-east-1`, on demand, in dollars for a million (for a million GB-seconds on arm64). */
const PRICES = {
  readUnits: 0.125,
  writeUnits: 0.625,
  sqsRequests: 0.4,
  invocations: 0.2,
  gbSeconds: 13.3334,
} as const

/** What a function call takes, most of it waiting for table, node and chain: 0.3 s at 512 MB. Assumed, not measured on AWS. */
const GB_SECONDS_PER_INVOCATION = 0.3 * 0.5

/** Dollars for a million times what a tally counts. */
export function dollarsPerMillion(tally: Tally): number {
  const count = (name: string): number => tally[name] ?? 0
  const invocations = count('invocations')
  return (
    count('read units') * PRICES.readUnits +
    count('write units') * PRICES.writeUnits +
    count('SQS requests') * PRICES.sqsRequests +
    invocations * PRICES.invocations +
    invocations * GB_SECONDS_PER_INVOCATION * PRICES.gbSeconds
  )
}
