import type { ChannelOptions } from './channel-options.ts'
import type { RpcAnswer, LdkRpc } from '../../adapters/node/ldk/rpc.ts'
import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import type { Instant } from '../../core/values/instant.ts'
import type { ParsedTransaction } from '../../core/bitcoin/transaction.ts'
import type { Block } from '../chain/state.ts'
import type { ClnNodeOptions, SimulatedClnNode } from '../cln/steering.ts'
import type { JournalEntry } from './journal-entry.ts'
import type {
  Channel,
  NegotiatedPhase,
  NodeBehaviour,
  PhaseDurations,
  RelayEvent,
  RequestFault,
  WorldState,
} from './state.ts'

/**
 * A simulated node. The defaults are those of a current ldk-server: `overlapGuard` true, `forwardReasons`
 * true, `reportsLostQueued` false, `paymentsNameChannels` true, `broadcasts` always, `authWindowMs` 60,000,
 * `reconnectMs` 1,000, `hasFeeBump` true (without the method, the server answers 12).
 */
export type NodeOptions = { readonly [K in keyof NodeBehaviour]?: NodeBehaviour[K] } & {
  readonly name: string
  /** Default `bob`. */
  readonly peerName?: string
  /** Default: four channels of 10,000,000 sat, lock depths 6, 6, 3 and 4. */
  readonly channels?: readonly ChannelOptions[]
  /** Confirmed P2WPKH coins; default ten of 1,000,000 sat. */
  readonly walletCoinsSats?: readonly number[]
}

export type WorldOptions = {
  /** Keys, ids and hashes are derived from it. */
  readonly seed: string
  /** The virtual clock's start, in ms since 1970. */
  readonly startAt: Instant
  /** Default: one node, `alice`. */
  readonly nodes?: readonly NodeOptions[]
  /** Core Lightning nodes; default none. */
  readonly clnNodes?: readonly ClnNodeOptions[]
  /** Default 200, 200, 400, 200 and 100 ms. */
  readonly phases?: Partial<PhaseDurations>
  /** Default 120, at least 110. */
  readonly tipHeight?: number
  /** Default 1,000 sat per 1000 weight for every target. */
  readonly feeRateSatPerKw?: number
  /** Default 1. */
  readonly minRelaySatPerVb?: number
  /** Bitcoin Core's incremental relay feerate for replacements. Default 0.1; it was 1 up to Core 29. */
  readonly incrementalRelaySatPerVb?: number
}

/** Why the mempool refused a transaction; null if it is in the mempool or the chain. */
export type Rejection = string | null

export type ReorgOptions = {
  /** Blocks of the new branch; default depth + 1. */
  readonly newLength?: number
  /** Transactions of the old branch that are dropped instead of returned to the mempool. */
  readonly drop?: readonly string[]
  /** `mempool` (default): the first new block contains the mempool; `none`: the new blocks are empty. */
  readonly include?: 'mempool' | 'none'
  /** Transactions (hex) to mine in the first new block. Conflicting ones are evicted. */
  readonly transactions?: readonly string[]
}

/** A transaction and where it is. `block` is null in the mempool; `feeSats` is null for a coinbase. */
export type PlacedTransaction = ParsedTransaction & {
  readonly hex: string
  readonly block: Block | null
  readonly feeSats: number | null
}

/** The chain and the mempool of a world. Blocks get the world's current time. */
export interface SimulatedChain {
  readonly tip: Block
  block(height: number): Block | null
  transaction(txid: string): PlacedTransaction | null
  /** The transaction that spends an outpoint, in the chain or the mempool. */
  spender(outpoint: Outpoint): PlacedTransaction | null
  mempool(): PlacedTransaction[]
  /** Everything in the best chain and the mempool, ordered by height, unconfirmed last. */
  transactions(): PlacedTransaction[]
  /**
   * Mines the mempool without the withheld transactions, plus the given transactions (hex) whatever they conflict with.
   */
  mine(blocks: number, options?: { readonly transactions?: readonly string[]; readonly empty?: boolean }): void
  reorg(depth: number, options?: ReorgOptions): void
  /** Confirmations of a transaction; 0 in the mempool, null if it is unknown. */
  confirmations(txid: string): number | null
  /** The estimate in sat per 1000 weight; null if there is none. */
  feeRateSatPerKw(targetBlocks: number): number | null
  broadcast(hex: string): Rejection
  evict(txid: string): void
  /** Keeps a transaction from confirming until it is released. */
  withhold(txid: string): void
  release(txid: string): void
  setFeeRate(feeRateSatPerKw: number | null, targetBlocks?: number): void
  setRelayRule(rule: { readonly minRelaySatPerVb?: number; readonly incrementalRelaySatPerVb?: number }): void
}

export type PeerSplice = {
  /** What the peer adds to its balance; negative: what it takes out to its own address. */
  readonly amountSats: number
  /**
   * Whether our queued contribution joins the peer's round once the channel is quiescent (docs/reference/ldk.md, H10).
   */
  readonly mergeOurs: boolean
  /** `us`: we win the tie, and the peer's contribution joins our round. Default `peer`. */
  readonly initiator?: 'us' | 'peer'
  readonly feeRateSatPerKw?: number
}

/** A channel to open now. The opener pays the fee, and everything if the channel is single-funded. */
export type OpenOptions = {
  readonly valueSats: number
  /** Our balance. Default: 60 % of a dual-funded channel; otherwise all if we open it, else nothing. */
  readonly oursSats?: number
  /** Confirmations until the channel is ready, and until its splices lock; default 6, and 0 means zero-conf. */
  readonly lockDepth?: number
  readonly isOutbound?: boolean
  /** Default `dual`. */
  readonly funding?: 'dual' | 'single'
  /** Default: the estimate. */
  readonly feeRateSatPerKw?: number
}

/** How the peer replaces a pending candidate. */
export type PeerReplacement = {
  /** Default: the estimate, or LDK's minimum for a replacement if that is higher. */
  readonly feeRateSatPerKw?: number
  /** Whether our queued contribution joins if the candidate has none of ours. Default false. */
  readonly mergeOurs?: boolean
}

/** One node of the world: its remote interface, and the levers that tests pull. */
export interface SimulatedNode {
  readonly name: string
  readonly nodeId: string
  /** An ldk-server's calls, evaluated at the world's current time. Faults apply. */
  readonly rpc: LdkRpc
  readonly processStartedAt: Instant
  /** How the node behaves. It may be changed at any time. */
  readonly behaviour: NodeBehaviour
  /** All channels as the node stores them, closed ones included. Read only. */
  channels(): readonly Readonly<Channel>[]
  channel(channelId: string): Readonly<Channel>
  /**
   * Adds a fault: `once` for the next splice request or fee bump, `always` for every one until lifted. `down`
   * and `unauthenticated` always last until lifted.
   */
  fault(fault: RequestFault, mode?: 'once' | 'always'): void
  liftFaults(): void
  /** Restarts the process. Everything that is only in memory is lost (docs/reference/ldk.md 1.6). */
  restart(): void
  /** Disconnects the peer until `connectPeer` or, if given, until the time has passed. */
  disconnectPeer(options?: { readonly peerId?: string; readonly returnsAfterMs?: number }): void
  connectPeer(peerId?: string): void
  /**
   * LDK's fee bump of the pending splice (docs/reference/ldk.md 3.2), requested by somebody else. Faults do
   * not apply. Returns the RPC's answer; the round then runs on its own.
   */
  bump(channelId: string): RpcAnswer<void>
  /** The peer aborts our next round in that phase, before we accept its commitment. Default `awaiting_ack`. */
  abortNext(channelId: string, phase?: NegotiatedPhase): void
  /** Our next contribution turns out to be stale once the channel is quiescent: `ContributionInvalid`. */
  staleNext(channelId: string): void
  /** Drops our contribution if it is queued and in no round yet, as a node without a queue does. */
  cancelQueued(channelId: string): void
  /** Sets whether the peer sends splice_locked. While it does not, no splice is promoted. */
  setPeerLocks(channelId: string, locks: boolean): void
  peerSplice(channelId: string, splice: PeerSplice): void
  /** The peer replaces the pending candidate. Both sides' contributions carry over. */
  peerReplace(channelId: string, options?: PeerReplacement): void
  /**
   * Opens a channel from the wallets' coins, broadcasts its funding transaction and returns its id. The
   * channel is listed at once and ready at its lock depth. Throws if a side cannot pay.
   */
  openChannel(options: OpenOptions): string
  /**
   * Bumps the fee of an unconfirmed dual-funded open: a new funding transaction from the same coins, which
   * the listing shows until another one confirms. Default feerate: the estimate, or the minimum for a
   * replacement if that is higher. Returns the new funding outpoint; the journal says whether it was relayed.
   * Throws if there is nothing to replace.
   */
  replaceOpen(channelId: string, options?: { readonly feeRateSatPerKw?: number }): Outpoint
  /**
   * Closes a channel and broadcasts the transaction. A cooperative close waits for the peer and pays enough
   * to replace a candidate.
   */
  close(channelId: string, how: 'cooperative' | 'force'): void
  /** Moves balance: positive to us, negative to the peer. */
  lightningPayment(channelId: string, amountMsat: number): void
  saveBackup(name: string): void
  /** Starts the node from an older saved state. Its funding outpoints go back. */
  restoreBackup(name: string): void
}

/** What tests ask of the journal. */
export interface Journal {
  readonly entries: readonly JournalEntry[]
  /** Counts the transactions in the best chain or the mempool that pay exactly this amount to the script (hex). */
  effectivePayouts(script: string, amountSats: number): number
  /** Signed splice transactions of all nodes that are in the best chain or the mempool, with our part in them. */
  effectiveSplices(): readonly {
    readonly channelId: string
    readonly txid: string
    readonly oursNetSats: number
    readonly confirmed: boolean
  }[]
  /** How many splice requests the node executed and accepted for a channel, not counting bumps. */
  submissionsExecuted(channelId: string): number
  /** How many fee bumps the node executed and accepted for a channel. */
  bumpsExecuted(channelId: string): number
}

/** A deterministic in-process world: a chain, nodes on it, a virtual clock. */
export interface World {
  now(): Instant
  /** Advances the clock. Timers fire in order of time, then of scheduling. */
  advance(ms: number): void
  advanceTo(at: Instant): void
  readonly chain: SimulatedChain
  readonly journal: Journal
  readonly nodes: readonly SimulatedNode[]
  /** Returns the node with that name; throws if there is none. */
  node(name: string): SimulatedNode
  readonly clnNodes: readonly SimulatedClnNode[]
  /** Returns the Core Lightning node with that name; throws if there is none. */
  clnNode(name: string): SimulatedClnNode
  mine(blocks: number): void
  reorg(depth: number, options?: ReorgOptions): void
  evict(txid: string): void
  /** Changes how long the phases of a round take from now on. */
  setPhases(phases: Partial<PhaseDurations>): void
  /** Subscribes to what each node's relay would post. Returns the function that unsubscribes. */
  onRelayEvent(listener: (event: RelayEvent, node: string) => void): () => void
  /** The whole state, serialisable. Listeners are not part of it. */
  toJSON(): WorldState
}
