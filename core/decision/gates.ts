import { attemptsUsed, fenceOf, unresolvedAttempts } from '../splice/budget.ts'
import type { ChannelSnapshot, NodeLook, Obstacles } from '../ports/node.ts'
import type { Observation } from './observation.ts'
import { isPinned, mayPickAnother } from './observation.ts'
import type { Policy } from '../splice/policy.ts'
import { RECORD_LIMITS } from '../splice/splice.ts'
import type { Attempt, Splice, SpliceKind } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import type { Verdict } from '../splice/verdict.ts'

/** What the gates look at. `splice` has the look's facts noted already. */
export type GateFacts = {
  readonly splice: Splice
  readonly observation: Observation
  readonly verdict: Verdict
  readonly now: Instant
  readonly policy: Policy
}

/** Why a gate is shut: a code, and a sentence for `waitingFor`. */
export type Shut = { readonly code: string; readonly message: string }

/** The gates of a submission, in the order in which they are read. */
export type GateName =
  | 'fence'
  | 'node'
  | 'channel'
  | 'funding_unspent'
  | 'no_candidate'
  | 'no_earlier_effect'
  | 'quiet'
  | 'budget'
  | 'lock_depth'
  | 'overlap'

/** A condition that must hold just before an attempt is journalled. `shut` answers null while it is open. */
export type Gate = {
  readonly name: GateName
  readonly says: string
  readonly shut: (facts: GateFacts) => Shut | null
}

/** A gate as it stood in one look. */
export type GateReading<Name extends string = GateName> = { readonly name: Name; readonly shut: Shut | null }

/** What ldk-node pays at worst is 3/2 of the estimate (`max_funding_feerate`). */
const WORST_FEE_FACTOR = 1.5
/** Weight of a splice transaction: what a fee is estimated with. A splice-in has a few inputs of the wallet, and change. */
const TYPICAL_WEIGHT = { splice_out: 1_000, splice_in: 2_000 } as const
/** The least lock depth that leaves a margin between a lock and the look that sees its transaction (gate `lock_depth`). */
const SAFE_LOCK_DEPTH = 3
/** Confirmations of a funding before a Core Lightning is asked to splice: the announcement of the last one is done by then. */
const SPLICEABLE_DEPTH = 6

const shut = (code: string, message: string): Shut => ({ code, message })

/** The fee that a submission may cost at worst, in satoshis; null without an estimate. */
export function worstFeeSats(kind: SpliceKind, observation: Observation): number | null {
  const rate = worstFeeRateSatPerKw(observation)
  return rate === null ? null : feeSatsAt(rate, kind)
}

function feeSatsAt(rateSatPerKw: number, kind: SpliceKind): number {
  return Math.ceil((rateSatPerKw * TYPICAL_WEIGHT[kind]) / 1_000)
}

/** The feerate that the node may pay at worst, in sat per 1000 weight; null without an estimate. */
export function worstFeeRateSatPerKw(observation: Observation): number | null {
  const told = observation.node?.feeRateSatPerKw
  if (told) return told
  const estimate = observation.chain?.feeRateSatPerKw ?? null
  return estimate === null ? null : Math.ceil(estimate * WORST_FEE_FACTOR)
}

/**
 * The gates for a submission, re-read just before it is journalled. One more is the driver's: the channel's lease must be held
 * by this splice.
 */
export const gates: readonly Gate[] = [
  {
    name: 'fence',
    says: "every earlier attempt's fence has passed; without a fence, it was answered or is dead",
    shut: ({ splice, now }) => fenceGate(unresolvedAttempts(splice), now),
  },
  {
    name: 'node',
    says: "the node is the pinned node id and network, synced, its tip within one block of the chain source's",
    shut: nodeGate,
  },
  {
    name: 'channel',
    says: 'the channel is there, ready, not closing, on the funding outpoint; the peer is connected where it must be; nothing that the node breaks on stands in the way; it can pay; a node that picks the channel itself has no other',
    shut: channelGate,
  },
  {
    name: 'funding_unspent',
    says: 'the funding outpoint is known unspent',
    shut: ({ verdict }) => {
      if (verdict.name === 'absent') return null
      return verdict.name === 'not_known'
        ? shut(
            'chain',
            'Waiting for the chain source to show that nothing spends the channel: until then nothing is sent.',
          )
        : shut('anchor_spent', 'Another transaction spends the channel; waiting to learn what it is.')
    },
  },
  {
    name: 'no_candidate',
    says: 'no candidate was ever seen; the node reports none and no negotiation; where it cannot, no sign of one',
    shut: ({ splice, verdict }) =>
      splice.candidates.length > 0 || verdict.isBusy
        ? shut('node_busy', 'The node is busy with something on this channel; waiting until it is over.')
        : null,
  },
  {
    name: 'no_earlier_effect',
    says: "nothing in the channel's funding history has our effect since the splice was created, or since the backup was taken",
    shut: ({ verdict }) =>
      verdict.effectWithoutAttempt === null
        ? null
        : shut(
            'attribution',
            'A transaction that this splice did not make does the same: somebody has to look.',
          ),
  },
  {
    name: 'quiet',
    says: 'after an attempt that is not dead: quiet for the quiet period',
    shut: ({ splice, now, policy }) => {
      if (unresolvedAttempts(splice).length === 0) return null
      const quiet = splice.quietSince !== null && now - splice.quietSince >= policy.quietMs
      return quiet
        ? null
        : shut(
            'quiet',
            'What became of the last request is not known: it is sent again once the channel has been quiet.',
          )
    },
  },
  {
    name: 'budget',
    says: 'budget left: attempts, deadline, feerate under the ceiling, not before its time, backoff passed',
    shut: budgetGate,
  },
  {
    name: 'lock_depth',
    says: 'zero-conf, a lock depth under 3, or not known: only if every earlier attempt is dead',
    shut: ({ splice, observation }) => {
      const depth = observation.channel?.lockDepth ?? 0
      const margin = depth >= SAFE_LOCK_DEPTH || observation.node?.capabilities.checksFunding === true
      return margin || unresolvedAttempts(splice).length === 0
        ? null
        : shut(
            'zero_conf',
            'The channel uses a new transaction so soon that nothing is sent again before the first request is proven lost.',
          )
    },
  },
  {
    name: 'overlap',
    says: 'the overlap guard and a splice-out, or a checked funding outpoint, or at most the second attempt that is not dead',
    shut: ({ splice, observation }) => {
      const can = observation.node?.capabilities
      const guarded =
        can?.checksFunding === true || (can?.overlapGuard === true && splice.kind === 'splice_out')
      return guarded || unresolvedAttempts(splice).length <= 1
        ? null
        : shut(
            'overlap',
            'Two requests may still take effect at the node; a third is sent once one of them is proven lost.',
          )
    },
  },
]

/** The fence gate, which a fee bump has to pass as well: the fences of these attempts have passed. */
export function fenceGate(attempts: readonly Attempt[], now: Instant): Shut | null {
  const open = attempts.every((attempt) => {
    const fence = fenceOf(attempt)
    return fence !== null && fence < now
  })
  return open ? null : shut('fence', 'An earlier request may still reach the node; waiting until it cannot.')
}

/** Gate `node`, which a fee bump has to pass as well. */
export function nodeGate({ splice, observation, now, policy }: GateFacts): Shut | null {
  const { node, chain } = observation
  if (node === null) return shut('node_unreachable', 'The node does not answer; waiting until it does.')
  if (!isPinned(splice, node))
    return shut(
      'node_identity',
      'Another node answers at the address of this one: its configuration needs a look.',
    )
  if (observation.nodeState?.paused)
    return shut(
      'node_paused',
      'The node refuses what it is asked with; waiting until its credentials or configuration are mended.',
    )
  if (!node.synced) return shut('node_syncing', 'The node is still catching up with the chain.')
  if (now - node.observedAt > policy.snapshotMaxAgeMs)
    return shut('node_stale', 'Waiting for a fresh look at the node.')
  if (chain === null) return shut('chain', 'The chain source does not answer; waiting until it does.')
  if (Math.abs(chain.tip.height - node.tipHeight) > 1)
    return shut(
      'tips_differ',
      'The node and the chain source do not see the same newest blocks; waiting until they agree.',
    )
  return null
}

function channelGate(facts: GateFacts): Shut | null {
  const { splice, observation } = facts
  const { channel, node } = observation
  if (node === null || channel === null) return shut('channel_missing', 'The node does not list the channel.')
  if (channel.closing)
    return shut('channel_closing', 'The channel is closing, and cannot be spliced any more.')
  if (!channel.ready) return shut('channel_not_ready', 'The channel is not ready for payments yet.')
  if (mayPickAnother(node, channel.channelId))
    return shut(
      'several_channels',
      'The node has several channels and picks one itself: it cannot be told to use this one.',
    )
  const alive = unresolvedAttempts(splice).length > 0
  if (channel.funding === null || (alive && channel.funding !== splice.submittedOn))
    return shut(
      'funding_moved',
      'The channel has moved to another transaction than the one that this splice started from.',
    )
  const first = splice.attempts.length === 0 && node.capabilities.queuesOffline
  if (!channel.peerConnected && !first)
    return shut('peer_away', 'Waiting for the node on the other side of the channel to connect.')
  const obstacle = obstacleGate(channel)
  if (obstacle !== null) return obstacle
  return canPay(splice, node, channel, observation)
}

/** What a node that breaks on it reports to stand in the way of a splice; a fee bump waits for payments only. */
export function obstacleGate({ obstacles }: ChannelSnapshot): Shut | null {
  if (obstacles === undefined) return null
  const { fundingDepth, announced } = obstacles
  if (fundingDepth < SPLICEABLE_DEPTH)
    return shut('funding_shallow', "Waiting for the channel's funding to be six blocks deep.")
  if (announced === false)
    return shut('not_announced', 'Waiting for both nodes to announce the channel after its last splice.')
  return paymentsGate(obstacles)
}

/** A payment that is not settled holds up the negotiation until the connection is dropped. */
export function paymentsGate(obstacles: Obstacles | undefined): Shut | null {
  return (obstacles?.unsettledPayments ?? 0) === 0
    ? null
    : shut('payments', 'Waiting for payments on the channel to settle.')
}

function canPay(
  splice: Splice,
  node: NodeLook,
  channel: ChannelSnapshot,
  observation: Observation,
): Shut | null {
  const needed = splice.amountSats + (worstFeeSats(splice.kind, observation) ?? 0)
  const available =
    splice.kind === 'splice_in' ? node.spendableSats : Math.floor(channel.outboundMsat / 1_000)
  const where = splice.kind === 'splice_in' ? "the node's wallet" : 'the channel'
  return available >= needed
    ? null
    : shut('balance', `Waiting for money: ${where} cannot pay the amount and the fee.`)
}

function budgetGate({ splice, observation, now }: GateFacts): Shut | null {
  const budget = splice.budget
  if (splice.stopped !== null) return shut('submitting_stopped', 'No further attempt will be made.')
  if (splice.cancelRequestedAt !== null) return shut('cancel', 'A cancel was asked for.')
  if (now >= budget.deadline) return shut('deadline', 'The deadline has passed.')
  if (now < (splice.notBefore ?? 0))
    return shut('not_before', 'Waiting for the time before which it must not start.')
  if (attemptsUsed(splice) >= budget.maxAttempts || splice.attempts.length >= RECORD_LIMITS.attempts)
    return shut('attempts_spent', 'All attempts are used.')
  if (now < (splice.nextAttemptAt ?? 0))
    return shut('backoff', 'The node said not now; it is asked again after a pause.')
  return feeGate(splice, observation)
}

function feeGate(splice: Splice, observation: Observation): Shut | null {
  const { maxFeeRateSatPerKw, maxFeeSats } = splice.budget
  if (maxFeeRateSatPerKw === null && maxFeeSats === null) return null
  const rate = worstFeeRateSatPerKw(observation)
  if (rate === null)
    return shut('fee_unknown', 'Waiting for an estimate of fees, without which the ceiling cannot be kept.')
  const fee = feeSatsAt(rate, splice.kind)
  const over = rate > (maxFeeRateSatPerKw ?? Infinity) || fee > (maxFeeSats ?? Infinity)
  return over
    ? shut('fee_ceiling', 'Waiting for fees to fall: by now the node may pay more than the ceiling.')
    : null
}

/** All gates as they stand, in order. */
export function readGates(facts: GateFacts): GateReading[] {
  return gates.map((gate) => ({ name: gate.name, shut: gate.shut(facts) }))
}

/** Whether these gates are open. */
export function areOpen<Name extends string>(
  readings: readonly GateReading<Name>[],
  names: readonly Name[],
): boolean {
  return readings.every((reading) => reading.shut === null || !names.includes(reading.name))
}
