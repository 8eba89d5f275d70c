import * as z from 'zod'
import { NodeEventType } from '../../core/nodes/relay-event.ts'
import { FailureReason } from '../../core/splice/failure.ts'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import { ChainState } from '../chain/state.ts'
import { Contribution, Funding, Hex, Opening, Sats, SpliceCandidate } from './funding-state.ts'
import { ClnNodeState, ClnTask } from '../cln/state.ts'
import { JournalEntry } from './journal-entry.ts'
import { ChannelRequest, RequestFault } from '../ldk/request-state.ts'

export * from './funding-state.ts'
export * from '../ldk/request-state.ts'

/** A round that is not fully signed (docs/reference/ldk.md 1.1). */
export const Negotiation = z.object({
  id: z.string(),
  phase: z.enum(['quiescence', 'awaiting_ack', 'constructing', 'awaiting_signatures']),
  initiator: z.enum(['us', 'peer']),
  feeRateSatPerKw: z.number(),
  ours: Contribution.nullable(),
  theirs: Contribution.nullable(),
  /** Whether our queued contribution joins the peer's round. */
  mergesOurs: z.boolean(),
  candidate: SpliceCandidate.nullable(),
  /** The point of no return: we accepted the peer's commitment_signed, and balance signal S1 moves. */
  commitmentAccepted: z.boolean(),
  /** Timers of an earlier connection have another serial and are ignored. */
  timerSerial: z.int(),
})
export type Negotiation = z.infer<typeof Negotiation>

export const NegotiatedPhase = z.enum(['awaiting_ack', 'constructing', 'awaiting_signatures'])
export type NegotiatedPhase = z.infer<typeof NegotiatedPhase>

/** A channel as the node stores it. Candidates are oldest first. */
export const Channel = z.object({
  channelId: z.string(),
  userChannelId: z.string(),
  peerId: z.string(),
  keyPath: z.string(),
  isOutbound: z.boolean(),
  lockDepth: z.int(),
  status: z.enum(['open', 'shutting_down', 'closed']),
  /** While the channel is opening: the funding of the confirmed candidate, else of the newest one. */
  funding: Funding,
  oursMsat: z.int(),
  /** null once the channel has been ready. */
  opening: Opening.nullable().default(null),
  queued: Contribution.nullable(),
  negotiation: Negotiation.nullable(),
  candidates: z.array(SpliceCandidate),
  lockSentTxid: Txid.nullable(),
  /** Whether the peer sends splice_locked. If false, no splice ever locks. */
  peerLocks: z.boolean(),
  abortAt: NegotiatedPhase.nullable(),
  staleNext: z.boolean(),
  closing: z.object({ how: z.enum(['cooperative', 'force']), hex: Hex }).nullable(),
})
export type Channel = z.infer<typeof Channel>

/** ldk-node's record of an on-chain payment (docs/reference/ldk.md section 4). */
export const PaymentRecord = z.object({
  id: z.string(),
  channelId: z.string(),
  txid: Txid,
  amountSats: Sats,
  feeSats: Sats,
  direction: z.enum(['inbound', 'outbound']),
  succeeded: z.boolean(),
  candidates: z.array(z.object({ txid: Txid, amountSats: Sats, feeSats: Sats })),
  /** Whether the payment is an interactive funding, the only type that names channels. */
  interactive: z.boolean().default(true),
})
export type PaymentRecord = z.infer<typeof PaymentRecord>

export const Peer = z.object({
  name: z.string(),
  nodeId: z.string(),
  address: z.string(),
  /** Whether a connection attempt succeeds. */
  reachable: z.boolean(),
  connected: z.boolean(),
})
export type Peer = z.infer<typeof Peer>

/** What the node has on disk, which is what a backup saves. */
export const Disk = z.object({ channels: z.array(Channel), payments: z.array(PaymentRecord) })
export type Disk = z.infer<typeof Disk>

/** How a node behaves. `setup.ts` has the defaults. */
export const NodeBehaviour = z.object({
  overlapGuard: z.boolean(),
  forwardReasons: z.boolean(),
  reportsLostQueued: z.boolean(),
  paymentsNameChannels: z.boolean(),
  broadcasts: z.enum(['always', 'once', 'never']),
  authWindowMs: z.number(),
  reconnectMs: z.number(),
  version: z.string().nullable(),
  hasFeeBump: z.boolean().default(true),
})
export type NodeBehaviour = z.infer<typeof NodeBehaviour>

export const NodeState = z.object({
  name: z.string(),
  nodeId: z.string(),
  behaviour: NodeBehaviour,
  processStartedAt: z.number(),
  peers: z.array(Peer),
  disk: Disk,
  faults: z.object({ queue: z.array(RequestFault), always: z.array(RequestFault) }),
  backups: z.record(z.string(), Disk),
})
export type NodeState = z.infer<typeof NodeState>

/** Something that is scheduled to happen. */
export const Task = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('negotiate'),
    node: z.string(),
    channelId: z.string(),
    negotiationId: z.string(),
    serial: z.int(),
  }),
  z.object({ type: z.literal('lock'), node: z.string(), channelId: z.string(), txid: Txid }),
  z.object({ type: z.literal('connect'), node: z.string(), peerId: z.string() }),
  z.object({ type: z.literal('disconnect'), node: z.string(), peerId: z.string() }),
  z.object({
    type: z.literal('execute'),
    node: z.string(),
    signedAt: z.number(),
    received: z.int(),
    request: ChannelRequest,
  }),
  z.object({ type: z.literal('cln'), node: z.string(), task: ClnTask }),
])
export type Task = z.infer<typeof Task>
export const Timer = z.object({ at: z.number(), serial: z.int(), task: Task })
export type Timer = z.infer<typeof Timer>

export const RelayEvent = z.object({
  id: z.string(),
  type: NodeEventType,
  at: z.number(),
  channelId: z.string().optional(),
  txid: Txid.optional(),
  reason: FailureReason.optional(),
})
/** What a node's relay posts. `txid`: the new funding transaction. `reason`: LDK's name for it. */
export type RelayEvent = z.infer<typeof RelayEvent>

export const PhaseDurations = z.object({
  quiescenceMs: z.number(),
  ackMs: z.number(),
  constructingMs: z.number(),
  signingMs: z.number(),
  lockMs: z.number(),
})
/** How long each phase of a round takes. The commitment is accepted halfway through `signingMs`. */
export type PhaseDurations = z.infer<typeof PhaseDurations>

/** The whole world, as it is saved to a file. */
export const WorldState = z.object({
  seed: z.string(),
  now: z.number(),
  /** The last serial number used. */
  serial: z.int(),
  phases: PhaseDurations,
  chain: ChainState,
  /** How many addresses each wallet has given out, by owner. */
  wallets: z.record(z.string(), z.int()),
  nodes: z.array(NodeState),
  clnNodes: z.array(ClnNodeState).default([]),
  timers: z.array(Timer),
  journal: z.array(JournalEntry),
})
export type WorldState = z.infer<typeof WorldState>
