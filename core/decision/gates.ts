import { channelGate } from './channel-gate.ts'
import { shut } from './gate.ts'
import type { Gate, GateFacts, GateReading, Shut } from './gate.ts'
import { isPinned } from './observation.ts'
import type { Observation } from './observation.ts'
import { attemptsUsed, unresolvedAttempts } from '../splice/budget.ts'
import { fenceOf } from '../splice/fence.ts'
import { RECORD_LIMITS } from '../splice/splice.ts'
import type { Attempt, Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import { feeSatsAt, worstFeeRateSatPerKw } from './worst-fee.ts'

/** The least lock depth that leaves a margin between a lock and the look that sees its transaction (gate `lock_depth`). */
const SAFE_LOCK_DEPTH = 3
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
        : shut('funding_is_spent', 'Another transaction spends the channel; waiting to learn what it is.')
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
