import type { Chain } from '../chain/chain.ts'
import type { JournalEntry } from './journal-entry.ts'
import type { KeyRing } from './keys.ts'
import type { Channel, NodeState, RelayEvent, Task, WorldState } from './state.ts'

/** The node, channel and transaction that a journal entry is about. */
export type Subject = {
  readonly node?: { readonly name: string }
  readonly channel?: { readonly channelId: string }
  readonly txid?: string
}

/** The node that a relay is attached to. */
export type Reporter = {
  readonly name: string
  readonly behaviour: { readonly forwardReasons: boolean }
}

/** What every part of a world works with. All data that cannot be derived lives in `state`. */
export type Context = {
  readonly state: WorldState
  readonly chain: Chain
  readonly keys: KeyRing
  serial(): number
  note(type: JournalEntry['type'], subject: Subject, detail?: JournalEntry['detail']): number
  /** Emits an event that the node's relay would post. */
  emit(node: Reporter, event: Omit<RelayEvent, 'id' | 'at'>): void
  plan(delayMs: number, task: Task): void
}

/** Returns the node with that name; throws if there is none. */
export function nodeNamed(state: WorldState, name: string): NodeState {
  const node = state.nodes.find((candidate) => candidate.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  return node
}

/** Returns the channel with that id; throws if the node has none. */
export function channelOf(node: NodeState, channelId: string): Channel {
  const channel = node.disk.channels.find((candidate) => candidate.channelId === channelId)
  if (channel === undefined) throw new Error(`${node.name} has no channel ${channelId}`)
  return channel
}

/** ldk-node's `is_usable`: the channel is ready, not shutting down, and its peer is connected. */
export function isUsable(node: NodeState, channel: Channel): boolean {
  return channel.status === 'open' && channel.opening === null && isConnected(node, channel)
}

export function isConnected(node: NodeState, channel: Channel): boolean {
  return node.peers.some((peer) => peer.nodeId === channel.peerId && peer.connected)
}
