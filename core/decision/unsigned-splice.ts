import { areOpen } from './gate.ts'
import { announcedTxids, wasStepped } from '../splice/attempt-steps.ts'
import { lastFence } from '../splice/fence.ts'
import { BUSY_CODES, MAX_ABORTS } from '../splice/policy.ts'
import type { Situation } from './rules/rule.ts'
import type { Splice } from '../splice/splice.ts'

/** The step after which a candidate may carry our signature. A candidate that it names is never aborted. */
const SIGNED_STEP = 'splice_signed'

/**
 * Whether an unsigned splice of ours is left on the channel and can be aborted. Either the node reports a
 * candidate of ours as unsigned and no chain source knows it, or the channel is stuck: the node keeps
 * answering "busy" with nothing under way. Only if the funding outpoint is known unspent, which the rule's
 * verdict says. Aborting a channel with a signed candidate would force-close it.
 */
export function canAbortUnsigned(situation: Situation): boolean {
  const { splice, observation, gates, now, policy } = situation
  const { channel, lease } = observation
  if (!areOpen(gates, ['fence', 'node']) || channel === null || !channel.peerConnected || !channel.ready) return false
  if (channel.funding === null || channel.funding !== splice.submittedOn) return false
  const holder = lease?.value.holder ?? null
  if ((holder !== null && holder !== splice.id) || lease?.value.frozen) return false
  const fence = lastFence(splice)
  const rested = fence !== null && now - Math.max(fence, splice.aborted?.at ?? 0) >= policy.quietMs
  if (!rested || (splice.aborted?.count ?? 0) >= MAX_ABORTS) return false
  return unsignedCandidatesOf(situation) !== null || isStuck(situation)
}

/** The unsigned candidates on the channel; null: there are none, or one is not ours or may be signed. */
export function unsignedCandidatesOf({
  splice,
  observation,
}: Pick<Situation, 'splice' | 'observation'>): string[] | null {
  const reported = observation.channel?.candidates ?? []
  const announced = announcedTxids(splice)
  const unsigned = reported.every(
    ({ txid, signed }) => !signed && announced.has(txid) && !wasStepped(splice, SIGNED_STEP, txid),
  )
  return reported.length > 0 && unsigned ? reported.map(({ txid }) => txid) : null
}

/** The node answered "busy" twice, the last time since the last abort, and reports nothing under way. */
function isStuck({ splice, observation }: Situation): boolean {
  const { channel } = observation
  if (channel?.negotiation === 'active' || channel?.candidates?.length !== 0) return false
  return isBusy(splice)
}

function isBusy({ attempts, aborted }: Splice): boolean {
  return attempts.some(
    ({ result, count }) =>
      result?.type === 'refused' &&
      result.class === 'in_flight' &&
      BUSY_CODES.includes(result.code ?? 0) &&
      count >= 2 &&
      result.at > (aborted?.at ?? 0),
  )
}
