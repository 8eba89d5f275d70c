import { isDeepStrictEqual } from 'node:util'
import { discover } from '../ledger/discovery.ts'
import { channelKey, type ChannelState, type NodeState, type Versioned } from '../ports/records.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from '../ports/node.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import { messageOf, type Result } from '../values/result.ts'
import type { Network } from '../bitcoin/network.ts'

/** Earlier funding outpoints kept per channel, to recognise a node that was restored from a backup. */
const EARLIER_LIMIT = 50

/** An unchanged node is saved at most this often, for its `seenAt` and its balances. */
const SEEN_EVERY_MS = 300_000

/** A node and its channels as saved after a look, and the ids of the channels that changed. */
export type SavedNodeState = {
  readonly node: Versioned<NodeState>
  readonly channels: ReadonlyMap<string, ChannelState>
  readonly changed: readonly string[]
}

/**
 * Saves what a look at a node showed, if anything changed. The API accepts splices by this record and asks no
 * node. A refused credential pauses the node; an answer ends the pause. null: the look showed nothing that
 * could be saved, or another writer was faster.
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
    ports.telemetry.alarm("another node answers at the node's address", { node: configured.name })
    return null
  }
  const next = nodeState(look.value, item?.value ?? null)
  const saved = await saveChannelStates(configured, look.value, item?.value ?? null, ports)
  // Saved last: without this item, the next sweep is still the node's first, so a crash repeats that.
  const known = item !== null && next.seenAt - item.value.seenAt < SEEN_EVERY_MS
  const same = known && isDeepStrictEqual(lasting(item.value), lasting(next))
  const written = same || (await ports.store.putItem('node', configured.name, next, item?.version ?? 0))
  if (!written) return null
  const channels = new Map(saved.map(({ seen }) => [seen.channelId, seen]))
  const changed = saved.filter((each) => each.changed).map(({ seen }) => seen.channelId)
  const node = same ? item : { version: (item?.version ?? 0) + 1, value: next }
  return { node, channels, changed }
}

type SavedChannelState = { readonly seen: ChannelState; readonly changed: boolean }

/** Saves each listed channel and marks missing ones as gone. Returns the listed ones as saved. */
async function saveChannelStates(
  configured: ConfiguredNode,
  look: NodeLook,
  before: NodeState | null,
  ports: Ports,
): Promise<SavedChannelState[]> {
  const { name } = configured
  const keyOf = ({ channelId }: ChannelSnapshot): string => channelKey(name, channelId)
  const items = await Promise.all(look.channels.map((each) => ports.store.item('channel', keyOf(each))))
  const saved: SavedChannelState[] = []
  for (const [n, channel] of look.channels.entries()) {
    const item = items[n] ?? null
    const next = channelState(name, channel, look.observedAt, item?.value ?? null, before === null)
    const seen = await saveChannelState(configured, look.network, { item, next }, ports)
    if (seen !== null) saved.push(seen)
  }
  const listed = new Set(look.channels.map((channel) => channel.channelId))
  for (const channelId of (before?.channelIds ?? []).filter((id) => !listed.has(id))) {
    await markGone(name, channelId, ports)
  }
  return saved
}

/**
 * Brings the ledger up to a channel's funding outpoint. A fault of the ledger must not stop the save of the channel.
 */
async function withLedger(
  configured: ConfiguredNode,
  network: Network,
  seen: ChannelState,
  ports: Ports,
): Promise<ChannelState> {
  try {
    const ledger = await discover(configured, network, seen, ports)
    return ledger === seen.ledger ? seen : { ...seen, ledger }
  } catch (error) {
    ports.telemetry.alarm('the ledger could not be updated', {
      node: configured.name,
      error: messageOf(error),
    })
    return seen
  }
}

/** The part of a node that is worth a write at once. */
function lasting(node: NodeState): NodeState {
  return { ...node, seenAt: 0, balances: { walletSats: 0, outboundSats: [] } }
}

function nodeState(look: NodeLook, before: NodeState | null): NodeState {
  const channels = look.channels.toSorted((one, other) => (one.channelId < other.channelId ? -1 : 1))
  return {
    nodeId: look.nodeId,
    network: look.network,
    version: look.version,
    capabilities: look.capabilities,
    channelIds: channels.map(({ channelId }) => channelId),
    balances: {
      walletSats: look.spendableSats,
      outboundSats: channels.map(({ outboundMsat }) => Math.floor(outboundMsat / 1_000)),
    },
    processStarts: before?.processStarts ?? [],
    paused: null,
    relayEvents: before?.relayEvents ?? [],
    ...(before?.processedTip === undefined ? {} : { processedTip: before.processedTip }),
    seenAt: look.observedAt,
  }
}

/** Updates the ledger, then saves the channel. null: another writer was faster; the next sweep tries again. */
async function saveChannelState(
  configured: ConfiguredNode,
  network: Network,
  { item, next }: { readonly item: Versioned<ChannelState> | null; readonly next: ChannelState },
  ports: Ports,
): Promise<SavedChannelState | null> {
  const updated = await withLedger(configured, network, next, ports)
  if (item !== null && isDeepStrictEqual(shape(item.value), shape(updated))) return { seen: item.value, changed: false }
  const key = channelKey(next.node, next.channelId)
  if (!(await ports.store.putItem('channel', key, updated, item?.version ?? 0))) return null
  const { ledger } = updated
  const changed = item === null || !isDeepStrictEqual(shape({ ...item.value, ledger }), shape(updated))
  return { seen: updated, changed }
}

/** The part that is worth a write. Balances change with every payment, and are read from the node where needed. */
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
 * Where a channel's ledger begins: with its funding outpoint at the node's first sweep (or at the first sweep
 * that keeps a ledger), or with its open (`through: null`) if the channel appears later.
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
 * The newest funding outpoint ever seen stays the current one: if the node shows an older one, it was restored from a
 * backup. Before a channel is open, its funding outpoint may be replaced, and the replaced one may still confirm.
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

async function markGone(node: string, channelId: string, ports: Ports): Promise<void> {
  const key = channelKey(node, channelId)
  const item = await ports.store.item('channel', key)
  if (item === null || item.value.goneAt !== null) return
  await ports.store.putItem('channel', key, { ...item.value, goneAt: ports.clock.now() }, item.version)
}

/** Pauses a node that refuses our credential or configuration. The next look that it answers ends the pause. */
export async function pauseNode(node: string, message: string, ports: Ports): Promise<void> {
  const item = await ports.store.item('node', node)
  if (item === null || item.value.paused !== null) return
  const paused = { at: ports.clock.now(), message: message.slice(0, 300) }
  await ports.store.putItem('node', node, { ...item.value, paused }, item.version)
  ports.telemetry.alarm('node paused', { node })
}
