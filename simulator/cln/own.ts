import type { Context } from '../world/context.ts'
import type { JournalEntry } from '../world/journal-entry.ts'
import type { ClnChannel, ClnNodeState, ClnPeer, ClnStateName, ClnTask } from './state.ts'

/** A simulated Core Lightning node and the world that it is in. */
export type Own = { readonly ctx: Context; readonly node: ClnNodeState }

/** What the relay beside the node posts goes without reasons: a Core Lightning node has none of LDK's. */
export function emit({ ctx, node }: Own, event: Parameters<Context['emit']>[1]): void {
  ctx.emit({ name: node.name, behaviour: { forwardReasons: false } }, event)
}

/** Writes a line of the journal. */
export function note(
  { ctx, node }: Own,
  type: JournalEntry['type'],
  subject: { readonly channel?: ClnChannel; readonly txid?: string } = {},
  detail: JournalEntry['detail'] = {},
): number {
  return ctx.note(type, { node, ...subject }, detail)
}

/** Has something happen after so much time. */
export function plan({ ctx, node }: Own, delayMs: number, task: ClnTask): void {
  ctx.plan(delayMs, { type: 'cln', node: node.name, task })
}

/** The channel of that id, if the node has it. */
export function channelNamed(node: ClnNodeState, channelId: unknown): ClnChannel | undefined {
  return node.channels.find((channel) => channel.channelId === channelId)
}

/** The peer of that id, or the only one; throws if there is none. */
export function peerNamed(node: ClnNodeState, peerId?: string): ClnPeer {
  const peer = peerId === undefined ? node.peers[0] : node.peers.find(({ nodeId }) => nodeId === peerId)
  if (peer === undefined) throw new Error(`${node.name} has no peer ${peerId ?? ''}`)
  return peer
}

/** Whether the channel is on its way on chain: channeld serves it no more. */
export function isClosing(channel: ClnChannel): boolean {
  return channel.state === 'AWAITING_UNILATERAL' || channel.state === 'ONCHAIN'
}

/** Changes a channel's state, with its line in `state_changes`. */
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
