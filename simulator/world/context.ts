import type { Chain } from '../chain/chain.ts'
import type { JournalEntry } from './journal-entry.ts'
import type { KeyRing } from './keys.ts'
import type { Channel, NodeState, RelayEvent, Task, WorldState } from './state.ts'

/** Whom and what a journal entry is about. */
export type Subject = {
  readonly node?: { readonly name: string }
  readonly channel?: { readonly channelId: string }
  readonly txid?: string
}

/** The node beside which a relay stands. */
export type Reporter = {
  readonly name: string
  readonly behaviour: { readonly forwardReasons: boolean }
}

/** What every part of a world works with. Nothing is kept outside `state` that cannot be derived from it. */
export type Context = {
  readonly state: WorldState
  readonly chain: Chain
  readonly keys: KeyRing
  /** A fresh number. */
  serial(): number
  /** Writes a line of the journal; answers its serial. */
  note(type: JournalEntry['type'], subject: Subject, detail?: JournalEntry['detail']): number
  /** Posts what the relay beside a node would. */
  emit(node: Reporter, event: Omit<RelayEvent, 'id' | 'at'>): void
  /** Has something happen after so much time. */
  plan(delayMs: number, task: Task): void
}

/** The node of that name; throws if there is none. */
export function nodeNamed(state: WorldState, name: string): NodeState {
  const node = state.nodes.find((candidate) => candidate.name === name)
  if (node === undefined) throw new Error(`no node ${name}`)
  return node
}

/** The channel of that id; throws if the node has none. */
export function channelOf(node: NodeState, channelId: string): Channel {
  const channel = node.disk.channels.find((candidate) => candidate.channelId === channelId)
  if (channel === undefined) throw new Error(`${node.name} has no channel ${channelId}`)
  return channel
}

/** Whether a channel is ready, not shutting down, and has its peer: ldk-node's `is_usable`. */
export function isUsable(node: NodeState, channel: Channel): boolean {
  return channel.status === 'open' && channel.opening === null && isConnected(node, channel)
}

/** Whether the channel's peer is connected. */
export function isConnected(node: NodeState, channel: Channel): boolean {
  return node.peers.some((peer) => peer.nodeId === channel.peerId && peer.connected)
}
