import type { ChainView, Observation } from './observation.ts'
import type { FundingSpend, FundingSpender } from '../chain/funding-history.ts'
import { isFollowed } from '../chain/follow-chain.ts'
import { isCommitment } from '../bitcoin/transaction.ts'
import { splitOutpoint } from '../bitcoin/outpoint.ts'
import { unresolvedAttempts } from '../splice/budget.ts'
import type { Policy } from '../splice/policy.ts'
import type { Candidate, Splice } from '../splice/splice.ts'
import type { Verdict, VerdictName } from '../splice/verdict.ts'

/** What node and chain say about where a splice stands. */
export type Judgement = Pick<Verdict, 'name' | 'atFinalDepth' | 'depth' | 'locked'>

/** A judgement with its depth; without a policy it is not final. */
export const judgement = (name: VerdictName, depth = 0, policy?: Policy, locked = false): Judgement => ({
  name,
  depth,
  atFinalDepth: policy !== undefined && depth >= policy.finalDepth,
  locked,
})

/** Judges by what spent the funding history. A confirmed candidate counts most, then one in the mempool. */
export function judge(
  splice: Splice,
  observation: Observation,
  candidates: readonly Candidate[],
  channelGone: boolean,
  policy: Policy,
): Judgement {
  const chain = observation.chain
  if (chain === null) return judgement('not_known')
  const tip = chain.tip.height
  const confirmed = candidates.find((candidate) => candidate.block !== null)
  if (confirmed !== undefined) return judgeConfirmed(splice, observation, confirmed, channelGone, tip, policy)
  const visible = chain.fundingSpends.some(({ spender }) => candidates.some(({ txid }) => txid === spender?.tx.txid))
  if (visible) return judgement('pending')
  if (candidates.length > 0) {
    return judgeUnseen(candidates, chain, policy)
  }
  return judgeWithoutCandidate(splice, observation, channelGone, policy)
}

/**
 * No candidate is visible. They have lost only if each outpoint that they spend has another spender: one
 * without a spender may still be spent by ours.
 */
function judgeUnseen(candidates: readonly Candidate[], chain: ChainView, policy: Policy): Judgement {
  const rivals = candidates.map((candidate) => rivalOf(candidate, candidates, chain))
  const known = rivals.filter((rival) => rival !== null)
  if (known.length < rivals.length) return judgement('unseen')
  const doubtful = known.find((rival) => rival.effect === 'unknown')
  if (doubtful) return judgement('unattributed', depthOf(doubtful, chain.tip.height), policy)
  const depth = Math.min(...known.map((rival) => depthOf(rival, chain.tip.height)))
  return judgement('replaced', depth, policy)
}

/**
 * The spender that took a candidate's place or, if the candidate's parent lost its own place, the parent's
 * rival. null: none.
 */
function rivalOf(candidate: Candidate, candidates: readonly Candidate[], chain: ChainView): FundingSpender | null {
  const spend = chain.fundingSpends.find(({ outpoint }) => outpoint === candidate.spends)
  if (spend !== undefined) return spend.spender
  const { txid } = splitOutpoint(candidate.spends)
  const parent = candidates.find((other) => other.txid === txid && other !== candidate)
  return parent === undefined ? null : rivalOf(parent, candidates, chain)
}

function judgeConfirmed(
  splice: Splice,
  observation: Observation,
  candidate: Candidate,
  channelGone: boolean,
  tip: number,
  policy: Policy,
): Judgement {
  const depth = candidate.block === null ? 0 : tip - candidate.block.height + 1
  const finalDepth = Math.max(policy.finalDepth, observation.channel?.lockDepth ?? 0)
  const locked = descendsFrom(candidate, observation)
  const lockStands = locked && splice.lockedAt !== null && splice.lockedAt < observation.at
  const followed = candidate.block !== null && isFollowed(observation.followed, candidate.block)
  const final = depth >= finalDepth && (lockStands || channelGone) && followed
  return { name: final ? 'final' : 'confirmed', depth, atFinalDepth: depth >= finalDepth, locked }
}

function judgeWithoutCandidate(
  splice: Splice,
  observation: Observation,
  channelGone: boolean,
  policy: Policy,
): Judgement {
  const chain = observation.chain
  const last = chain?.fundingSpends.at(-1)
  if (chain === null || last === undefined) return judgement('not_known')
  const doubtful = chain.fundingSpends.find((spend) => spend.spender?.effect === 'unknown')?.spender
  if (doubtful) return judgement('unattributed', depthOf(doubtful, chain.tip.height), policy)
  if (last.spender !== null) return judgeSpent(splice, chain, channelGone, policy)
  if (channelGone || !knownUnspent(last, observation)) return judgement('not_known')
  const hasUnresolved = unresolvedAttempts(splice).length > 0 && splice.submittedOn !== null
  const moved = hasUnresolved && last.outpoint !== splice.submittedOn
  return judgement(moved ? 'foreign' : 'absent')
}

/**
 * The funding history is spent to its end without our effect: by a close, or by a splice of somebody else.
 * Final only when every spender is.
 */
function judgeSpent(splice: Splice, chain: ChainView, channelGone: boolean, policy: Policy): Judgement {
  const spenders = chain.fundingSpends.flatMap((spend) => (spend.spender === null ? [] : [spend.spender]))
  const depth = Math.min(...spenders.map((spender) => depthOf(spender, chain.tip.height)))
  // Only for an outpoint that the node once reported: a peer can give any output of its own the form of a
  // funding output.
  const committed = spenders.some(
    ({ parsed, spends }) => isCommitment(parsed, spends) && splice.fundingHistory.includes(spends),
  )
  return judgement(committed || channelGone ? 'closed' : 'foreign_pending', depth, policy)
}

/**
 * Gate `funding_unspent`: an outpoint is known unspent only if its own transaction is confirmed (known, on a
 * zero-conf channel), the chain source is not behind the node, and the node's funding is this outpoint.
 */
function knownUnspent(spend: FundingSpend, observation: Observation): boolean {
  const { chain, node, channel } = observation
  if (chain === null || !chain.reachedFunding) return false
  if (node !== null && chain.tip.height < node.tipHeight) return false
  if (channel !== null && channel.funding !== spend.outpoint) return false
  return spend.own === 'confirmed' || (spend.own === 'mempool' && channel?.lockDepth === 0)
}

/** The number of confirmations of a spender; 0 if it is unconfirmed. */
export function depthOf(spender: FundingSpender, tipHeight: number): number {
  return spender.tx.block === null ? 0 : tipHeight - spender.tx.block.height + 1
}

/** The node's funding outpoint is the candidate's, or a later one of the same funding history. */
function descendsFrom(candidate: Candidate, observation: Observation): boolean {
  const { chain, channel } = observation
  if (chain === null || !channel?.funding) return false
  const made = chain.fundingSpends.findIndex((spend) => splitOutpoint(spend.outpoint).txid === candidate.txid)
  const current = chain.fundingSpends.findIndex((spend) => spend.outpoint === channel.funding)
  return made !== -1 && current >= made
}
