import { announcedTxids } from '../splice/attempt-steps.ts'
import type { ChannelSnapshot } from '../ports/node.ts'
import type { Observation } from './observation.ts'
import type { FundingSpend, FundingSpender } from '../chain/funding-history.ts'
import type { Candidate, Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

const KW = 1_000

/** Once seen, never un-seen: the recorded ones with their block as it is now, and new ones. */
export function candidatesNow(
  splice: Splice,
  fundingSpends: readonly FundingSpend[],
  channel: ChannelSnapshot | null,
): Candidate[] {
  const sighted = fundingSpends.flatMap((hop) => (isOurs(splice, hop) ? [hop.spender] : []))
  const known = splice.candidates.map((candidate) => {
    const spender = sighted.find((s) => s?.tx.txid === candidate.txid)
    const walked = spender !== undefined || fundingSpends.some((hop) => hop.outpoint === candidate.spends)
    return walked ? { ...withFee(candidate, spender), block: blockOf(spender ?? null) } : candidate
  })
  const fresh = sighted.flatMap((spender) =>
    spender === null || known.some((candidate) => candidate.txid === spender.tx.txid)
      ? []
      : [candidateOf(spender)],
  )
  const seen = [...known, ...fresh]
  return [...seen, ...signedAtNode(splice, channel, seen)]
}

/**
 * What its node reports as signed, with a txid that we journalled: it can confirm, whether or not it was ever relayed. A
 * replacement beside it may be unsigned still, for the node does not tell them apart: it counts if its command was answered.
 */
function signedAtNode(
  splice: Splice,
  channel: ChannelSnapshot | null,
  seen: readonly Candidate[],
): Candidate[] {
  const spends = channel?.funding ?? null
  const reported = channel?.candidates ?? []
  if (spends === null || reported.length === 0) return []
  const answered = splice.bumps
    .flatMap(({ attempts }) => attempts)
    .filter(({ result }) => result?.type === 'taken')
  const announced = announcedTxids({ attempts: [...splice.attempts, ...answered], bumps: [] })
  const unseen = reported.filter(
    ({ txid, signed }) => signed && announced.has(txid) && seen.every((each) => each.txid !== txid),
  )
  return unseen.map(({ txid, feeRateSatPerKw = null }) => ({
    txid,
    spends,
    feeSats: null,
    feeRateSatPerKw,
    seenAt: 0,
    seenAtHeight: null,
    block: null,
  }))
}

/** One that an operator named, or that a source showed without its fee, gets it when it is known. */
function withFee(candidate: Candidate, spender: FundingSpender | null | undefined): Candidate {
  if (candidate.feeSats !== null || !spender) return candidate
  const { feeSats, feeRateSatPerKw } = candidateOf(spender)
  return { ...candidate, feeSats, feeRateSatPerKw }
}

function isOurs(splice: Splice, hop: FundingSpend): boolean {
  const recorded = splice.candidates.some((candidate) => candidate.txid === hop.spender?.tx.txid)
  return hop.spender !== null && (recorded || (hop.spender.effect === 'ours' && isExplained(splice, hop)))
}

/** Only an attempt on this outpoint or an earlier one of the funding history can have led to its spender. */
function isExplained(splice: Splice, hop: FundingSpend): boolean {
  const first = splice.attempts[0]
  if (first === undefined) return false
  const at = splice.fundingHistory.indexOf(hop.outpoint)
  return at === -1 || at >= splice.fundingHistory.indexOf(first.submittedOn)
}

/** A transaction with our effect that no attempt of this splice explains (gate `no_earlier_effect`); null: there is none. */
export function unexplainedEffect(splice: Splice, observation: Observation): string | null {
  if (observation.chain === null || hasEnded(splice.state)) return null
  const hop = observation.chain.fundingSpends.find((h) => h.spender?.effect === 'ours' && !isOurs(splice, h))
  return hop?.spender?.tx.txid ?? observation.chain.earlierEffect
}

function candidateOf(spender: FundingSpender): Candidate {
  const feeSats = spender.tx.feeSats
  return {
    txid: spender.tx.txid,
    spends: spender.spends,
    feeSats,
    feeRateSatPerKw: feeSats === null ? null : Math.floor((feeSats * KW) / spender.parsed.weight),
    seenAt: 0,
    seenAtHeight: null,
    block: blockOf(spender),
  }
}

function blockOf(spender: FundingSpender | null): Candidate['block'] {
  const block = spender?.tx.block ?? null
  return block === null ? null : { height: block.height, hash: block.hash }
}

/**
 * A second transaction of ours beside the one in a block, on another outpoint: the client was served twice, or will be when
 * it confirms. Said as soon as it is seen.
 */
export function secondEffectOf(
  candidates: readonly Candidate[],
  fundingSpends: readonly FundingSpend[],
): string | null {
  const first = candidates.find((candidate) => candidate.block !== null)
  const seen = (txid: string): boolean => fundingSpends.some((hop) => hop.spender?.tx.txid === txid)
  const second = candidates.find(
    ({ txid, spends }) => txid !== first?.txid && spends !== first?.spends && seen(txid),
  )
  return first === undefined ? null : (second?.txid ?? null)
}

/** The candidate that stands now, in a block before one in the mempool; null: none is to be seen. */
export function visibleCandidate(
  candidates: readonly Candidate[],
  fundingSpends: readonly FundingSpend[],
): { readonly candidate: Candidate; readonly weight: number } | null {
  const shown = fundingSpends.flatMap(({ spender }) => {
    const candidate = candidates.find(({ txid }) => txid === spender?.tx.txid)
    return spender === null || candidate === undefined ? [] : [{ candidate, weight: spender.parsed.weight }]
  })
  return shown.find(({ candidate }) => candidate.block !== null) ?? shown[0] ?? null
}
