import type { ChainFault, ChainTransaction, Spend, SpendHint } from './chain.ts'
import type { BumpRequest, ChannelSnapshot, Contribution, NodeFault, NodeLook, SubmitRequest } from './node.ts'
import type { ItemKind, ItemOf, Versioned } from './records.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { Result } from '../values/result.ts'
import type { LogEventType, SpliceThen } from '../splice/log-event.ts'
import type { DeliveryQueue } from './endpoint.ts'
import type { CommandResult, Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** The time limit of a call. When it aborts, the call destroys its socket and returns `unknown` or a fault. */
export type Call = { readonly signal: AbortSignal }

/**
 * A step of a command that takes several calls. It is named after the call that follows, and carries the txid
 * that this call may sign.
 */
export type JournalStep = { readonly name: string; readonly txid?: string }

/**
 * Writes a step of the running attempt with a conditional put. false: the step may not be in the record, or
 * the attempt must not continue because it is proven not executed, cancelled or past its fence. The call that
 * the step names must then not be made. An adapter that needs a journal and is given none makes no such call.
 */
export type Journal = (step: JournalStep) => Promise<boolean>

/**
 * The result of a command, and the signed transaction if the node returned it. We keep and broadcast that
 * transaction too.
 */
export type CommandAnswer = CommandResult & { readonly hex?: string }

/** The unsigned splice of ours that is to be aborted on a channel. */
export type AbortRequest = {
  readonly channelId: string
  readonly submittedOn: Outpoint
  /**
   * Candidates of ours that the node reports and that were certainly never signed. Empty: the channel is only stuck.
   */
  readonly txids: readonly string[]
}

/**
 * A remote Lightning node. An adapter sends a command once, repeats nothing but a read without an answer, and never
 * parses free text where a code exists.
 */
export interface NodePort {
  /** One look at the node: its identity, its capabilities and all its channels. */
  look(call: Call): Promise<Result<NodeLook, NodeFault>>
  /** Submits a splice. Never throws: anything that is not certainly "not executed" is `unknown`. */
  submit(request: SubmitRequest, call: Call, journal?: Journal): Promise<CommandAnswer>
  /** Asks for a replacement of the pending candidate with a higher feerate. Never throws, as `submit`. */
  bump(request: BumpRequest, call: Call, journal?: Journal): Promise<CommandAnswer>
  /** A fresh address of the node's own wallet. */
  newAddress(call: Call): Promise<Result<string, NodeFault>>
  /** Asks the node to connect the channel's peer. Best effort. */
  connectPeer(channel: ChannelSnapshot, call: Call): Promise<Result<void, NodeFault>>
  /** The node's own record of our contribution to a channel's transaction; null if it has none. */
  contribution(channelId: string, txid: string, call: Call): Promise<Result<Contribution | null, NodeFault>>
  /**
   * Aborts an unsigned splice on a channel, on nodes where one can stay behind. It looks at the channel again
   * first, and never touches one with a signed candidate. Best effort.
   */
  abortUnsigned?(request: AbortRequest, call: Call): Promise<Result<void, NodeFault>>
}

/** A source for the state of the chain and the mempool. */
export interface ChainPort {
  tip(call: Call): Promise<Result<{ height: number; hash: string }, ChainFault>>
  /** The hash of the block at a height in the best chain; null above the tip. */
  blockHash(height: number, call: Call): Promise<Result<string | null, ChainFault>>
  /** A transaction in the chain or the mempool; null if this source does not know it. */
  transaction(txid: string, call: Call): Promise<Result<ChainTransaction | null, ChainFault>>
  /** Whether the outpoint's own transaction is known, and what spends it, mempool included. */
  spend(outpoint: Outpoint, hint: SpendHint, call: Call): Promise<Result<Spend, ChainFault>>
  /** The estimated feerate to confirm within this many blocks, in sat per 1000 weight; null without an estimate. */
  feeRateSatPerKw(targetBlocks: number, call: Call): Promise<Result<number | null, ChainFault>>
  broadcast(hex: string, call: Call): Promise<Result<void, ChainFault>>
}

/** A page of ids, and the cursor of the next page. */
export type Page = { readonly ids: readonly string[]; readonly cursor: string | null }

/** One event in a tenant's log. `sequence` starts at 1 and has no gaps. */
export type LogEvent = {
  readonly sequence: number
  readonly id: string
  readonly type: LogEventType
  /** null: the event is about a webhook endpoint. */
  readonly spliceId: string | null
  readonly epoch: number
  readonly at: Instant
  readonly endpointId?: string | undefined
  /** The splice as it was then. Absent: the event is about a webhook endpoint, or older than snapshots. */
  readonly snapshot?: SpliceThen | undefined
}

/**
 * One entry in a tenant's audit log: an action taken with the operator scope. `sequence` starts at 1 and has no gaps.
 */
export type AuditEntry = {
  readonly sequence: number
  readonly id: string
  readonly at: Instant
  readonly action: string
  /** The name and id of the API key that was used, never the key itself. */
  readonly key: { readonly name: string; readonly id: string }
  /** What the action was applied to, and the texts that came with it. */
  readonly about: Readonly<Record<string, string>>
}

/** The table. Every write is a conditional write of a single item. Throws StoreUnavailable if the database does not answer. */
export interface Store {
  /** Puts a new splice (version 0 → 1) unless its id exists; returns what the table holds afterwards. */
  create(splice: Splice): Promise<{ created: boolean; splice: Splice }>
  /** A consistent read of one splice. */
  load(id: string): Promise<Splice | null>
  /**
   * Writes if the stored version is still `splice.version`. Returns the stored splice (version + 1, with a
   * writeId of its own), or null if somebody else wrote first.
   */
  save(splice: Splice): Promise<Splice | null>
  /** A consistent read of several splices; missing ones are left out. */
  loadMany(ids: readonly string[]): Promise<Splice[]>
  /** Ids of splices and foreign payments in one shard (0…15) that are due, oldest first. The index may lag. */
  due(shard: number, before: Instant, limit: number, cursor: string | null): Promise<Page>
  /** Ids of a tenant's splices, newest first. The index may lag. */
  byTenant(tenant: string, limit: number, cursor: string | null): Promise<Page>
  /** Ids of a tenant's splices on a channel, newest first. The index may lag. */
  byChannel(tenant: string, channelId: string, limit: number, cursor: string | null): Promise<Page>
  /**
   * Ids of settled splices whose candidate is in this block, and of foreign payments that are final in it.
   * The index may lag.
   */
  byBlock(hash: string, limit: number, cursor: string | null): Promise<Page>
  /** A consistent read of a small item and its version; null if there is none. */
  item<K extends ItemKind>(kind: K, key: string): Promise<Versioned<ItemOf<K>> | null>
  /**
   * Writes if the stored version is still `version` (0: the item does not exist yet). Returns whether it was written.
   */
  putItem<K extends ItemKind>(kind: K, key: string, value: ItemOf<K>, version: number): Promise<boolean>
  /** Appends to a tenant's log, safe against concurrent appends. Returns the sequence. */
  appendEvent(tenant: string, event: Omit<LogEvent, 'sequence'>): Promise<number>
  /**
   * As `appendEvent`, unless the same event has been in the log since `since` or later: a process that died
   * may have appended it before another one took over. Returns whether it was appended.
   */
  appendOnce(tenant: string, event: Omit<LogEvent, 'sequence'>, since: Instant): Promise<boolean>
  /** Events after a sequence (0: from the start), in order. */
  eventsAfter(tenant: string, after: number, limit: number): Promise<LogEvent[]>
  /** The sequence of the last event; 0 if there is none. */
  endOfLog(tenant: string): Promise<number>
  /** Appends to a tenant's audit log, safe against concurrent appends. Returns the sequence. */
  appendAudit(tenant: string, entry: Omit<AuditEntry, 'sequence'>): Promise<number>
  /** Entries after a sequence (0: from the start), in order. */
  auditAfter(tenant: string, after: number, limit: number): Promise<AuditEntry[]>
}

/** The number of shards of the due index. */
export const DUE_SHARDS = 16

/** The work queue. Messages are hints: a lost, doubled or reordered one costs time, never correctness. */
export interface HintQueue {
  hint(spliceId: string, delayMs: number): Promise<void>
}

/** Time. Core reads no clock of its own. */
export interface Clock {
  now(): Instant
}
export interface Chance {
  /** Uniform in [0, 1). */
  fraction(): number
  /** A fresh unique id. */
  id(): string
}

/** Metrics, log lines and alarms. Nothing secret goes in. */
export interface Telemetry {
  count(name: string, value?: number): void
  info(message: string, fields: Record<string, string | number | boolean | null>): void
  alarm(message: string, fields: Record<string, string | number | boolean | null>): void
}

/** A configured node, its chain source, and the tenants that may use it. */
export type ConfiguredNode = {
  readonly name: string
  readonly port: NodePort
  readonly chain: ChainPort
  readonly tenants: readonly string[]
  /** The pinned node id; null: the first id that is seen is pinned in the table. */
  readonly nodeId: string | null
  /** The HMAC key of the node's relay; null: no relay reports. */
  readonly relayKey: string | null
  /**
   * How long the node must be quiet to prove that nothing was executed, set by the operator; null: quiet
   * proves nothing.
   */
  readonly quietAbsenceMs: number | null
}

/** Everything through which core reaches the outside world. */
export type Ports = {
  readonly store: Store
  readonly queue: HintQueue
  /** Absent: no webhooks are sent; the log still has every event. */
  readonly webhooks?: DeliveryQueue
  readonly clock: Clock
  readonly chance: Chance
  readonly telemetry: Telemetry
  readonly nodes: ReadonlyMap<string, ConfiguredNode>
  /**
   * A time limit that ends a call early enough for the handler to save what it learnt. A command (a splice, a
   * fee bump) gets longer, because it may be a negotiation of many messages with the peer, and giving up
   * halfway leaves an unsigned splice on the channel.
   */
  call(of?: 'command'): Call
  /** The configured generation of the table. It is raised when a backup is restored. */
  readonly generation: number
}
