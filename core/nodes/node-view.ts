import type { FollowedChain } from '../ports/records.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from '../ports/node.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import { followChain } from '../chain/follow-chain.ts'
import { err, messageOf, type Result } from '../values/result.ts'
import { saveNodeState, type SavedNodeState } from './node-state.ts'

/** What a sweep saw at one node. `saved` and `chain` are null if they could not be read or saved. */
export type NodeView = {
  readonly look: Result<NodeLook, NodeFault>
  /** The look's channels by their ids. */
  readonly channels: ReadonlyMap<string, ChannelSnapshot>
  readonly saved: SavedNodeState | null
  readonly chain: FollowedChain | null
  /** The chain source's tip, if splices on this node that wait for a block have not all been processed at it. */
  readonly tipToProcess: string | null
}

/** Looks at a node once for all splices of a sweep, and saves the node, its channels and its chain. Never throws. */
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
    const saved = await saveNodeState(node, look, ports)
    view = { ...view, saved }
    if (look.ok) view = { ...view, ...(await followNodeChain(node, look.value, saved, ports)) }
  } catch (error) {
    // The next sweep saves again; this node's splices are still processed.
    ports.telemetry.alarm('a look could not be saved', { node: node.name, error: messageOf(error) })
  }
  return view
}

/** If an id is listed twice, the first entry counts, as in a search of the list. */
function channelsOf(look: Result<NodeLook, NodeFault>): ReadonlyMap<string, ChannelSnapshot> {
  const channels = look.ok ? look.value.channels : []
  return new Map(channels.toReversed().map((channel) => [channel.channelId, channel]))
}

/** Follows the chain of the node's network: the API counts confirmations from its tip, and orphans reveal reorgs. */
async function followNodeChain(
  { chain: source }: ConfiguredNode,
  { network }: NodeLook,
  saved: SavedNodeState | null,
  ports: Ports,
): Promise<Pick<NodeView, 'chain' | 'tipToProcess'>> {
  const item = await ports.store.item('chain', network)
  const before = item?.value ?? null
  const followed = await followChain(before, ports.clock.now(), source, ports.call())
  if (!followed.ok || followed.value === null) return { chain: null, tipToProcess: null }
  const { hash } = followed.value
  const isNew = followed.value !== before
  const written = !isNew || (await ports.store.putItem('chain', network, followed.value, item?.version ?? 0))
  // Nodes of one network race to save the same block.
  const chain = written ? followed.value : ((await ports.store.item('chain', network))?.value ?? null)
  if (chain?.hash !== hash) return { chain: null, tipToProcess: null }
  // The saved tip may come from another node's source while this one is behind.
  const tip = await source.tip(ports.call())
  const isUnprocessed = tip.ok && tip.value.hash === hash && saved !== null && saved.node.value.processedTip !== hash
  return { chain, tipToProcess: isUnprocessed ? hash : null }
}

/**
 * Records, per node, the last tip at which every splice that waits for a block was processed. Written last:
 * after a crash, the next sweep processes them again.
 */
export async function recordProcessedTip(
  views: ReadonlyMap<string, NodeView>,
  skipped: ReadonlySet<string>,
  ports: Ports,
): Promise<void> {
  for (const [name, { saved, tipToProcess }] of views) {
    if (saved === null || tipToProcess === null || skipped.has(name)) continue
    const { version, value } = saved.node
    await ports.store.putItem('node', name, { ...value, processedTip: tipToProcess }, version)
  }
}
