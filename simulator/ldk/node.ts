import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import { err, ok } from '../../core/values/result.ts'
import type { LdkRpc, RpcAnswer } from '../../adapters/node/ldk/rpc.ts'
import { capacities } from './balance.ts'
import { closeByForce, closeCooperatively } from './closing.ts'
import { channelOf, isUsable, type Context } from '../world/context.ts'
import { checkLock } from './lock.ts'
import { openChannel, replaceOpen } from './opening.ts'
import { connect, disconnect, peerOf, planReconnect } from './peers.ts'
import { peerReplace, peerSplice } from './peer-rounds.ts'
import { restart, restoreBackup, saveBackup } from './process.ts'
import { executeBump } from './requests.ts'
import { failRound, loseContribution } from './rounds.ts'
import { simulatedRpc } from './rpc.ts'
import type { Channel, NegotiatedPhase, NodeBehaviour, NodeState, RequestFault } from '../world/state.ts'
import type { OpenOptions, PeerReplacement, PeerSplice, SimulatedNode } from '../world/steering.ts'

/** A node over its saved state. Every lever takes effect at once. */
export class Node implements SimulatedNode {
  readonly #ctx: Context
  readonly #state: NodeState
  readonly rpc: LdkRpc

  constructor(ctx: Context, state: NodeState) {
    this.#ctx = ctx
    this.#state = state
    this.rpc = simulatedRpc(ctx, state)
  }

  get name(): string {
    return this.#state.name
  }

  get nodeId(): string {
    return this.#state.nodeId
  }

  get processStartedAt(): number {
    return this.#state.processStartedAt
  }

  get behaviour(): NodeBehaviour {
    return this.#state.behaviour
  }

  channels(): readonly Readonly<Channel>[] {
    return this.#state.disk.channels
  }

  channel(channelId: string): Readonly<Channel> {
    return this.#channel(channelId)
  }

  fault(fault: RequestFault, mode: 'once' | 'always' = 'once'): void {
    const lasts = mode === 'always' || fault.type === 'down' || fault.type === 'unauthenticated'
    this.#state.faults[lasts ? 'always' : 'queue'].push(fault)
  }

  liftFaults(): void {
    this.#state.faults = { queue: [], always: [] }
  }

  restart(): void {
    restart(this.#ctx, this.#state)
  }

  disconnectPeer(options: { readonly peerId?: string; readonly returnsAfterMs?: number } = {}): void {
    const peer = peerOf(this.#state, options.peerId)
    // If a return is planned, the peer stays reachable, so that a call to connect it succeeds earlier.
    peer.reachable = options.returnsAfterMs !== undefined
    disconnect(this.#ctx, this.#state, peer)
    if (options.returnsAfterMs !== undefined) planReconnect(this.#ctx, this.#state, peer, options.returnsAfterMs)
  }

  connectPeer(peerId?: string): void {
    const peer = peerOf(this.#state, peerId)
    peer.reachable = true
    connect(this.#ctx, this.#state, peer)
  }

  bump(channelId: string): RpcAnswer<void> {
    const result = executeBump(this.#ctx, this.#state, this.#channel(channelId))
    return result.outcome === 'taken' ? ok(undefined) : err({ status: result.status, message: result.why })
  }

  abortNext(channelId: string, phase: NegotiatedPhase = 'awaiting_ack'): void {
    this.#channel(channelId).abortAt = phase
  }

  staleNext(channelId: string): void {
    this.#channel(channelId).staleNext = true
  }

  cancelQueued(channelId: string): void {
    const channel = this.#channel(channelId)
    const { queued } = channel
    if (queued === null) return
    channel.queued = null
    loseContribution(this.#ctx, this.#state, channel, queued, null)
    if (channel.negotiation?.initiator === 'us') failRound(this.#ctx, this.#state, channel, 'LocallyCanceled')
  }

  setPeerLocks(channelId: string, locks: boolean): void {
    const channel = this.#channel(channelId)
    channel.peerLocks = locks
    if (locks) checkLock(this.#ctx, this.#state, channel, true)
  }

  peerSplice(channelId: string, splice: PeerSplice): void {
    peerSplice(this.#ctx, this.#state, this.#channel(channelId), splice)
  }

  peerReplace(channelId: string, options: PeerReplacement = {}): void {
    peerReplace(this.#ctx, this.#state, this.#channel(channelId), options)
  }

  openChannel(options: OpenOptions): string {
    return openChannel(this.#ctx, this.#state, options).channelId
  }

  replaceOpen(channelId: string, options: { readonly feeRateSatPerKw?: number } = {}): Outpoint {
    return replaceOpen(this.#ctx, this.#state, this.#channel(channelId), options.feeRateSatPerKw ?? null)
  }

  close(channelId: string, how: 'cooperative' | 'force'): void {
    const channel = this.#channel(channelId)
    if (how === 'force') closeByForce(this.#ctx, this.#state, channel, 'requested')
    else closeCooperatively(this.#ctx, this.#state, channel)
  }

  lightningPayment(channelId: string, amountMsat: number): void {
    const channel = this.#channel(channelId)
    const { outboundMsat, inboundMsat } = capacities(channel)
    const fits = amountMsat < 0 ? -amountMsat <= outboundMsat : amountMsat <= inboundMsat
    // Payments stop during quiescence and while the peer is away.
    const moves = channel.negotiation === null || channel.negotiation.phase === 'quiescence'
    if (!fits || !moves || !isUsable(this.#state, channel)) {
      throw new Error('the channel cannot carry this payment')
    }
    channel.oursMsat += amountMsat
  }

  saveBackup(name: string): void {
    saveBackup(this.#ctx, this.#state, name)
  }

  restoreBackup(name: string): void {
    restoreBackup(this.#ctx, this.#state, name)
  }

  #channel(channelId: string): Channel {
    return channelOf(this.#state, channelId)
  }
}
