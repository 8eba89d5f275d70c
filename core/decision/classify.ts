import { unresolvedAttempts } from '../splice/budget.ts'
import { announcedTxids } from '../splice/attempt-steps.ts'
import type { ChannelSnapshot, NodeLook } from '../ports/node.ts'
import type { ChainView, Observation } from './observation.ts'
import type { FundingSpend, FundingSpender } from '../chain/funding-history.ts'
import { isPinned, mayPickAnother } from './observation.ts'
import { splitOutpoint } from '../bitcoin/outpoint.ts'
import type { Policy } from '../splice/policy.ts'
import { candidatesNow, secondEffectOf, unexplainedEffect, visibleCandidate } from './candidates.ts'
import { isFollowed } from '../chain/follow-chain.ts'
import { openBumpOf } from '../splice/replacement.ts'
import { balanceMoved, balanceSignalsOf } from './balance-signals.ts'
import type { Candidate, BalanceSignals, Splice } from '../splice/splice.ts'
import { isCommitment } from '../bitcoin/transaction.ts'
import type { Verdict, VerdictName } from '../splice/verdict.ts'

/**
 * What a look found out about a splice (design sections 2, 4 and 6). Pure: who spent the funding history is the judge, the node
 * corroborates, and whatever is not known stays not known.
 */
export function classify(splice: Splice, observation: Observation, policy: Policy): Verdict {
  const node = observation.node
  const pinned = node !== null && isPinned(splice, node)
  const channel = pinned ? observation.channel : null
  const channelGone = pinned && node.synced && channel === null
  const wentBack = node !== null && (!pinned || stoodOnOlderFunding(splice, observation))
  const behind = isBehind(splice, observation)
  const fundingSpends = behind ? [] : (observation.chain?.fundingSpends ?? [])
  const candidates = candidatesNow(splice, fundingSpends, channel)
  // Where the node reports its candidates there is nothing to guess from its balances.
  const balanceSignals = channel === null || channel.candidates !== null ? null : balanceSignalsOf(channel)
  const decisive = behind
    ? judgement('not_known')
    : judge(splice, observation, candidates, channelGone, policy)
  return {
    ...decisive,
    tipHeight: observation.chain?.tip.height ?? null,
    candidates,
    fundingHistory: lineageNow(splice, fundingSpends, channel, wentBack),
    channelGone,
    peerConnected: pinned ? (channel?.peerConnected ?? false) : null,
    isBusy:
      isStirring(splice, channel, balanceSignals, decisive.name) ||
      (pinned && (mayPickAnother(node, splice.channelId) || paidElsewhere(splice, node))),
    balanceSignals: balanceSignals,
    visible: visibleCandidate(candidates, fundingSpends),
    signedUnseen: hasSignedUnseen(splice, fundingSpends, channel),
    negotiating: channel?.negotiation === 'active',
    secondEffect: secondEffectOf(candidates, fundingSpends),
    blockMoved: blockMoved(splice, candidates),
    nodeWentBack: wentBack,
    effectWithoutAttempt: unexplainedEffect(splice, observation),
    processStarts: observation.nodeState?.processStarts ?? [],
    watchedSpent: watchedSpent(splice, observation, policy),
    nonExecutionProofs: pinned ? node.capabilities.nonExecutionProofs : [],
    quietAbsenceMs: observation.quietAbsenceMs,
  }
}

/**
 * A source that does not have the block in which a candidate was seen yet says nothing about a reorg: it is behind. Nor is a
 * block that no sweep has seen taken for the one that a settled splice is in: it would not be found there once that goes.
 */
function isBehind(splice: Splice, { chain, followed }: Observation): boolean {
  if (chain === null) return false
  const unseen = ({ block }: Candidate): boolean => block !== null && !isFollowed(followed, block)
  return (
    splice.candidates.some(({ block }) => block !== null && block.height > chain.tip.height) ||
    (splice.state === 'settled' && candidatesNow(splice, chain.fundingSpends, null).some(unseen))
  )
}

/** A confirmed candidate is not in the block that was recorded any more. */
function blockMoved(splice: Splice, candidates: readonly Candidate[]): boolean {
  return splice.candidates.some(
    ({ txid, block }) =>
      block !== null && candidates.find((now) => now.txid === txid)?.block?.hash !== block.hash,
  )
}

type Judgement = Pick<Verdict, 'name' | 'atFinalDepth' | 'depth' | 'locked'>

const judgement = (name: VerdictName, depth = 0, policy?: Policy, locked = false): Judgement => ({
  name,
  depth,
  atFinalDepth: policy !== undefined && depth >= policy.finalDepth,
  locked,
})

function judge(
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
  const visible = chain.fundingSpends.some(({ spender }) =>
    candidates.some(({ txid }) => txid === spender?.tx.txid),
  )
  if (visible) return judgement('pending')
  if (candidates.length > 0) {
    return judgeUnseen(candidates, chain, policy)
  }
  return judgeWithoutCandidate(splice, observation, channelGone, policy)
}

/**
 * None of the candidates is to be seen. Only where each of the outpoints that they spend has another spender have they lost:
 * one that nobody spends may be spent by ours again.
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

/** Who has taken a candidate's place; of one whose parent lost its own, who has taken that. null: nobody. */
function rivalOf(
  candidate: Candidate,
  candidates: readonly Candidate[],
  chain: ChainView,
): FundingSpender | null {
  const hop = chain.fundingSpends.find(({ outpoint }) => outpoint === candidate.spends)
  if (hop !== undefined) return hop.spender
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
  const doubtful = chain.fundingSpends.find((hop) => hop.spender?.effect === 'unknown')?.spender
  if (doubtful) return judgement('unattributed', depthOf(doubtful, chain.tip.height), policy)
  if (last.spender !== null) return judgeSpent(splice, chain, channelGone, policy)
  if (channelGone || !knownUnspent(last, observation)) return judgement('not_known')
  const anchored = unresolvedAttempts(splice).length > 0 && splice.submittedOn !== null
  const moved = anchored && last.outpoint !== splice.submittedOn
  return judgement(moved ? 'foreign' : 'absent')
}

/** Spent to the end without our effect: a close, or a splice of somebody else. Final only when all of it is. */
function judgeSpent(splice: Splice, chain: ChainView, channelGone: boolean, policy: Policy): Judgement {
  const spenders = chain.fundingSpends.flatMap((hop) => (hop.spender === null ? [] : [hop.spender]))
  const depth = Math.min(...spenders.map((spender) => depthOf(spender, chain.tip.height)))
  // Only of an outpoint that the node once named: a peer can give any output of its own the form of a funding.
  const committed = spenders.some(
    (s) => isCommitment(s.parsed, s.spends) && splice.fundingHistory.includes(s.spends),
  )
  return judgement(committed || channelGone ? 'closed' : 'foreign_pending', depth, policy)
}

/**
 * Gate `funding_unspent`: an outpoint is known unspent only where its own transaction is confirmed (known, on a zero-conf channel), by a
 * chain source that is not behind the node, on the funding that the node stands on.
 */
function knownUnspent(hop: FundingSpend, observation: Observation): boolean {
  const { chain, node, channel } = observation
  if (chain === null || !chain.reachedFunding) return false
  if (node !== null && chain.tip.height < node.tipHeight) return false
  if (channel !== null && channel.funding !== hop.outpoint) return false
  return hop.own === 'confirmed' || (hop.own === 'mempool' && channel?.lockDepth === 0)
}

function depthOf(spender: FundingSpender, tipHeight: number): number {
  return spender.tx.block === null ? 0 : tipHeight - spender.tx.block.height + 1
}

/** The node's funding is the candidate, or a later outpoint of the same funding history. */
function descendsFrom(candidate: Candidate, observation: Observation): boolean {
  const { chain, channel } = observation
  if (chain === null || !channel?.funding) return false
  const made = chain.fundingSpends.findIndex((hop) => splitOutpoint(hop.outpoint).txid === candidate.txid)
  const current = chain.fundingSpends.findIndex((hop) => hop.outpoint === channel.funding)
  return made !== -1 && current >= made
}

/** The funding history grows only by what the node reports as its funding, along the walk. */
function lineageNow(
  splice: Splice,
  fundingSpends: readonly FundingSpend[],
  channel: ChannelSnapshot | null,
  wentBack: boolean,
): readonly string[] {
  const current = channel?.funding
  if (!current || wentBack || splice.fundingHistory.includes(current)) return splice.fundingHistory
  const at = fundingSpends.findIndex((hop) => hop.outpoint === current)
  const walked = fundingSpends.slice(0, at + 1).map((hop) => hop.outpoint)
  return [...splice.fundingHistory, ...walked.filter((outpoint) => !splice.fundingHistory.includes(outpoint))]
}

function stoodOnOlderFunding(splice: Splice, observation: Observation): boolean {
  const funding = observation.channel?.funding
  if (!funding) return false
  const older = splice.fundingHistory.slice(0, -1).includes(funding)
  const seen = observation.channelState
  // A slow look from before a lock that another one has noted since is no step back.
  const newer = seen !== null && (observation.node?.observedAt ?? 0) > seen.fundingSince
  return newer && (older || seen.earlier.includes(funding))
}

function isStirring(
  splice: Splice,
  channel: ChannelSnapshot | null,
  balanceSignals: BalanceSignals | null,
  name: VerdictName,
): boolean {
  if (channel === null) return false
  if (channel.negotiation === 'active' || (channel.candidates?.length ?? 0) > 0) return true
  if (balanceSignals !== null && balanceMoved(splice, balanceSignals)) return true
  return name !== 'absent' && name !== 'foreign'
}

/** The clock of a node that lists its payments may be this far behind ours. */
const PAYOUT_CLOCK_MS = 60_000

/** The node lists a payment of our amount since the first attempt that is alive: it may be ours, on whatever channel. */
function paidElsewhere(splice: Splice, { payouts = [] }: NodeLook): boolean {
  const first = unresolvedAttempts(splice)[0]
  if (first === undefined) return false
  return payouts.some(
    ({ amountSats, at }) => amountSats === splice.amountSats && at >= first.startedAt - PAYOUT_CLOCK_MS,
  )
}

/**
 * What the node signed and no chain source ever showed: a replacement that was not relayed. One that the open bump announced
 * is a candidate already; another one that is recorded was seen once, and replaced.
 */
function hasSignedUnseen(
  splice: Splice,
  fundingSpends: readonly FundingSpend[],
  channel: ChannelSnapshot | null,
): boolean {
  const bump = openBumpOf(splice)
  const asked = announcedTxids({ attempts: bump?.attempts ?? [], bumps: [] })
  return (channel?.candidates ?? []).some(({ txid, signed }) => {
    const recorded = splice.candidates.some((candidate) => candidate.txid === txid)
    const shown = fundingSpends.some(({ spender }) => spender?.tx.txid === txid)
    return signed && !shown && (!recorded || asked.has(txid))
  })
}

/** Watch ends when the outpoint that stood at the end, and the next one, are spent for good (design section 6, "Watch"). */
function watchedSpent(splice: Splice, { chain }: Observation, policy: Policy): boolean {
  const from = chain?.fundingSpends.findIndex((hop) => hop.outpoint === splice.watch?.from) ?? -1
  if (chain === null || from === -1) return false
  const atFinalDepth = chain.fundingSpends
    .slice(from, from + 2)
    .map((hop) => hop.spender)
    .filter((spender) => spender !== null && depthOf(spender, chain.tip.height) >= policy.finalDepth)
  const closed = atFinalDepth.some(
    (spender) => spender !== null && isCommitment(spender.parsed, spender.spends),
  )
  return closed || atFinalDepth.length === 2
}
