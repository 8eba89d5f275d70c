import type { ChainFault, ChainTransaction, Spend, SpendHint } from './chain.ts'
import type {
  BumpRequest,
  ChannelSnapshot,
  Contribution,
  NodeFault,
  NodeLook,
  SubmitRequest,
} from './node.ts'
import type { ItemKind, ItemOf, Versioned } from './records.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Result } from '../values/result.ts'
import type { LogEventType } from '../splice/log-event.ts'
import type { DeliveryQueue } from './endpoint.ts'
import type { CommandResult, Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** The time left for a call. An aborted call destroys its socket and answers `unknown` or a fault. */
export type Call = { readonly signal: AbortSignal }

/** A step of a command that takes several calls, named after the call that follows it, and the txid that the call may sign. */
export type JournalStep = { readonly name: string; readonly txid?: string }

/**
 * Writes a step of the attempt that is under way, conditionally. false: it is not in the record for certain, or the attempt
 * may go on no longer (dead, cancelled, past its fence); the call that the step names must not be made then. An adapter that
 * needs a journal and is given none makes no such call.
 */
export type Journal = (step: JournalStep) => Promise<boolean>

/** What a command came to, and the signed transaction where the node handed it over: it is kept and broadcast by us as well. */
export type CommandAnswer = CommandResult & { readonly hex?: string }

/** What is to be cleared of a channel: what a splice of ours left there unsigned. */
export type AbortRequest = {
  readonly channelId: string
  readonly submittedOn: Outpoint
  /** Candidates of ours that the node reports and that were certainly never signed; none: only the channel is stuck. */
  readonly txids: readonly string[]
}

/** A remote Lightning node. An adapter never retries by itself and never parses free text where a code exists. */
export interface NodePort {
  /** One gathering of who the node is, what it can do and all its channels. */
  look(call: Call): Promise<Result<NodeLook, NodeFault>>
  /** Asks for a splice. Never throws: what is not certainly "not executed" is `unknown`. */
  submit(request: SubmitRequest, call: Call, journal?: Journal): Promise<CommandAnswer>
  /** Asks for a replacement of the pending candidate by one with a higher feerate. Never throws, as `submit`. */
  bump(request: BumpRequest, call: Call, journal?: Journal): Promise<CommandAnswer>
  /** A fresh address of the node's own wallet. */
  newAddress(call: Call): Promise<Result<string, NodeFault>>
  /** Asks the node to connect the channel's peer. Best effort. */
  connectPeer(channel: ChannelSnapshot, call: Call): Promise<Result<void, NodeFault>>
  /** The node's own record of our contribution in a transaction of a channel; null if it has none. */
  contribution(channelId: string, txid: string, call: Call): Promise<Result<Contribution | null, NodeFault>>
  /**
   * Clears what an unsigned splice left on a channel, where a node leaves anything. Looks again before it does: it never
   * touches a channel with a signed candidate. Best effort.
   */
  abortUnsigned?(request: AbortRequest, call: Call): Promise<Result<void, NodeFault>>
}

/** A source of what the chain and the mempool show. */
export interface ChainPort {
  tip(call: Call): Promise<Result<{ height: number; hash: string }, ChainFault>>
  /** The hash of the block at a height in the best chain; null above the tip. */
  blockHash(height: number, call: Call): Promise<Result<string | null, ChainFault>>
  /** A transaction in chain or mempool; null if this source does not know it. */
  transaction(txid: string, call: Call): Promise<Result<ChainTransaction | null, ChainFault>>
  /** Whether the outpoint's own transaction is known, and who spends it, mempool included. */
  spend(outpoint: Outpoint, hint: SpendHint, call: Call): Promise<Result<Spend, ChainFault>>
  /** Estimated feerate to confirm within that many blocks, in sat per 1000 weight; null without an estimate. */
  feeRateSatPerKw(targetBlocks: number, call: Call): Promise<Result<number | null, ChainFault>>
  broadcast(hex: string, call: Call): Promise<Result<void, ChainFault>>
}

/** A page of ids, with the cursor of the next page. */
export type Page = { readonly ids: readonly string[]; readonly cursor: string | null }

/** One line of a tenant's event log, gap-free in `sequence`, from 1. */
export type LogEvent = {
  readonly sequence: number
  readonly id: string
  readonly type: LogEventType
  /** null: it is about a webhook endpoint. */
  readonly spliceId: string | null
  readonly epoch: number
  readonly at: Instant
  readonly endpointId?: string | undefined
}

/** One line of a tenant's audit log, gap-free in `sequence`, from 1: what somebody with the operator scope had done. */
export type AuditEntry = {
  readonly sequence: number
  readonly id: string
  readonly at: Instant
  readonly action: string
  /** Who: the key's name and id, never the key. */
  readonly key: { readonly name: string; readonly id: string }
  /** To what, and with what words. */
  readonly about: Readonly<Record<string, string>>
}

/** The table. Single-item conditional writes only (design section 9). Throws on faults of the database. */
export interface Store {
  /** Puts a new splice (version 0 → 1) unless its id exists; answers what stands in the table afterwards. */
  create(splice: Splice): Promise<{ created: boolean; splice: Splice }>
  /** Reads one, consistently. */
  load(id: string): Promise<Splice | null>
  /** Writes if the stored version is still `splice.version`; answers it as stored (version + 1, a writeId of its own), or null: somebody was faster. */
  save(splice: Splice): Promise<Splice | null>
  /** Reads several consistently; missing ones are left out. */
  loadMany(ids: readonly string[]): Promise<Splice[]>
  /** Ids of one shard (0…15) that are due, splices and foreign payments, oldest first; the index may lag. */
  due(shard: number, before: Instant, limit: number, cursor: string | null): Promise<Page>
  /** Ids of a tenant, newest first; the index may lag. */
  byTenant(tenant: string, limit: number, cursor: string | null): Promise<Page>
  /** Ids of a tenant's splices on a channel, newest first; the index may lag. */
  byChannel(tenant: string, channelId: string, limit: number, cursor: string | null): Promise<Page>
  /** Ids of settled splices whose candidate is in that block, and of foreign payments final in it; the index may lag. */
  byBlock(hash: string, limit: number, cursor: string | null): Promise<Page>
  /** A small item and its version; null if there is none. Consistent. */
  item<K extends ItemKind>(kind: K, key: string): Promise<Versioned<ItemOf<K>> | null>
  /** Writes if the stored version is still `version` (0: there is none yet); answers whether it was written. */
  putItem<K extends ItemKind>(kind: K, key: string, value: ItemOf<K>, version: number): Promise<boolean>
  /** Appends at the end of a tenant's log, whatever races with it; answers the sequence. */
  appendEvent(tenant: string, event: Omit<LogEvent, 'sequence'>): Promise<number>
  /**
   * The same unless the line stands there already, since that instant or later: what a taker-over publishes may have been
   * appended by a process that died. Answers whether it was appended.
   */
  appendOnce(tenant: string, event: Omit<LogEvent, 'sequence'>, since: Instant): Promise<boolean>
  /** Lines after a sequence (0: from the start), in order. */
  eventsAfter(tenant: string, after: number, limit: number): Promise<LogEvent[]>
  /** The sequence of the last line; 0: there is none. */
  endOfLog(tenant: string): Promise<number>
  /** Appends at the end of a tenant's audit log, whatever races with it; answers the sequence. */
  appendAudit(tenant: string, entry: Omit<AuditEntry, 'sequence'>): Promise<number>
  /** Entries after a sequence (0: from the start), in order. */
  auditAfter(tenant: string, after: number, limit: number): Promise<AuditEntry[]>
}

/** Number of fixed shards of the due index. */
export const DUE_SHARDS = 16

/** The work queue: hints only. Losing, doubling or reordering any costs time, never correctness. */
export interface HintQueue {
  hint(spliceId: string, delayMs: number): Promise<void>
}

/** Time, chance and the rest that would make core impure. */
export interface Clock {
  now(): Instant
}
export interface Chance {
  /** Uniform in [0, 1). */
  fraction(): number
  /** A fresh unique id. */
  id(): string
}

/** What the service counts and says. Nothing secret goes in. */
export interface Telemetry {
  count(name: string, value?: number): void
  info(message: string, fields: Record<string, string | number | boolean | null>): void
  alarm(message: string, fields: Record<string, string | number | boolean | null>): void
}

/** A configured node, its chain source and who may use it. */
export type ConfiguredNode = {
  readonly name: string
  readonly port: NodePort
  readonly chain: ChainPort
  readonly tenants: readonly string[]
  /** Pinned; null: the first identity seen is pinned in the table. */
  readonly nodeId: string | null
  /** HMAC key of the node's relay; null: none reports. */
  readonly relayKey: string | null
  /** The operator's word that so much quiet proves absence on this node; null: it proves nothing. */
  readonly quietAbsenceMs: number | null
}

/** Everything that the driver may touch. */
export type Ports = {
  readonly store: Store
  readonly queue: HintQueue
  /** Left out: nobody is told by webhook; the log has it all. */
  readonly webhooks?: DeliveryQueue
  readonly clock: Clock
  readonly chance: Chance
  readonly telemetry: Telemetry
  readonly nodes: ReadonlyMap<string, ConfiguredNode>
  /**
   * A signal that ends a call in time for the handler to save what it learnt. A command (a splice, a bump) has longer: it may be a
   * negotiation of many messages with the peer, and given up half-way it leaves the channel to be cleared.
   */
  call(of?: 'command'): Call
  /** The configured generation of the table; raised when a backup is restored. */
  readonly generation: number
}
