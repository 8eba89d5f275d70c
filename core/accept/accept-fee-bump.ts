import { canBump } from '../decision/fee-bump-gates.ts'
import type { EventOf } from '../splice/event.ts'
import type { FollowedChain, ChannelState, NodeState } from '../ports/records.ts'
import { candidateToReplace, openBumpOf, replacementFloorSatPerKw } from '../splice/replacement.ts'
import { err, ok, type Result } from '../values/result.ts'
import { RECORD_LIMITS, type Splice } from '../splice/splice.ts'

/** A client's request for a fee bump. */
export type BumpWish = {
  readonly id: string
  readonly bodyHash: string
  /** null: the node chooses. */
  readonly feeRateSatPerKw: number | null
}

/** What the last sweep saw; null: nothing yet. Accepting a bump calls no node. */
export type BumpFacts = {
  readonly node: NodeState | null
  readonly channel: ChannelState | null
  readonly chain: FollowedChain | null
}

/** Why a bump is refused. `field` names the field of the body that is wrong. */
export type BumpRefusal = {
  readonly code:
    | 'not_bumpable'
    | 'bump_open'
    | 'bumps_spent'
    | 'bump_unsupported'
    | 'fee_rate_unsupported'
    | 'fee_rate_too_low'
    | 'fee_rate_over_ceiling'
  readonly field?: 'feeRateSatPerVb'
  readonly message: string
}

/**
 * Checks a fee bump against the splice and the last known state of its node and channel. One bump may be open
 * at a time.
 */
export function acceptBump(
  splice: Splice,
  wish: BumpWish,
  facts: BumpFacts,
): Result<EventOf<'bump_opened'>, BumpRefusal> {
  const refusal = refusalOf(splice, facts) ?? priceRefusal(splice, wish, facts.node)
  if (refusal !== null) return err(refusal)
  return ok({ type: 'bump_opened', by: 'client', ...wish, tipHeight: facts.chain?.height ?? null })
}

function refusalOf(splice: Splice, { node, channel }: BumpFacts): BumpRefusal | null {
  const last = candidateToReplace(splice.candidates)
  if (splice.state !== 'pending' || last === null)
    return {
      code: 'not_bumpable',
      message: `the splice is ${splice.state}: only one whose transaction waits for a confirmation can be bumped`,
    }
  if (openBumpOf(splice) !== null) return { code: 'bump_open', message: 'a fee bump is already open' }
  if (splice.bumps.length >= RECORD_LIMITS.bumps)
    return { code: 'bumps_spent', message: `a splice can be bumped at most ${RECORD_LIMITS.bumps} times` }
  if (node === null || !canBump(node.capabilities, splice.kind))
    return {
      code: 'bump_unsupported',
      message:
        'this node cannot bump the fee of this splice safely: a bump that is still queued when the transaction locks could run as a second splice',
    }
  if (channel?.lockDepth === 0)
    return { code: 'bump_unsupported', message: 'a transaction on a zero-conf channel cannot be replaced' }
  return null
}

function priceRefusal(
  splice: Splice,
  { feeRateSatPerKw: requested }: BumpWish,
  node: NodeState | null,
): BumpRefusal | null {
  if (requested === null) return null
  const field = 'feeRateSatPerVb'
  if (node?.capabilities.setsFeeRate !== true)
    return {
      code: 'fee_rate_unsupported',
      field,
      message: 'this node chooses the feerate itself: leave it out',
    }
  const last = candidateToReplace(splice.candidates)?.feeRateSatPerKw ?? null
  if (last !== null && requested < replacementFloorSatPerKw(last))
    return {
      code: 'fee_rate_too_low',
      field,
      message: `a replacement must pay at least ${replacementFloorSatPerKw(last) / 250} sat/vB`,
    }
  const ceiling = splice.budget.maxFeeRateSatPerKw
  return ceiling !== null && requested > ceiling
    ? {
        code: 'fee_rate_over_ceiling',
        field,
        message: `the fee ceiling of this splice is ${ceiling / 250} sat/vB`,
      }
    : null
}
