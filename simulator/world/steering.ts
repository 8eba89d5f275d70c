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
 * A node to simulate. Behaviour that is left out is that of a current ldk-server: `overlapGuard` true,
 * `forwardReasons` true, `reportsLostQueued` false, `paymentsNameChannels` true, `broadcasts` always, `authWindowMs`
 * 60,000, `reconnectMs` 1,000, `hasFeeBump` true (a server without the method answers 12).
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
  /** Keys, ids and hashes follow from it. */
  readonly seed: string
  /** The virtual clock's first reading, ms since 1970. */
  readonly startAt: Instant
  /** Default: one node, `alice`. */
  readonly nodes?: readonly NodeOptions[]
  /** Nodes of Core Lightning; default: none. */
  readonly clnNodes?: readonly ClnNodeOptions[]
  /** Default 200, 200, 400, 200 and 100 ms. */
  readonly phases?: Partial<PhaseDurations>
  /** Default 120, at least 110. */
  readonly tipHeight?: number
  /** Default 1,000 sat per 1000 weight for every target. */
  readonly feeRateSatPerKw?: number
  /** Default 1. */
  readonly minRelaySatPerVb?: number
  /** What a replacement must pay on top, Bitcoin Core's incremental relay feerate; default 0.1, up to Core 29 it is 1. */
  readonly incrementalRelaySatPerVb?: number
}

/** Why a transaction did not get into the mempool; null: it is in it, or in the chain. */
export type Rejection = string | null

export type ReorgOptions = {
  /** Blocks of the new branch; default depth + 1. */
  readonly newLength?: number
  /** Transactions of the old branch that are forgotten instead of returned to the mempool. */
  readonly drop?: readonly string[]
  /** `mempool` (default): the new branch's first block holds what is in the mempool; `none`: its blocks are empty. */
  readonly include?: 'mempool' | 'none'
  /** Transactions (hex) to mine in the new branch's first block; what they conflict with is evicted. */
  readonly transactions?: readonly string[]
}

/** A transaction where it is now. `block` null: in the mempool; `feeSats` null for a coinbase. */
export type PlacedTransaction = ParsedTransaction & {
  readonly hex: string
  readonly block: Block | null
  readonly feeSats: number | null
}

/** The chain and the mempool of a world. Blocks are mined at the world's current time. */
export interface SimulatedChain {
  readonly tip: Block
  block(height: number): Block | null
  transaction(txid: string): PlacedTransaction | null
  /** Who spends an outpoint, in chain or mempool. */
  spender(outpoint: Outpoint): PlacedTransaction | null
  mempool(): PlacedTransaction[]
  /** Everything in the best chain and the mempool, by height, the unconfirmed last. */
  transactions(): PlacedTransaction[]
  /** Mines what is in the mempool and not withheld, and these transactions (hex) whatever they conflict with. */
  mine(
    blocks: number,
    options?: { readonly transactions?: readonly string[]; readonly empty?: boolean },
  ): void
  /** Replaces the last `depth` blocks. */
  reorg(depth: number, options?: ReorgOptions): void
  /** Confirmations of a transaction; 0 in the mempool, null where it is unknown. */
  confirmations(txid: string): number | null
  /** Estimate in sat per 1000 weight; null: there is none. */
  feeRateSatPerKw(targetBlocks: number): number | null
  /** Offers a transaction to the mempool. */
  broadcast(hex: string): Rejection
  /** Removes a transaction and its descendants from the mempool. */
  evict(txid: string): void
  /** A transaction that never confirms, until released. */
  withhold(txid: string): void
  release(txid: string): void
  setFeeRate(feeRateSatPerKw: number | null, targetBlocks?: number): void
  setRelayRule(rule: { readonly minRelaySatPerVb?: number; readonly incrementalRelaySatPerVb?: number }): void
}

/** A splice that the peer wants by itself. */
export type PeerSplice = {
  /** What the peer adds to its side, negative: takes out to an address of its own. */
  readonly amountSats: number
  /** Whether a contribution of ours that is queued when the channel is quiet joins the round (H10). */
  readonly mergeOurs: boolean
  /** `us`: we win the tie, and the peer's contribution joins our queued one. Default `peer`. */
  readonly initiator?: 'us' | 'peer'
  readonly feeRateSatPerKw?: number
}

/** A channel to open now. Who opens pays the fee, and for a single-funded channel everything. */
export type OpenOptions = {
  readonly valueSats: number
  /** Our share; default: 60 % of a dual-funded channel, otherwise all if we open it, else nothing. */
  readonly oursSats?: number
  /** Depth at which it is ready, and at which its splices lock; default 6; 0: zero-conf. */
  readonly lockDepth?: number
  /** Whether we open it. Default true. */
  readonly isOutbound?: boolean
  /** Default `dual`. */
  readonly funding?: 'dual' | 'single'
  /** Default: the estimate. */
  readonly feeRateSatPerKw?: number
}

/** How the peer replaces a pending candidate. */
export type PeerReplacement = {
  /** Default: the estimate, or LDK's minimum if that is more. */
  readonly feeRateSatPerKw?: number
  /** Whether a contribution of ours that is queued joins, where none of ours is in the candidate. Default false. */
  readonly mergeOurs?: boolean
}

/** One node of the world: its remote interface, and the levers of whoever tests against it. */
export interface SimulatedNode {
  readonly name: string
  readonly nodeId: string
  /** The calls of an ldk-server, evaluated at the world's current time; faults apply. */
  readonly rpc: LdkRpc
  readonly processStartedAt: Instant
  /** How the node behaves; may be changed at any time. */
  readonly behaviour: NodeBehaviour
  /** All channels, closed ones too, as the node keeps them. Not to be changed. */
  channels(): readonly Readonly<Channel>[]
  channel(channelId: string): Readonly<Channel>
  /** One more fault: for the next splice request or fee bump, or for every one (`always`, and `down` and `unauthenticated`) until lifted. */
  fault(fault: RequestFault, mode?: 'once' | 'always'): void
  liftFaults(): void
  /** Ends the process and starts it again: what is only in memory is lost (docs/reference/ldk.md 1.6). */
  restart(): void
  /** The peer goes away, until `connectPeer` or, if given, for so long. */
  disconnectPeer(options?: { readonly peerId?: string; readonly returnsAfterMs?: number }): void
  connectPeer(peerId?: string): void
  /**
   * LDK's fee bump of the pending splice (docs/reference/ldk.md 3.2), asked for by somebody else than us: no fault hits it. The answer
   * is that of the RPC, the rest follows by itself.
   */
  bump(channelId: string): RpcAnswer<void>
  /** The peer aborts our next round in that phase, before we accepted its commitment. Default `awaiting_ack`. */
  abortNext(channelId: string, phase?: NegotiatedPhase): void
  /** Our next contribution turns out stale when the channel is quiet: `ContributionInvalid`. */
  staleNext(channelId: string): void
  /** What is queued and in no round yet is given up: a node that queues nothing. Does nothing where nothing is queued. */
  cancelQueued(channelId: string): void
  /** Whether the peer sends its splice_locked; while it does not, no splice is promoted. */
  setPeerLocks(channelId: string, locks: boolean): void
  peerSplice(channelId: string, splice: PeerSplice): void
  /** The peer replaces the pending candidate; what each side has in it is carried on. */
  peerReplace(channelId: string, options?: PeerReplacement): void
  /**
   * Opens a channel from the wallets' coins and broadcasts its funding transaction; answers its id. It is listed at once, and
   * ready at its lock depth. Throws if a side cannot pay.
   */
  openChannel(options: OpenOptions): string
  /**
   * The fee bump of a dual-funded open that is not confirmed: another funding transaction from the same coins, which the
   * listing shows until another one confirms. Default feerate: the estimate, or the minimum for a replacement if that is more.
   * Answers the new funding outpoint; whether it was relayed is in the journal. Throws if there is nothing to replace.
   */
  replaceOpen(channelId: string, options?: { readonly feeRateSatPerKw?: number }): Outpoint
  /** Closes a channel and broadcasts; a cooperative close waits for the peer and pays enough to replace a candidate. */
  close(channelId: string, how: 'cooperative' | 'force'): void
  /** Moves balance: positive to us, negative to the peer. */
  lightningPayment(channelId: string, amountMsat: number): void
  saveBackup(name: string): void
  /** Starts the node from an older saved state: its funding outpoints go back. */
  restoreBackup(name: string): void
}

/** Questions to the journal, as the judge of a test asks them. */
export interface Journal {
  readonly entries: readonly JournalEntry[]
  /** Transactions in the best chain or the mempool with an output of exactly that script (hex) and amount. */
  effectivePayouts(script: string, amountSats: number): number
  /** Signed splice transactions, of any node, that are in the best chain or the mempool, with our part in them. */
  effectiveSplices(): readonly {
    readonly channelId: string
    readonly txid: string
    readonly oursNetSats: number
    readonly confirmed: boolean
  }[]
  /** Splice requests that the node executed and took for a channel, bumps left out. */
  submissionsExecuted(channelId: string): number
  /** Fee bumps that the node executed and took for a channel. */
  bumpsExecuted(channelId: string): number
}

/** A deterministic world in process: a chain, nodes on it, a virtual clock. */
export interface World {
  now(): Instant
  /** Lets that much time pass; what is timed happens in order of time, then of planning. */
  advance(ms: number): void
  advanceTo(at: Instant): void
  readonly chain: SimulatedChain
  readonly journal: Journal
  readonly nodes: readonly SimulatedNode[]
  /** The node of that name; throws if there is none. */
  node(name: string): SimulatedNode
  readonly clnNodes: readonly SimulatedClnNode[]
  /** The Core Lightning node of that name; throws if there is none. */
  clnNode(name: string): SimulatedClnNode
  mine(blocks: number): void
  reorg(depth: number, options?: ReorgOptions): void
  evict(txid: string): void
  /** How long the phases of a round take from now on. */
  setPhases(phases: Partial<PhaseDurations>): void
  /** Hears what each node's relay would post. Answers how to stop. */
  onRelayEvent(listener: (event: RelayEvent, node: string) => void): () => void
  /** Everything, serialisable; listeners are not part of it. */
  toJSON(): WorldState
}
