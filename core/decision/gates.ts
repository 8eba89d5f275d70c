import { channelGate } from './channel-gate.ts'
import { shut, type Gate, type GateFacts, type GateReading, type Shut } from './gate.ts'
import { isPinned, type Observation } from './observation.ts'
import { attemptsUsed, unresolvedAttempts } from '../splice/budget.ts'
import { fenceOf } from '../splice/fence.ts'
import { RECORD_LIMITS, type Attempt, type Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import { feeSatsAt, worstFeeRateSatPerKw } from './worst-fee.ts'

/**
 * The least lock depth that leaves a margin between a lock and the look that sees its transaction (gate `lock_depth`).
 */
const SAFE_LOCK_DEPTH = 3
/**
 * The gates of a submission. They are read again just before it is journalled. One more gate is up to the
 * driver: this splice must hold the channel's lease.
 */
export const gates: readonly Gate[] = [
  {
    name: 'fence',
    says: 'the fence of every earlier attempt has passed; without a fence: it was answered or is proven not executed',
    shut: ({ splice, now }) => fenceGate(unresolvedAttempts(splice), now),
  },
  {
    name: 'node',
    says: "the node has the pinned node id and network, is synced, and its tip is within one block of the chain source's",
    shut: nodeGate,
  },
  {
    name: 'channel',
    says: 'the channel is listed, ready, not closing, and on the funding outpoint; the peer is connected, unless this is a first attempt on a node that queues while offline; none of the conditions holds under which a splice would break on this node; the channel (for a splice-in, the wallet) can pay the amount and the fee; a node that picks the channel itself has no other',
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
            'Waiting for the chain source to show that nothing spends the channel. Nothing is sent before that.',
          )
        : shut('funding_is_spent', 'Another transaction spends the channel. Waiting to learn what it is.')
    },
  },
  {
    name: 'no_candidate',
    says: 'no candidate was ever seen; the node reports no candidate and no negotiation or, if it cannot report them, no balance signal has moved',
    shut: ({ splice, verdict }) =>
      splice.candidates.length > 0 || verdict.isBusy
        ? shut('node_busy', 'The node is busy on this channel. Waiting until it is done.')
        : null,
  },
  {
    name: 'no_earlier_effect',
    says: "no transaction in the channel's funding history has our effect since the splice was created or, after a restore, since the backup was taken",
    shut: ({ verdict }) =>
      verdict.effectWithoutAttempt === null
        ? null
        : shut(
            'attribution',
            'A transaction that this splice did not make has the same effect. An operator has to look at it.',
          ),
  },
  {
    name: 'quiet',
    says: 'no attempt is unresolved, or the channel has been quiet for the quiet period',
    shut: ({ splice, now, policy }) => {
      if (unresolvedAttempts(splice).length === 0) return null
      const quiet = splice.quietSince !== null && now - splice.quietSince >= policy.quietMs
      return quiet
        ? null
        : shut('quiet', 'The result of the last request is unknown. It is sent again once the channel has been quiet.')
    },
  },
  {
    name: 'budget',
    says: 'attempts and time are left, `notBefore` and any back-off have passed, and the worst-case fee is under the ceiling',
    shut: budgetGate,
  },
  {
    name: 'lock_depth',
    says: 'the lock depth is 3 or more, or the adapter checks the transaction before signing, or every earlier attempt is proven not executed',
    shut: ({ splice, observation }) => {
      const depth = observation.channel?.lockDepth ?? 0
      const margin = depth >= SAFE_LOCK_DEPTH || observation.node?.capabilities.checksFunding === true
      return margin || unresolvedAttempts(splice).length === 0
        ? null
        : shut(
            'zero_conf',
            'The channel switches to a new transaction very early, so nothing is sent again until the first request is proven not executed.',
          )
    },
  },
  {
    name: 'overlap',
    says: 'the node has the overlap guard and this is a splice-out, or the adapter checks the transaction before signing, or at most one earlier attempt is unresolved',
    shut: ({ splice, observation }) => {
      const can = observation.node?.capabilities
      const guarded = can?.checksFunding === true || (can?.overlapGuard === true && splice.kind === 'splice_out')
      return guarded || unresolvedAttempts(splice).length <= 1
        ? null
        : shut(
            'overlap',
            'Two requests may still take effect at the node. A third is sent once one of them is proven not executed.',
          )
    },
  },
]

/** The gate `fence`, which fee bumps share: the fences of these attempts have passed. */
export function fenceGate(attempts: readonly Attempt[], now: Instant): Shut | null {
  const open = attempts.every((attempt) => {
    const fence = fenceOf(attempt)
    return fence !== null && fence < now
  })
  return open ? null : shut('fence', 'An earlier request may still reach the node. Waiting until it no longer can.')
}

/** The gate `node`, which fee bumps share. */
export function nodeGate({ splice, observation, now, policy }: GateFacts): Shut | null {
  const { node, chain } = observation
  if (node === null) return shut('node_unreachable', 'The node does not answer. Waiting until it does.')
  if (!isPinned(splice, node))
    return shut(
      'node_identity',
      'A different node answers at the address of this one. An operator has to check its configuration.',
    )
  if (observation.nodeState?.paused)
    return shut(
      'node_paused',
      'The node refuses our credentials or configuration. Waiting until an operator fixes them.',
    )
  if (!node.synced) return shut('node_syncing', 'The node is still catching up with the chain.')
  if (now - node.observedAt > policy.snapshotMaxAgeMs)
    return shut('node_stale', 'Waiting for a fresh look at the node.')
  if (chain === null) return shut('chain', 'The chain source does not answer. Waiting until it does.')
  if (Math.abs(chain.tip.height - node.tipHeight) > 1)
    return shut('tips_differ', 'The node and the chain source are at different blocks. Waiting until they agree.')
  return null
}

function budgetGate({ splice, observation, now }: GateFacts): Shut | null {
  const budget = splice.budget
  if (splice.stopped !== null) return shut('submitting_stopped', 'No further attempt will be made.')
  if (splice.cancelRequestedAt !== null) return shut('cancel', 'A cancel was requested.')
  if (now >= budget.deadline) return shut('deadline', 'The deadline has passed.')
  if (now < (splice.notBefore ?? 0))
    return shut('not_before', 'Waiting for the time before which the order must not start.')
  if (attemptsUsed(splice) >= budget.maxAttempts || splice.attempts.length >= RECORD_LIMITS.attempts)
    return shut('attempts_spent', 'All attempts are used.')
  if (now < (splice.nextAttemptAt ?? 0))
    return shut('backoff', 'The node refused for now. The request is sent again after a pause.')
  return feeGate(splice, observation)
}

function feeGate(splice: Splice, observation: Observation): Shut | null {
  const { maxFeeRateSatPerKw, maxFeeSats } = splice.budget
  if (maxFeeRateSatPerKw === null && maxFeeSats === null) return null
  const rate = worstFeeRateSatPerKw(observation)
  if (rate === null)
    return shut('fee_unknown', 'Waiting for a fee estimate. Without one the fee ceiling cannot be kept.')
  const fee = feeSatsAt(rate, splice.kind)
  const over = rate > (maxFeeRateSatPerKw ?? Infinity) || fee > (maxFeeSats ?? Infinity)
  return over ? shut('fee_ceiling', 'Waiting for fees to fall: the node might now pay more than the ceiling.') : null
}

/** All gates as they stand, in order. */
export function readGates(facts: GateFacts): GateReading[] {
  return gates.map((gate) => ({ name: gate.name, shut: gate.shut(facts) }))
}
