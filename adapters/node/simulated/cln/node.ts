import type { Context } from '../context.ts'
import type { Outcome } from './answer.ts'
import { forceClose } from './closing.ts'
import { commands, run } from './commands.ts'
import { connect, disconnect, start, stop } from './connection.ts'
import { frozenPeer } from './frozen.ts'
import { checkLock, seeChain } from './lock.ts'
import { channelNamed, isClosing, note, peerNamed, plan } from './own.ts'
import type { Own } from './own.ts'
import { createRune } from './rune-check.ts'
import type { ClnBehaviour, ClnChannel, ClnNodeState, ClnTask } from './state.ts'
import type { ClnRequest, SimulatedClnNode } from './steering.ts'

/** How long lightningd bears a payment that quiescence holds up. */
const PAYMENT_TIMEOUT_MS = 30_000

/** A node over its state: commands are executed at the world's current time, and every lever does one thing there and then. */
export class ClnNode implements SimulatedClnNode {
  readonly #own: Own
  readonly #state: ClnNodeState
  /** Calls that have not answered. Who waits for them is no part of the world. */
  readonly #open = new Map<string, (outcome: Outcome) => void>()
  readonly #exits = new Set<() => void>()

  constructor(ctx: Context, state: ClnNodeState) {
    this.#own = { ctx, node: state }
    this.#state = state
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

  async call({ method, params }: ClnRequest): Promise<Outcome> {
    if (!this.#state.alive) return { type: 'died' }
    const answer = Promise.withResolvers<Outcome>()
    const id = `call-${this.#own.ctx.serial()}`
    this.#open.set(id, answer.resolve)
    if (frozenPeer(this.#own, method, params) === null) this.#execute(id, { method, params })
    else this.#state.waiting.push({ id, method, params })
    return answer.promise
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
    this.#settle()
  }

  start(): void {
    start(this.#own)
    seeChain(this.#own)
  }

  disconnectPeer(options: { readonly peerId?: string; readonly returnsAfterMs?: number } = {}): void {
    const peer = peerNamed(this.#state, options.peerId)
    // With a return planned the peer stays within reach: a call to connect it succeeds sooner.
    peer.reachable = options.returnsAfterMs !== undefined
    disconnect(this.#own, peer, options.returnsAfterMs ?? null)
    this.#settle()
  }

  connectPeer(peerId?: string): void {
    const peer = peerNamed(this.#state, peerId)
    peer.reachable = true
    connect(this.#own, peer)
  }

  freezePeer(ms: number, peerId?: string): void {
    const peer = peerNamed(this.#state, peerId)
    peer.frozenUntil = this.#own.ctx.state.now + ms
    plan(this.#own, ms, { type: 'thaw', peerId: peer.nodeId })
  }

  setBitcoindDown(down: boolean): void {
    this.#state.bitcoindDown = down
    seeChain(this.#own)
  }

  setPeerLocks(channelId: string, locks: boolean): void {
    const channel = this.#channel(channelId)
    channel.peerLocks = locks
    checkLock(this.#own, channel)
  }

  lightningPayment(channelId: string, amountMsat: number): 'paid' | 'stuck' {
    const channel = this.#channel(channelId)
    if (!peerNamed(this.#state, channel.peerId).connected || isClosing(channel))
      throw new Error('the channel cannot carry a payment')
    if (channel.negotiation !== null) {
      const { id } = channel.negotiation
      plan(this.#own, PAYMENT_TIMEOUT_MS, { type: 'payment_timeout', channelId, negotiationId: id })
      return 'stuck'
    }
    channel.ourMsat += amountMsat
    return 'paid'
  }

  onExit(listener: () => void): () => void {
    this.#exits.add(listener)
    return () => this.#exits.delete(listener)
  }

  /** A block came or went. */
  seeChain(): void {
    seeChain(this.#own)
    this.#settle()
  }

  /** Does what was planned. */
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
      case 'payment_timeout': {
        const channel = this.#channel(task.channelId)
        if (channel.negotiation?.id !== task.negotiationId) break
        const peer = peerNamed(this.#state, channel.peerId)
        disconnect(this.#own, peer, this.#state.behaviour.reconnectMs)
      }
    }
    this.#settle()
  }

  #thaw(peerId: string): void {
    const peer = peerNamed(this.#state, peerId)
    if (peer.frozenUntil === null || peer.frozenUntil > this.#own.ctx.state.now) return
    peer.frozenUntil = null
    const due = this.#state.waiting
    this.#state.waiting = []
    for (const call of due) this.#execute(call.id, call)
    seeChain(this.#own)
  }

  #execute(id: string, { method, params }: ClnRequest): void {
    const outcome = run(this.#own, method, params)
    if (commands.get(method)?.kind !== 'reads') this.#noteExecuted(method, params, outcome)
    if (outcome.type !== 'hangs') this.#answer(id, outcome)
    this.#settle()
  }

  #noteExecuted(method: string, params: ClnRequest['params'], outcome: Outcome): void {
    const channel = channelNamed(this.#state, params['channel_id'] ?? params['channel'])
    const code = outcome.type === 'refused' ? outcome.error.code : null
    const subject = channel === undefined ? {} : { channel }
    note(this.#own, 'command_executed', subject, { method, outcome: outcome.type, code })
  }

  #answer(id: string, outcome: Outcome): void {
    this.#open.get(id)?.(outcome)
    this.#open.delete(id)
  }

  /** After anything: calls whose peer is gone fail, and a process that ended answers nobody. */
  #settle(): void {
    const lost = this.#state.waiting.filter(
      (call) => frozenPeer(this.#own, call.method, call.params) === null,
    )
    this.#state.waiting = this.#state.waiting.filter((call) => !lost.includes(call))
    for (const call of lost) this.#execute(call.id, call)
    if (this.#state.alive) return
    for (const id of [...this.#open.keys()]) this.#answer(id, { type: 'died' })
    for (const listener of this.#exits) listener()
  }

  #channel(channelId: string): ClnChannel {
    const channel = channelNamed(this.#state, channelId)
    if (channel === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return channel
  }
}
