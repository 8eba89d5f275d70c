import type { FollowedChain } from '../ports/records.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from '../ports/node.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import { followChain } from '../chain/follow-chain.ts'
import { err, messageOf } from '../values/result.ts'
import type { Result } from '../values/result.ts'
import type { SavedNodeState } from './node-state.ts'
import { saveNodeState } from './node-state.ts'

/** What a sweep saw at one node; null: it could not be seen, or not be written down. */
export type NodeView = {
  readonly look: Result<NodeLook, NodeFault>
  /** The look's channels by their ids. */
  readonly channels: ReadonlyMap<string, ChannelSnapshot>
  readonly saved: SavedNodeState | null
  readonly chain: FollowedChain | null
  /** The tip that its chain source has, if what waits for a block on this node was not all looked at with it yet. */
  readonly tipToProcess: string | null
}

/** Looks at a node once for all that a sweep feeds, and writes down what it shows, and its chain. Never throws. */
export async function lookAt(node: ConfiguredNode, ports: Ports): Promise<NodeView> {
  let view: NodeView = {
    look: err({ class: 'unreachable', message: 'the adapter failed' }),
    channels: new Map(),
    saved: null,
    chain: null,
    tipToProcess: null,
  }
  try {
    const look = await node.port.look(ports.call())
    view = { ...view, look, channels: channelsOf(look) }
    const noted = await saveNodeState(node, look, ports)
    view = { ...view, saved: noted }
    if (look.ok) view = { ...view, ...(await followNodeChain(node, look.value, noted, ports)) }
  } catch (error) {
    // What was seen is written down by the next sweep; the splices of this node are looked at all the same.
    ports.telemetry.alarm('a look could not be written down', { node: node.name, error: messageOf(error) })
  }
  return view
}

/** The first of equal ids, as whoever searches the list finds it. */
function channelsOf(look: Result<NodeLook, NodeFault>): ReadonlyMap<string, ChannelSnapshot> {
  const channels = look.ok ? look.value.channels : []
  return new Map(channels.toReversed().map((channel) => [channel.channelId, channel]))
}

/** Follows the chain of the node's network: the API counts confirmations with its tip, and orphans name what a reorg took. */
async function followNodeChain(
  { chain: source }: ConfiguredNode,
  { network }: NodeLook,
  noted: SavedNodeState | null,
  ports: Ports,
): Promise<Pick<NodeView, 'chain' | 'tipToProcess'>> {
  const item = await ports.store.item('chain', network)
  const before = item?.value ?? null
  const followed = await followChain(before, ports.clock.now(), source, ports.call())
  if (!followed.ok || followed.value === null) return { chain: null, tipToProcess: null }
  const { hash } = followed.value
  const isNew = followed.value !== before
  const written = !isNew || (await ports.store.putItem('chain', network, followed.value, item?.version ?? 0))
  // Nodes of one network race to write the same block down.
  const chain = written ? followed.value : ((await ports.store.item('chain', network))?.value ?? null)
  if (chain?.hash !== hash) return { chain: null, tipToProcess: null }
  // Another node's source may have told of the tip, and this one be behind.
  const tip = await source.tip(ports.call())
  const isOwed = tip.ok && tip.value.hash === hash && noted !== null && noted.node.value.processedTip !== hash
  return { chain, tipToProcess: isOwed ? hash : null }
}

/** Says of each node that all that waits for a block was looked at with this tip. Not said, it is looked at again. */
export async function recordProcessedTip(
  views: ReadonlyMap<string, NodeView>,
  missed: ReadonlySet<string>,
  ports: Ports,
): Promise<void> {
  for (const [name, { saved: noted, tipToProcess: owed }] of views) {
    if (noted === null || owed === null || missed.has(name)) continue
    const { version, value } = noted.node
    await ports.store.putItem('node', name, { ...value, processedTip: owed }, version)
  }
}
