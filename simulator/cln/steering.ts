import type { ChannelOptions } from '../world/channel-options.ts'
import type { Outcome } from './answer.ts'
import type { ClnAct, ClnBehaviour, ClnChannel, ClnPoint } from './state.ts'

/**
 * A simulated Core Lightning node. The defaults are those of version 26.06.6 in production: `lacks` none, `reconnectMs`
 * 1,000, `ignoreFeeLimits` false, `peerSplices` true, `peerBroadcasts` false, `earlySplice` disconnect.
 */
export type ClnNodeOptions = { readonly [K in keyof ClnBehaviour]?: ClnBehaviour[K] } & {
  readonly name: string
  /** Default `bob`. */
  readonly peerName?: string
  /** Default: two channels of 10,000,000 sat, lock depth 3. */
  readonly channels?: readonly ClnChannelOptions[]
  /** Confirmed P2WPKH coins; default ten of 1,000,000 sat. */
  readonly walletCoinsSats?: readonly number[]
}

export type ClnChannelOptions = ChannelOptions & {
  /** Whether the channel waits for its first lock, so that every splice answers 353. Default false. */
  readonly awaitsLockin?: boolean
}

export type ClnRequest = { readonly method: string; readonly params: Readonly<Record<string, unknown>> }

export type ServedClnNode = Pick<SimulatedClnNode, 'alive' | 'call' | 'createRune' | 'onExit'>

/** One Core Lightning node of the world: its commands, and the levers that tests pull. */
export interface SimulatedClnNode {
  readonly name: string
  readonly nodeId: string
  readonly behaviour: ClnBehaviour
  /** Whether the process runs. */
  readonly alive: boolean
  /**
   * Executes a command at the world's current time. It resolves at once, when a frozen peer resumes, or
   * never. A call cannot be cancelled.
   */
  call(request: ClnRequest): Promise<Outcome>
  /** Creates a rune of this node. Each restriction is a list of alternatives, such as `method=getinfo`. */
  createRune(restrictions?: readonly (readonly string[])[]): string
  /** Refuses every rune with that unique id from now on: 1503. */
  blacklistRune(uniqueId: string): void
  /** All channels as the node stores them. Read only. */
  channels(): readonly Readonly<ClnChannel>[]
  channel(channelId: string): Readonly<ClnChannel>
  /** Sets an act for the next time that a point is reached. It runs once. */
  at(point: ClnPoint, act: ClnAct): void
  /** SIGKILL: sockets close, memory is lost. The process restarts with `start` or, if given, after that time. */
  kill(options?: { readonly startsAfterMs?: number }): void
  start(): void
  /** Disconnects the peer until `connectPeer` or, if given, until the time has passed. */
  disconnectPeer(options?: { readonly peerId?: string; readonly returnsAfterMs?: number }): void
  connectPeer(peerId?: string): void
  /** Silences the peer for that time. Calls that need it wait. */
  freezePeer(ms: number, peerId?: string): void
  /** Sets whether the node's bitcoind is down. While it is, nothing is broadcast and no block is seen. */
  setBitcoindDown(down: boolean): void
  setPeerLocks(channelId: string, locks: boolean): void
  /** Moves balance; positive to us. During a negotiation it fails and, 30 s later, drops the connection. */
  lightningPayment(channelId: string, amountMsat: number): 'paid' | 'stuck'
  /**
   * A splice that the peer starts and pays for. Positive: it adds to its balance; negative: it takes out.
   * Returns the txid; throws if the channel takes no splice now.
   */
  peerSplice(channelId: string, amountSats: number): string
  /** Calls the listener when the process ends. Returns the function that unsubscribes. */
  onExit(listener: () => void): () => void
}
