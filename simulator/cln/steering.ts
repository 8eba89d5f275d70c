import type { ChannelOptions } from '../world/channel-options.ts'
import type { Outcome } from './answer.ts'
import type { ClnAct, ClnBehaviour, ClnChannel, ClnPoint } from './state.ts'

/**
 * A Core Lightning node to simulate. Behaviour that is left out is that of version 26.06.6 in production: `lacks` none,
 * `reconnectMs` 1,000, `ignoreFeeLimits` false, `peerSplices` true, `peerBroadcasts` false, `earlySplice` disconnect.
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
  /** Whether it waits for its first lock: every splice answers 353. Default false. */
  readonly awaitsLockin?: boolean
}

/** A call of a command. `params` are named. */
export type ClnRequest = { readonly method: string; readonly params: Readonly<Record<string, unknown>> }

/** What a server needs of a node. */
export type ServedClnNode = Pick<SimulatedClnNode, 'alive' | 'call' | 'createRune' | 'onExit'>

/** One Core Lightning node of the world: its commands, and the levers of whoever tests against it. */
export interface SimulatedClnNode {
  readonly name: string
  readonly nodeId: string
  readonly behaviour: ClnBehaviour
  /** Whether its process runs. */
  readonly alive: boolean
  /**
   * Executes a command at the world's current time. Resolves when it answers: at once, or when a frozen peer speaks again, or
   * never. Nobody can take a call back.
   */
  call(request: ClnRequest): Promise<Outcome>
  /** A rune of this node. Each restriction is a list of alternatives, such as `method=getinfo`. */
  createRune(restrictions?: readonly (readonly string[])[]): string
  /** From now on every rune with that unique id is refused: 1503. */
  blacklistRune(uniqueId: string): void
  /** All channels as the node keeps them. Not to be changed. */
  channels(): readonly Readonly<ClnChannel>[]
  channel(channelId: string): Readonly<ClnChannel>
  /** Something happens once, the next time that this point is reached. */
  at(point: ClnPoint, act: ClnAct): void
  /** SIGKILL: sockets close, memory is lost. It starts again with `start` or, if given, after so long. */
  kill(options?: { readonly startsAfterMs?: number }): void
  start(): void
  /** The connection is lost, until `connectPeer` or, if given, for so long. */
  disconnectPeer(options?: { readonly peerId?: string; readonly returnsAfterMs?: number }): void
  connectPeer(peerId?: string): void
  /** The peer says nothing for so long: calls that need it wait. */
  freezePeer(ms: number, peerId?: string): void
  /** Whether the node's bitcoind answers. While it does not, nothing is broadcast and no block is seen. */
  setBitcoindDown(down: boolean): void
  setPeerLocks(channelId: string, locks: boolean): void
  /** Moves balance: positive to us. During an open negotiation it fails and, 30 s later, drops the connection. */
  lightningPayment(channelId: string, amountMsat: number): 'paid' | 'stuck'
  /**
   * A splice that the peer starts and pays for: positive: it adds to its side, negative: it takes out. Answers the txid; throws if the
   * channel takes none now.
   */
  peerSplice(channelId: string, amountSats: number): string
  /** Hears of the end of the process. Answers how to stop. */
  onExit(listener: () => void): () => void
}
