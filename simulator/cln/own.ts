import type { Context } from '../world/context.ts'
import type { JournalEntry } from '../world/journal-entry.ts'
import type { ClnChannel, ClnNodeState, ClnPeer, ClnStateName, ClnTask } from './state.ts'

/** A simulated Core Lightning node and its world. */
export type Own = { readonly ctx: Context; readonly node: ClnNodeState }

/** Emits a relay event without a reason, because Core Lightning has none of LDK's reasons. */
export function emit({ ctx, node }: Own, event: Parameters<Context['emit']>[1]): void {
  ctx.emit({ name: node.name, behaviour: { forwardReasons: false } }, event)
}

export function note(
  { ctx, node }: Own,
  type: JournalEntry['type'],
  subject: { readonly channel?: ClnChannel; readonly txid?: string } = {},
  detail: JournalEntry['detail'] = {},
): number {
  return ctx.note(type, { node, ...subject }, detail)
}

export function plan({ ctx, node }: Own, delayMs: number, task: ClnTask): void {
  ctx.plan(delayMs, { type: 'cln', node: node.name, task })
}

export function channelNamed(node: ClnNodeState, channelId: unknown): ClnChannel | undefined {
  return node.channels.find((channel) => channel.channelId === channelId)
}

/** The peer with that id, or the only peer; throws if there is none. */
export function peerNamed(node: ClnNodeState, peerId?: string): ClnPeer {
  const peer = peerId === undefined ? node.peers[0] : node.peers.find(({ nodeId }) => nodeId === peerId)
  if (peer === undefined) throw new Error(`${node.name} has no peer ${peerId ?? ''}`)
  return peer
}

/** Whether the channel is closing on chain, so that channeld no longer serves it. */
export function isClosing(channel: ClnChannel): boolean {
  return channel.state === 'AWAITING_UNILATERAL' || channel.state === 'ONCHAIN'
}

/** Changes a channel's state and records it in `state_changes`. */
export function setState(
  own: Own,
  channel: ClnChannel,
  newState: ClnStateName,
  cause: ClnChannel['stateChanges'][number]['cause'],
  message: string,
): void {
  if (channel.state === newState) return
  channel.stateChanges.push({ at: own.ctx.state.now, oldState: channel.state, newState, cause, message })
  channel.state = newState
  emit(own, { type: 'channel_state_changed', channelId: channel.channelId })
}
