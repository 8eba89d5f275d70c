import { unresolvedAttempts } from '../splice/budget.ts'
import { shut, type GateFacts, type GateReading, type Shut } from './gate.ts'
import { fenceGate, nodeGate } from './gates.ts'
import { paymentsGate } from './channel-gate.ts'
import { worstFeeRateSatPerKw } from './worst-fee.ts'
import {
  chosenFeeRateSatPerKw,
  isSpent,
  openBumpOf,
  replacementFloorSatPerKw,
  standingCandidate,
  weightOf,
} from '../splice/replacement.ts'
import type { Capabilities } from '../ports/node.ts'
import type { Bump, Candidate, SpliceKind } from '../splice/splice.ts'

/**
 * If the balance does not pay for a replacement, the node may add an input of its wallet, and change
 * (docs/reference/ldk.md 3.2).
 */
const ADDED_WEIGHT = 400

/** The candidate to replace, and the feerate to ask for, in sat per 1000 weight; null: the node chooses. */
export type Replacement = { readonly candidate: Candidate; readonly feeRateSatPerKw: number | null }

/** What the open bump asks for now; null: no bump is open, or nothing stands that it could replace. */
export function replacementOf(facts: GateFacts): Replacement | null {
  const candidate = standingCandidate(facts.splice, facts.verdict)
  const open = openBumpOf(facts.splice)
  return candidate && open ? { candidate, feeRateSatPerKw: askedFeeRateSatPerKw(open, facts) } : null
}

/**
 * The feerate to request for a bump, in sat per 1000 weight; null: the node chooses, as it must if it takes no feerate.
 */
export function askedFeeRateSatPerKw(bump: Bump, { splice, observation, verdict }: GateFacts): number | null {
  if (bump.feeRateSatPerKw !== null) return bump.feeRateSatPerKw
  const last = standingCandidate(splice, verdict)?.feeRateSatPerKw ?? bump.from.feeRateSatPerKw
  if (observation.node?.capabilities.setsFeeRate !== true || last === null) return null
  return chosenFeeRateSatPerKw(last, observation.chain?.feeRateSatPerKw ?? null)
}

/**
 * Why a replacement would be too expensive: over the ceiling, or its price is not known. `asked` is null if
 * the node chooses; then its worst case counts.
 */
export function priceShut(facts: GateFacts, asked: number | null): Shut | null {
  const { maxFeeRateSatPerKw, maxFeeSats } = facts.splice.budget
  if (maxFeeRateSatPerKw === null && maxFeeSats === null) return null
  const standing = standingCandidate(facts.splice, facts.verdict)
  const weight = standing === null ? 0 : weightOf(standing)
  const worst = asked ?? worstFeeRateSatPerKw(facts.observation)
  if (worst === null || weight === 0)
    return shut('fee_unknown', 'Waiting for a fee estimate. Without one the fee ceiling cannot be kept.')
  const rate = Math.max(worst, replacementFloorSatPerKw(standing?.feeRateSatPerKw ?? 0))
  const feeSats = Math.ceil((rate * (weight + ADDED_WEIGHT)) / 1_000)
  const over = rate > (maxFeeRateSatPerKw ?? Infinity) || feeSats > (maxFeeSats ?? Infinity)
  return over ? shut('fee_ceiling', 'A replacement would cost more than the ceiling allows.') : null
}

/**
 * Whether the node can be asked for a replacement of this splice's transaction at all. On an ldk-server, a
 * bump that is still queued when its candidate locks would run as a second splice, unless the overlap guard
 * drops it. The guard recognises a splice-out by its script; a splice-in may have entirely different inputs
 * and change (docs/reference/ldk.md 3.2). A node whose bump is a command of its own, refused when nothing is
 * left to replace, names the kinds in `replaces`.
 */
export function canBump(
  can: Pick<Capabilities, 'bump' | 'overlapGuard' | 'checksFunding' | 'replaces'>,
  kind: SpliceKind,
): boolean {
  if (can.bump && can.replaces?.includes(kind) === true) return true
  return can.bump && (can.checksFunding || (can.overlapGuard && kind === 'splice_out'))
}

/** The gates of an attempt at a fee bump, in the order in which they are read. */
export type BumpGateName =
  | 'fence'
  | 'node'
  | 'channel'
  | 'unconfirmed'
  | 'lock_depth'
  | 'able'
  | 'quiet'
  | 'backoff'
  | 'price'
  | 'lease'
  | 'attempts'

type BumpGate = {
  readonly name: BumpGateName
  readonly says: string
  readonly shut: (facts: GateFacts, bump: Bump) => Shut | null
}

/** The gates of an attempt at a fee bump. They are read again just before it is journalled. */
export const bumpGates: readonly BumpGate[] = [
  {
    name: 'fence',
    says: 'the fence of every earlier attempt of the splice and its bumps has passed; without a fence: it was answered',
    shut: ({ splice, now }) =>
      fenceGate([...unresolvedAttempts(splice), ...splice.bumps.flatMap(unresolvedAttempts)], now),
  },
  {
    name: 'node',
    says: "the node has the pinned node id and network, is synced, and its tip is within one block of the chain source's",
    shut: nodeGate,
  },
  {
    name: 'channel',
    says: 'the channel is listed, ready, not closing, and on the outpoint that the candidate spends; the peer is connected; no payment is unsettled on a node that breaks on one',
    shut: ({ splice, observation: { channel }, verdict }) => {
      if (channel === null) return shut('channel_missing', 'The node does not list the channel.')
      if (channel.closing || !channel.ready)
        return shut('channel_not_ready', 'The channel is not ready for payments yet.')
      if (channel.funding !== standingCandidate(splice, verdict)?.spends)
        return shut('funding_moved', 'The channel has moved to another funding transaction.')
      if (!channel.peerConnected)
        return shut('peer_away', 'Waiting for the node on the other side of the channel to connect.')
      return paymentsGate(channel.obstacles)
    },
  },
  {
    name: 'unconfirmed',
    says: 'a candidate is in the mempool or was seen before, and none is in a block or locked',
    shut: ({ splice, verdict }) =>
      standingCandidate(splice, verdict) !== null && !verdict.locked && splice.lockedAt === null
        ? null
        : shut('unseen', 'The transaction to replace is not visible now. Waiting until it is.'),
  },
  {
    name: 'lock_depth',
    says: 'the channel is known not to be zero-conf',
    shut: ({ observation }) =>
      (observation.channel?.lockDepth ?? 0) > 0
        ? null
        : shut('zero_conf', 'On a channel that locks without confirmations, no transaction is replaced.'),
  },
  {
    name: 'able',
    says: 'the node bumps fees, and either has the overlap guard and this is a splice-out, or never runs such a bump as a second splice, or the adapter checks the transaction before signing',
    shut: ({ splice, observation }) => {
      const can = observation.node?.capabilities
      return can === undefined || canBump(can, splice.kind)
        ? null
        : shut('bump_unsupported', 'The node cannot bump the fee of this splice safely.')
    },
  },
  {
    name: 'quiet',
    says: 'the node reports no negotiation, and either no attempt of the bump is unresolved or the channel has been quiet for the quiet period',
    shut: ({ verdict, now, policy }, bump) => {
      if (verdict.negotiating) return shut('node_busy', 'The node is busy on this channel. Waiting until it is done.')
      if (unresolvedAttempts(bump).length === 0) return null
      return bump.quietSince !== null && now - bump.quietSince >= policy.quietMs
        ? null
        : shut('quiet', 'Waiting to see the replacement, or for quiet before it is requested again.')
    },
  },
  {
    name: 'backoff',
    says: 'the back-off after a refusal has passed',
    shut: ({ now }, bump) =>
      now >= (bump.nextAttemptAt ?? 0)
        ? null
        : shut('backoff', 'The node refused for now. The request is sent again after a pause.'),
  },
  {
    name: 'price',
    says: "the requested feerate, or the node's worst case, is under the splice's ceiling",
    shut: (facts, bump) => priceShut(facts, askedFeeRateSatPerKw(bump, facts)),
  },
  {
    name: 'lease',
    says: "the channel's lease is ours, and not frozen",
    shut: ({ splice, observation: { lease } }) => {
      if (lease?.value.frozen)
        return shut(
          'frozen',
          'The channel is frozen. Nothing is sent until the cause is gone or an operator unfreezes it.',
        )
      return lease?.value.holder === splice.id ? null : shut('lease', 'Another splice has the channel.')
    },
  },
  {
    name: 'attempts',
    says: 'an attempt is left of the three that a bump has',
    shut: (_facts, bump) => (isSpent(bump) ? shut('attempts_spent', 'All attempts of the fee bump are used.') : null),
  },
]

/** The gates of the open bump as they stand, in order. Empty without an open bump. */
export function readBumpGates(facts: GateFacts): GateReading<BumpGateName>[] {
  const bump = openBumpOf(facts.splice)
  if (bump === null) return []
  return bumpGates.map((gate) => ({ name: gate.name, shut: gate.shut(facts, bump) }))
}
