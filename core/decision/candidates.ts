import { announcedTxids } from '../splice/attempt-steps.ts'
import type { ChannelSnapshot } from '../ports/node.ts'
import type { Observation } from './observation.ts'
import type { FundingSpend, FundingSpender } from '../chain/funding-history.ts'
import type { Candidate, Splice } from '../splice/splice.ts'
import { hasEnded } from '../splice/transitions.ts'

const KW = 1_000

/**
 * All candidates: the recorded ones, with their block as it is now, and new ones. A candidate that was seen stays one.
 */
export function candidatesNow(
  splice: Splice,
  fundingSpends: readonly FundingSpend[],
  channel: ChannelSnapshot | null,
): Candidate[] {
  const seenSpenders = fundingSpends.flatMap((spend) => (isOurs(splice, spend) ? [spend.spender] : []))
  const known = splice.candidates.map((candidate) => {
    const spender = seenSpenders.find((each) => each?.tx.txid === candidate.txid)
    const walked = spender !== undefined || fundingSpends.some((spend) => spend.outpoint === candidate.spends)
    return walked ? { ...withFee(candidate, spender), block: blockOf(spender ?? null) } : candidate
  })
  const fresh = seenSpenders.flatMap((spender) =>
    spender === null || known.some((candidate) => candidate.txid === spender.tx.txid) ? [] : [candidateOf(spender)],
  )
  const seen = [...known, ...fresh]
  return [...seen, ...signedAtNode(splice, channel, seen)]
}

/**
 * Candidates that the node reports as signed, with a txid that we journalled: they can confirm even if they
 * were never relayed. A replacement may still be unsigned beside one, because the node does not tell them
 * apart, so it counts only if its command was answered.
 */
function signedAtNode(splice: Splice, channel: ChannelSnapshot | null, seen: readonly Candidate[]): Candidate[] {
  const spends = channel?.funding ?? null
  const reported = channel?.candidates ?? []
  if (spends === null || reported.length === 0) return []
  const answered = splice.bumps.flatMap(({ attempts }) => attempts).filter(({ result }) => result?.type === 'taken')
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

/** Adds the fee to a candidate that an operator named, or that a source showed without its fee, once it is known. */
function withFee(candidate: Candidate, spender: FundingSpender | null | undefined): Candidate {
  if (candidate.feeSats !== null || !spender) return candidate
  const { feeSats, feeRateSatPerKw } = candidateOf(spender)
  return { ...candidate, feeSats, feeRateSatPerKw }
}

function isOurs(splice: Splice, spend: FundingSpend): boolean {
  const recorded = splice.candidates.some((candidate) => candidate.txid === spend.spender?.tx.txid)
  return spend.spender !== null && (recorded || (spend.spender.effect === 'ours' && isExplained(splice, spend)))
}

/** Only an attempt on this outpoint, or on an earlier one of the funding history, can have led to its spender. */
function isExplained(splice: Splice, spend: FundingSpend): boolean {
  const first = splice.attempts[0]
  if (first === undefined) return false
  const at = splice.fundingHistory.indexOf(spend.outpoint)
  return at === -1 || at >= splice.fundingHistory.indexOf(first.submittedOn)
}

/**
 * The txid of a transaction with our effect that no attempt of this splice explains (gate
 * `no_earlier_effect`); null: none.
 */
export function unexplainedEffect(splice: Splice, observation: Observation): string | null {
  if (observation.chain === null || hasEnded(splice.state)) return null
  const spend = observation.chain.fundingSpends.find((each) => each.spender?.effect === 'ours' && !isOurs(splice, each))
  return spend?.spender?.tx.txid ?? observation.chain.earlierEffect
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
 * The txid of a second transaction of ours, on another outpoint than the confirmed one: the client was served
 * twice, or will be once it confirms. Reported as soon as it is seen.
 */
export function secondEffectOf(
  candidates: readonly Candidate[],
  fundingSpends: readonly FundingSpend[],
): string | null {
  const first = candidates.find((candidate) => candidate.block !== null)
  const seen = (txid: string): boolean => fundingSpends.some((spend) => spend.spender?.tx.txid === txid)
  const second = candidates.find(({ txid, spends }) => txid !== first?.txid && spends !== first?.spends && seen(txid))
  return first === undefined ? null : (second?.txid ?? null)
}

/** The candidate that is visible now, one in a block before one in the mempool; null: none. */
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
