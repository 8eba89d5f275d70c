import { unresolvedAttempts } from '../splice/budget.ts'
import { announcedTxids } from '../splice/attempt-steps.ts'
import type { ChannelSnapshot, NodeLook } from '../ports/node.ts'
import { isPinned, mayPickAnother, type Observation } from './observation.ts'
import type { FundingSpend } from '../chain/funding-history.ts'
import type { Policy } from '../splice/policy.ts'
import { depthOf, judge, judgement } from './judgement.ts'
import { candidatesNow, secondEffectOf, unexplainedEffect, visibleCandidate } from './candidates.ts'
import { isFollowed } from '../chain/follow-chain.ts'
import { openBumpOf } from '../splice/replacement.ts'
import { balanceMoved, balanceSignalsOf } from './balance-signals.ts'
import type { Candidate, BalanceSignals, Splice } from '../splice/splice.ts'
import { isCommitment } from '../bitcoin/transaction.ts'
import type { Verdict, VerdictName } from '../splice/verdict.ts'

/**
 * What a look found out about a splice. Pure. The judge is what spent the funding history; the node only
 * corroborates. Whatever is not known stays not known.
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
  // A node that reports its candidates needs no inference from its balances.
  const balanceSignals = channel === null || channel.candidates !== null ? null : balanceSignalsOf(channel)
  const judged = behind ? judgement('not_known') : judge(splice, observation, candidates, channelGone, policy)
  return {
    ...judged,
    tipHeight: observation.chain?.tip.height ?? null,
    candidates,
    fundingHistory: fundingHistoryNow(splice, fundingSpends, channel, wentBack),
    channelGone,
    peerConnected: pinned ? (channel?.peerConnected ?? false) : null,
    isBusy:
      isChannelBusy(splice, channel, balanceSignals, judged.name) ||
      (pinned && (mayPickAnother(node, splice.channelId) || paidElsewhere(splice, node))),
    balanceSignals,
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
 * A chain source that does not have the block of a known candidate yet is behind, and says nothing about a reorg. Nor
 * may a settled splice move to a block that no sweep has followed: if that block left the chain, nobody would notice.
 */
function isBehind(splice: Splice, { chain, followed }: Observation): boolean {
  if (chain === null) return false
  const unseen = ({ block }: Candidate): boolean => block !== null && !isFollowed(followed, block)
  return (
    splice.candidates.some(({ block }) => block !== null && block.height > chain.tip.height) ||
    (splice.state === 'settled' && candidatesNow(splice, chain.fundingSpends, null).some(unseen))
  )
}

/** A confirmed candidate is no longer in the block that was recorded. */
function blockMoved(splice: Splice, candidates: readonly Candidate[]): boolean {
  return splice.candidates.some(
    ({ txid, block }) => block !== null && candidates.find((now) => now.txid === txid)?.block?.hash !== block.hash,
  )
}

/** The funding history grows only by what the node reports as its funding, along the outpoints of the walk. */
function fundingHistoryNow(
  splice: Splice,
  fundingSpends: readonly FundingSpend[],
  channel: ChannelSnapshot | null,
  wentBack: boolean,
): readonly string[] {
  const current = channel?.funding
  if (!current || wentBack || splice.fundingHistory.includes(current)) return splice.fundingHistory
  const at = fundingSpends.findIndex((spend) => spend.outpoint === current)
  const walked = fundingSpends.slice(0, at + 1).map((spend) => spend.outpoint)
  return [...splice.fundingHistory, ...walked.filter((outpoint) => !splice.fundingHistory.includes(outpoint))]
}

function stoodOnOlderFunding(splice: Splice, observation: Observation): boolean {
  const funding = observation.channel?.funding
  if (!funding) return false
  const older = splice.fundingHistory.slice(0, -1).includes(funding)
  const seen = observation.channelState
  // A slow look from before a lock, which another look has recorded since, is not a step back.
  const newer = seen !== null && (observation.node?.observedAt ?? 0) > seen.fundingSince
  return newer && (older || seen.earlier.includes(funding))
}

function isChannelBusy(
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

/** How far the clock of a node that lists its payments may be behind ours. */
const PAYOUT_CLOCK_MS = 60_000

/** The node lists a payment of our amount since the first unresolved attempt. It may be ours, on whichever channel. */
function paidElsewhere(splice: Splice, { payouts = [] }: NodeLook): boolean {
  const first = unresolvedAttempts(splice)[0]
  if (first === undefined) return false
  return payouts.some(
    ({ amountSats, at }) => amountSats === splice.amountSats && at >= first.startedAt - PAYOUT_CLOCK_MS,
  )
}

/**
 * Whether the node signed a transaction that no chain source ever showed: a replacement that was not relayed.
 * A recorded candidate was seen once, and does not count unless the open bump announced it.
 */
function hasSignedUnseen(
  splice: Splice,
  fundingSpends: readonly FundingSpend[],
  channel: ChannelSnapshot | null,
): boolean {
  const bump = openBumpOf(splice)
  const announced = announcedTxids({ attempts: bump?.attempts ?? [], bumps: [] })
  return (channel?.candidates ?? []).some(({ txid, signed }) => {
    const recorded = splice.candidates.some((candidate) => candidate.txid === txid)
    const shown = fundingSpends.some(({ spender }) => spender?.tx.txid === txid)
    return signed && !shown && (!recorded || announced.has(txid))
  })
}

/**
 * Whether the watch may end: the outpoint that stood at the end of the splice, and the next one, are spent by
 * final transactions, or a close is final.
 */
function watchedSpent(splice: Splice, { chain }: Observation, policy: Policy): boolean {
  const from = chain?.fundingSpends.findIndex((spend) => spend.outpoint === splice.watch?.from) ?? -1
  if (chain === null || from === -1) return false
  const atFinalDepth = chain.fundingSpends
    .slice(from, from + 2)
    .map((spend) => spend.spender)
    .filter((spender) => spender !== null && depthOf(spender, chain.tip.height) >= policy.finalDepth)
  const closed = atFinalDepth.some((spender) => spender !== null && isCommitment(spender.parsed, spender.spends))
  return closed || atFinalDepth.length === 2
}
