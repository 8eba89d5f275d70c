import { isDeepStrictEqual } from 'node:util'
import { discover } from '../ledger/discovery.ts'
import type { ChannelState, NodeState, Versioned } from '../ports/records.ts'
import { channelKey } from '../ports/records.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from '../ports/node.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import { messageOf } from '../values/result.ts'
import type { Result } from '../values/result.ts'
import type { Network } from '../bitcoin/network.ts'

/** Earlier funding outpoints kept of a channel, to recognise a node that was restored from an old state. */
const EARLIER_LIMIT = 50

/** A node that does not change is written down as seen no more often than this. */
const SEEN_EVERY_MS = 300_000

/** A node and its channels as they stand in the table after a look, and the channels that it has changed. */
export type SavedNodeState = {
  readonly node: Versioned<NodeState>
  readonly channels: ReadonlyMap<string, ChannelState>
  readonly changed: readonly string[]
}

/**
 * Writes down what a look at a node showed, on change only: accepting a splice touches no node, it reads this (design
 * section 3). A refused credential pauses the node; an answer lifts the pause. null: there was nothing to write down, or somebody
 * was faster.
 */
export async function saveNodeState(
  configured: ConfiguredNode,
  look: Result<NodeLook, NodeFault>,
  ports: Ports,
): Promise<SavedNodeState | null> {
  if (!look.ok) {
    ports.telemetry.count(`look.${look.error.class}`)
    if (look.error.class === 'config') await pauseNode(configured.name, look.error.message, ports)
    return null
  }
  const item = await ports.store.item('node', configured.name)
  const pinned = configured.nodeId ?? item?.value.nodeId ?? look.value.nodeId
  if (pinned !== look.value.nodeId) {
    ports.telemetry.alarm('another node answers at the address', { node: configured.name })
    return null
  }
  const next = nodeState(look.value, item?.value ?? null)
  const noted = await saveChannelStates(configured, look.value, item?.value ?? null, ports)
  // After the channels: what of them was there at a node's first sweep is known by this item, and a crash repeats it.
  const known = item !== null && next.seenAt - item.value.seenAt < SEEN_EVERY_MS
  const same = known && isDeepStrictEqual({ ...item.value, seenAt: 0 }, { ...next, seenAt: 0 })
  const written = same || (await ports.store.putItem('node', configured.name, next, item?.version ?? 0))
  if (!written) return null
  const channels = new Map(noted.map(({ seen }) => [seen.channelId, seen]))
  const changed = noted.filter((each) => each.changed).map(({ seen }) => seen.channelId)
  const node = same ? item : { version: (item?.version ?? 0) + 1, value: next }
  return { node, channels, changed }
}

type SavedChannelState = { readonly seen: ChannelState; readonly changed: boolean }

/** Writes each channel down, and which have gone; answers the listed ones as they stand in the table. */
async function saveChannelStates(
  configured: ConfiguredNode,
  look: NodeLook,
  before: NodeState | null,
  ports: Ports,
): Promise<SavedChannelState[]> {
  const { name } = configured
  const keyOf = ({ channelId }: ChannelSnapshot): string => channelKey(name, channelId)
  const items = await Promise.all(look.channels.map((each) => ports.store.item('channel', keyOf(each))))
  const noted: SavedChannelState[] = []
  for (const [n, channel] of look.channels.entries()) {
    const item = items[n] ?? null
    const next = channelState(name, channel, look.observedAt, item?.value ?? null, before === null)
    const seen = await saveChannelState(configured, look.network, { item, next }, ports)
    if (seen !== null) noted.push(seen)
  }
  const listed = new Set(look.channels.map((channel) => channel.channelId))
  for (const channelId of (before?.channelIds ?? []).filter((id) => !listed.has(id))) {
    await saveGone(name, channelId, ports)
  }
  return noted
}

/** Nothing that goes wrong with the ledger keeps anything else from being written down. */
async function follow(
  configured: ConfiguredNode,
  network: Network,
  seen: ChannelState,
  ports: Ports,
): Promise<ChannelState> {
  try {
    const ledger = await discover(configured, network, seen, ports)
    return ledger === seen.ledger ? seen : { ...seen, ledger }
  } catch (error) {
    ports.telemetry.alarm('the ledger could not be written', {
      node: configured.name,
      error: messageOf(error),
    })
    return seen
  }
}

function nodeState(look: NodeLook, before: NodeState | null): NodeState {
  return {
    nodeId: look.nodeId,
    network: look.network,
    version: look.version,
    capabilities: look.capabilities,
    channelIds: look.channels.map((channel) => channel.channelId).sort(),
    processStarts: before?.processStarts ?? [],
    paused: null,
    relayEvents: before?.relayEvents ?? [],
    ...(before?.processedTip === undefined ? {} : { processedTip: before.processedTip }),
    seenAt: look.observedAt,
  }
}

/** Brings the ledger up to what is seen of a channel, then writes that down. null: somebody was faster, and the next sweep goes on. */
async function saveChannelState(
  configured: ConfiguredNode,
  network: Network,
  { item, next }: { readonly item: Versioned<ChannelState> | null; readonly next: ChannelState },
  ports: Ports,
): Promise<SavedChannelState | null> {
  const followed = await follow(configured, network, next, ports)
  if (item !== null && isDeepStrictEqual(shape(item.value), shape(followed)))
    return { seen: item.value, changed: false }
  const key = channelKey(next.node, next.channelId)
  if (!(await ports.store.putItem('channel', key, followed, item?.version ?? 0))) return null
  const { ledger } = followed
  const changed = item === null || !isDeepStrictEqual(shape({ ...item.value, ledger }), shape(followed))
  return { seen: followed, changed }
}

/** What is worth a write. Balances move with every payment; they are asked of the node where they matter. */
function shape(channel: ChannelState): ChannelState {
  return { ...channel, outboundMsat: 0, inboundMsat: 0 }
}

function channelState(
  node: string,
  channel: ChannelSnapshot,
  at: number,
  before: ChannelState | null,
  isFirst: boolean,
): ChannelState {
  const funded = fundingSeen(channel, at, before)
  return {
    node,
    channelId: channel.channelId,
    userChannelId: channel.userChannelId,
    peerId: channel.peerId,
    ...funded,
    capacitySats: channel.capacitySats,
    outboundMsat: channel.outboundMsat,
    inboundMsat: channel.inboundMsat,
    peerConnected: channel.peerConnected,
    connectedSince: channel.peerConnected ? (before?.connectedSince ?? at) : null,
    ready: channel.ready,
    closing: channel.closing,
    lockDepth: channel.lockDepth,
    goneAt: null,
    ...ledgerSeen(before, funded.funding, isFirst),
  }
}

/**
 * Where the ledger begins: with the funding that stands at a node's first sweep, or at the first one that keeps a ledger;
 * of a channel that comes later, with its open.
 */
function ledgerSeen(
  before: ChannelState | null,
  funding: Outpoint | null,
  isFirst: boolean,
): Pick<ChannelState, 'ledger'> {
  if (before?.ledger !== undefined) return { ledger: before.ledger }
  if (before === null && !isFirst) return { ledger: { through: null } }
  const through = before?.funding ?? funding
  return through === null ? {} : { ledger: { through } }
}

/**
 * The newest funding outpoint ever seen stays the current one: an older one means that the node went back. Before a channel is
 * open, its funding may be replaced, and the replaced one may confirm after all.
 */
function fundingSeen(
  channel: ChannelSnapshot,
  at: number,
  before: ChannelState | null,
): Pick<ChannelState, 'funding' | 'fundingSince' | 'earlier'> {
  const { funding } = channel
  if (before === null) return { funding, fundingSince: at, earlier: [] }
  const known = funding === null || funding === before.funding || before.earlier.includes(funding)
  if (known) return { funding: before.funding, fundingSince: before.fundingSince, earlier: before.earlier }
  const opening = !before.ready && !before.closing && before.earlier.length === 0
  if (before.funding === null || opening) return { funding, fundingSince: at, earlier: before.earlier }
  return { funding, fundingSince: at, earlier: [...before.earlier, before.funding].slice(-EARLIER_LIMIT) }
}

async function saveGone(node: string, channelId: string, ports: Ports): Promise<void> {
  const key = channelKey(node, channelId)
  const item = await ports.store.item('channel', key)
  if (item === null || item.value.goneAt !== null) return
  await ports.store.putItem('channel', key, { ...item.value, goneAt: ports.clock.now() }, item.version)
}

/** Marks a node paused: its credential or configuration is refused. The next sweep that it answers lifts it. */
export async function pauseNode(node: string, message: string, ports: Ports): Promise<void> {
  const item = await ports.store.item('node', node)
  if (item === null || item.value.paused !== null) return
  const paused = { at: ports.clock.now(), message: message.slice(0, 300) }
  await ports.store.putItem('node', node, { ...item.value, paused }, item.version)
  ports.telemetry.alarm('node paused', { node })
}
