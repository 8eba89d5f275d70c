import type { Context } from '../world/context.ts'
import type { Outcome } from './answer.ts'
import { Calls } from './calls.ts'
import { forceClose } from './closing.ts'
import { disconnect, start, stop } from './connection.ts'
import { connect } from './reconnection.ts'
import { checkLock, seeChain } from './lock.ts'
import { channelNamed, peerNamed, plan, type Own } from './own.ts'
import { pay, timeOutPayment } from './payments.ts'
import { peerSplice } from './peer-splice.ts'
import { createRune } from './rune-book.ts'
import type { ClnBehaviour, ClnChannel, ClnNodeState, ClnTask } from './state.ts'
import type { ClnRequest, SimulatedClnNode } from './steering.ts'

/** A node over its saved state. Commands run at the world's current time; every lever takes effect at once. */
export class ClnNode implements SimulatedClnNode {
  readonly #own: Own
  readonly #state: ClnNodeState
  readonly #calls: Calls

  constructor(ctx: Context, state: ClnNodeState) {
    this.#own = { ctx, node: state }
    this.#state = state
    this.#calls = new Calls(this.#own)
  }

  get name(): string {
    return this.#state.name
  }

  get nodeId(): string {
    return this.#state.nodeId
  }

  get behaviour(): ClnBehaviour {
    return this.#state.behaviour
  }

  get alive(): boolean {
    return this.#state.alive
  }

  call(request: ClnRequest): Promise<Outcome> {
    return this.#calls.take(request)
  }

  createRune(restrictions: readonly (readonly string[])[] = []): string {
    return createRune(this.#own, restrictions)
  }

  blacklistRune(uniqueId: string): void {
    this.#state.runes.blacklist.push(uniqueId)
  }

  channels(): readonly Readonly<ClnChannel>[] {
    return this.#state.channels
  }

  channel(channelId: string): Readonly<ClnChannel> {
    return this.#channel(channelId)
  }

  at(...[point, act]: Parameters<SimulatedClnNode['at']>): void {
    this.#state.traps.push({ point, act })
  }

  kill(options: { readonly startsAfterMs?: number } = {}): void {
    stop(this.#own)
    if (options.startsAfterMs !== undefined) plan(this.#own, options.startsAfterMs, { type: 'start' })
    this.#calls.settle()
  }

  start(): void {
    start(this.#own)
    this.seeChain()
  }

  disconnectPeer(options: { readonly peerId?: string; readonly returnsAfterMs?: number } = {}): void {
    const peer = peerNamed(this.#state, options.peerId)
    // If a return is planned, the peer stays reachable, so that a call to connect it succeeds earlier.
    peer.reachable = options.returnsAfterMs !== undefined
    disconnect(this.#own, peer, options.returnsAfterMs ?? null)
    this.#calls.settle()
  }

  connectPeer(peerId?: string): void {
    const peer = peerNamed(this.#state, peerId)
    peer.reachable = true
    connect(this.#own, peer)
    this.#calls.settle()
  }

  freezePeer(ms: number, peerId?: string): void {
    const peer = peerNamed(this.#state, peerId)
    peer.frozenUntil = this.#own.ctx.state.now + ms
    plan(this.#own, ms, { type: 'thaw', peerId: peer.nodeId })
  }

  setBitcoindDown(down: boolean): void {
    this.#state.bitcoindDown = down
    this.seeChain()
  }

  setPeerLocks(channelId: string, locks: boolean): void {
    const channel = this.#channel(channelId)
    channel.peerLocks = locks
    checkLock(this.#own, channel)
    this.#calls.settle()
  }

  lightningPayment(channelId: string, amountMsat: number): 'paid' | 'stuck' {
    return pay(this.#own, this.#channel(channelId), amountMsat)
  }

  peerSplice(channelId: string, amountSats: number): string {
    return peerSplice(this.#own, this.#channel(channelId), amountSats)
  }

  onExit(listener: () => void): () => void {
    return this.#calls.onExit(listener)
  }

  /** Handles a connected or disconnected block. */
  seeChain(): void {
    seeChain(this.#own)
    this.#calls.settle()
  }

  wake(task: ClnTask): void {
    switch (task.type) {
      case 'start':
        this.start()
        break
      case 'reconnect':
        connect(this.#own, peerNamed(this.#state, task.peerId))
        break
      case 'thaw':
        this.#thaw(task.peerId)
        break
      case 'force_close':
        if (this.#state.alive) forceClose(this.#own, this.#channel(task.channelId), task.why, 'local')
        break
      case 'payment_timeout':
        timeOutPayment(this.#own, this.#channel(task.channelId), task.negotiationId)
    }
    this.#calls.settle()
  }

  #thaw(peerId: string): void {
    const peer = peerNamed(this.#state, peerId)
    if (peer.frozenUntil === null || peer.frozenUntil > this.#own.ctx.state.now) return
    peer.frozenUntil = null
    this.#calls.settle()
    seeChain(this.#own)
  }

  #channel(channelId: string): ClnChannel {
    const channel = channelNamed(this.#state, channelId)
    if (channel === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return channel
  }
}
