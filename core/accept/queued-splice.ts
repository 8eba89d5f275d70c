import { paymentIdOf, spliceIdOfPayment } from '../splice/ids.ts'
import { snapshotOf } from '../splice/snapshot.ts'
import type { ChannelState, NodeState } from '../ports/records.ts'
import type { DecodedAddress } from '../bitcoin/address.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Splice, SpliceKind } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** A client's order, with its shape checked and its units converted to those of the core. null: left to the default. */
export type SpliceRequest = {
  readonly node: string
  /** null: not named, as it must be if the node picks the channel. */
  readonly channelId: string | null
  readonly kind: SpliceKind
  readonly amountSats: number
  readonly address: string | null
  readonly budget: {
    readonly maxAttempts: number | null
    readonly deadline: Instant | null
    readonly maxFeeRateSatPerKw: number | null
    readonly maxFeeSats: number | null
  }
  readonly notBefore: Instant | null
  /** After how many blocks without a confirmation it bumps its own fee; null: never. */
  readonly autoBumpAfterBlocks: number | null
  readonly metadata: Readonly<Record<string, string>>
  /** Refuse it now if the money is not there, instead of waiting for it. Absent: it waits. */
  readonly failFast?: boolean
}

/** What acceptance reads besides the request. It calls no node: node and channel are as the last sweep saw them. */
export type AcceptFacts = {
  readonly tenant: string
  readonly idempotencyKey: string
  /** sha-256, in hex, of the body as it was posted, before defaults. */
  readonly bodyHash: string
  readonly node: NodeState
  /** The channel that the request names, or the one that the node will pick; null: the node has never listed it. */
  readonly channel: ChannelState | null
  /** The table's configured generation. */
  readonly generation: number
  readonly now: Instant
}

/** What the checks of a request have established. */
export type CheckedRequest = {
  readonly channel: ChannelState
  readonly funding: Outpoint
  readonly address: DecodedAddress | null
  readonly budget: Splice['budget']
}

/** The record of an accepted order: `queued`, with its first event, due at once. */
export function queuedSplice(request: SpliceRequest, facts: AcceptFacts, checked: CheckedRequest): Splice {
  const { now, node } = facts
  const { channel, funding, address, budget } = checked
  const paymentId = paymentIdOf(facts.tenant, facts.idempotencyKey)
  return {
    id: spliceIdOfPayment(paymentId),
    paymentId,
    version: 0,
    writeId: '',
    tenant: facts.tenant,
    bodyHash: facts.bodyHash,

    node: request.node,
    nodeId: node.nodeId,
    network: node.network,
    channelId: channel.channelId,
    leaseScope: node.capabilities.leaseScope,
    userChannelId: channel.userChannelId,
    peerId: channel.peerId,
    kind: request.kind,
    amountSats: request.amountSats,
    address: address?.address ?? null,
    script: address?.script ?? null,
    budget,
    notBefore: request.notBefore,
    autoBumpAfterBlocks: request.autoBumpAfterBlocks,
    metadata: { ...request.metadata },
    generation: facts.generation,

    ...nothingYet,
    fundingHistory: [funding],
    events: [{ n: 1, type: 'splice.accepted', at: now, epoch: 0, snapshot: snapshotOf(nothingYet) }],
    eventSerial: 1,
    emitted: ['splice.accepted'],
    timeline: [{ at: now, status: 'queued', why: 'accepted', count: 1 }],
    createdAt: now,
    updatedAt: now,
    // Due at once even with a `notBefore`, because the event waits to be published.
    dueAt: now,
  }
}

/** The fields that only later events fill in. */
const nothingYet = {
  state: 'queued',
  epoch: 0,
  unspentThroughHeight: null,
  submittedOn: null,
  baseline: null,
  attempts: [],
  attemptSerial: 0,
  candidates: [],
  bumps: [],
  reorgedAtHeight: null,
  unseenSinceHeight: null,
  foreignSinceHeight: null,
  lockedAt: null,
  quietSince: null,
  lastLookAt: null,
  inFlightAt: null,
  nextAttemptAt: null,
  cancelRequestedAt: null,
  aborted: null,
  stopped: null,
  failure: null,
  attention: null,
  waitingFor: null,
  leaseHeld: true,
  watch: null,
  anomaly: null,
  publishedThrough: 0,
  settledAt: null,
} satisfies Partial<Splice>
