import { canBump } from '../decision/fee-bump-gates.ts'
import type { EventOf } from '../splice/event.ts'
import type { FollowedChain, ChannelState, NodeState } from '../ports/records.ts'
import { candidateToReplace, openBumpOf, replacementFloorSatPerKw } from '../splice/replacement.ts'
import { err, ok } from '../values/result.ts'
import type { Result } from '../values/result.ts'
import { RECORD_LIMITS } from '../splice/splice.ts'
import type { Splice } from '../splice/splice.ts'

/** What a client asks for. */
export type BumpWish = {
  readonly id: string
  readonly bodyHash: string
  /** null: the node's choice */
  readonly feeRateSatPerKw: number | null
}

/** What the last sweep saw; null: nothing. As for a splice, accepting touches no node. */
export type BumpFacts = {
  readonly node: NodeState | null
  readonly channel: ChannelState | null
  readonly chain: FollowedChain | null
}

/** Why a bump is not accepted; `field` names what is wrong with the body. */
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

/** Checks a fee bump against the splice and what was last seen (design section 6, "Fee bumps"). */
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
      message: `it is ${splice.state}: only a splice whose transaction waits can be bumped`,
    }
  if (openBumpOf(splice) !== null) return { code: 'bump_open', message: 'a fee bump is under way' }
  if (splice.bumps.length >= RECORD_LIMITS.bumps)
    return { code: 'bumps_spent', message: `a splice is bumped at most ${RECORD_LIMITS.bumps} times` }
  if (node === null || !canBump(node.capabilities, splice.kind))
    return {
      code: 'bump_unsupported',
      message:
        'this node cannot bump the fee of this splice safely: a bump that waits when its transaction locks could run as a second splice',
    }
  if (channel?.lockDepth === 0)
    return { code: 'bump_unsupported', message: 'nothing is replaced on a zero-conf channel' }
  return null
}

function priceRefusal(
  splice: Splice,
  { feeRateSatPerKw: asked }: BumpWish,
  node: NodeState | null,
): BumpRefusal | null {
  if (asked === null) return null
  const field = 'feeRateSatPerVb'
  if (node?.capabilities.setsFeeRate !== true)
    return {
      code: 'fee_rate_unsupported',
      field,
      message: 'this node chooses the feerate itself: leave it out',
    }
  const last = candidateToReplace(splice.candidates)?.feeRateSatPerKw ?? null
  if (last !== null && asked < replacementFloorSatPerKw(last))
    return {
      code: 'fee_rate_too_low',
      field,
      message: `a replacement pays at least ${replacementFloorSatPerKw(last) / 250} sat/vB`,
    }
  const ceiling = splice.budget.maxFeeRateSatPerKw
  return ceiling !== null && asked > ceiling
    ? {
        code: 'fee_rate_over_ceiling',
        field,
        message: `the ceiling of this splice is ${ceiling / 250} sat/vB`,
      }
    : null
}
