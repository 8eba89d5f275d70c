import { classify } from '../../../core/decision/classify.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import type { Verdict } from '../../../core/splice/verdict.ts'
import { aChain, aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aCandidate } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aSplicing, fundingOf } from '../../../harness/transactions.ts'
import { FUNDING, TIP, policy } from '../../../harness/values.ts'

export const ours = aSplicing(FUNDING)
export const rival = aSplicing(FUNDING, 800_000)
export const NEXT = fundingOf(ours)
export const seen = aCandidate({ txid: ours.txid })

export type Given = {
  readonly splice?: Splice
  readonly chain?: Parameters<typeof aChain>[0] | null
  readonly channel?: Parameters<typeof aChannel>[0] | null
  readonly node?: Parameters<typeof aLook>[0] | null
  readonly more?: Partial<Observation>
}

export function verdict(given: Given): Verdict {
  const observation = anObservation({
    chain: given.chain === null ? null : aChain(given.chain),
    channel: given.channel === null ? null : aChannel(given.channel),
    node: given.node === null ? null : aLook(given.node),
    ...given.more,
  })
  return classify(given.splice ?? aSubmittedSplice(), observation, policy)
}

/** The funding outpoint spent by ours, in the mempool or at a height. */
export const spent = (height: number | null, effect: 'ours' | 'none' | 'unknown' = 'ours', by = ours) => ({
  fundingSpends: [aFundingSpend({ spender: aFundingSpender(FUNDING, by, effect, height) })],
})

/** The same, with the walk gone on to what it funded. */
export const moved = (height: number | null, effect: 'ours' | 'none' = 'ours') => ({
  fundingSpends: [...spent(height, effect).fundingSpends, aFundingSpend({ outpoint: NEXT })],
})

export const onNext = { funding: NEXT }
export const atDepth = (depth: number): number => TIP - depth + 1
