import { isDeepStrictEqual } from 'node:util'
import type { ChannelSeen, NodeSeen } from './items.ts'
import { channelKey } from './items.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from './node.ts'
import type { ConfiguredNode, Ports } from './ports.ts'
import type { Result } from './result.ts'

/** Earlier funding outpoints kept of a channel, to recognise a node that was restored from an old state. */
const EARLIER_LIMIT = 50

/** A node that does not change is written down as seen no more often than this. */
const SEEN_EVERY_MS = 300_000

/**
 * Writes down what a look at a node showed, on change only: accepting a splice touches no node, it reads this (design
 * section 3). A refused credential pauses the node; an answer lifts the pause.
 */
export async function noteNode(
  configured: ConfiguredNode,
  look: Result<NodeLook, NodeFault>,
  ports: Ports,
): Promise<void> {
  if (!look.ok) {
    ports.telemetry.count(`look.${look.error.class}`)
    if (look.error.class === 'config') await pauseNode(configured.name, look.error.message, ports)
    return
  }
  const item = await ports.store.item('node', configured.name)
  const pinned = configured.nodeId ?? item?.value.nodeId ?? look.value.nodeId
  if (pinned !== look.value.nodeId) {
    ports.telemetry.alarm('another node answers at the address', { node: configured.name })
    return
  }
  const next = nodeSeen(look.value, item?.value ?? null)
  const known = item !== null && next.seenAt - item.value.seenAt < SEEN_EVERY_MS
  if (!known || !isDeepStrictEqual({ ...item.value, seenAt: 0 }, { ...next, seenAt: 0 })) {
    await ports.store.putItem('node', configured.name, next, item?.version ?? 0)
  }
  for (const channel of look.value.channels)
    await noteChannel(configured.name, channel, look.value.observedAt, ports)
  const listed = new Set(next.channelIds)
  for (const channelId of (item?.value.channelIds ?? []).filter((id) => !listed.has(id))) {
    await noteGone(configured.name, channelId, ports)
  }
}

function nodeSeen(look: NodeLook, before: NodeSeen | null): NodeSeen {
  const can = look.capabilities
  return {
    nodeId: look.nodeId,
    network: look.network,
    version: look.version,
    software: can.software,
    spliceIn: can.spliceIn,
    spliceOut: can.spliceOut,
    toAddress: can.toAddress,
    bump: can.bump,
    feeCap: can.feeCap,
    overlapGuard: can.overlapGuard,
    slotScope: can.slotScope,
    channelIds: look.channels.map((channel) => channel.channelId).sort(),
    processStarts: before?.processStarts ?? [],
    paused: null,
    relayEvents: before?.relayEvents ?? [],
    seenAt: look.observedAt,
  }
}

async function noteChannel(node: string, channel: ChannelSnapshot, at: number, ports: Ports): Promise<void> {
  const key = channelKey(node, channel.channelId)
  const item = await ports.store.item('channel', key)
  const next = channelSeen(node, channel, at, item?.value ?? null)
  if (item !== null && isDeepStrictEqual(shape(item.value), shape(next))) return
  await ports.store.putItem('channel', key, next, item?.version ?? 0)
}

/** What is worth a write. Balances move with every payment; they are asked of the node where they matter. */
function shape(channel: ChannelSeen): ChannelSeen {
  return { ...channel, outboundMsat: 0, inboundMsat: 0 }
}

function channelSeen(
  node: string,
  channel: ChannelSnapshot,
  at: number,
  before: ChannelSeen | null,
): ChannelSeen {
  return {
    node,
    channelId: channel.channelId,
    userChannelId: channel.userChannelId,
    peerId: channel.peerId,
    ...fundingSeen(channel, at, before),
    capacitySats: channel.capacitySats,
    outboundMsat: channel.outboundMsat,
    inboundMsat: channel.inboundMsat,
    peerConnected: channel.peerConnected,
    connectedSince: channel.peerConnected ? (before?.connectedSince ?? at) : null,
    ready: channel.ready,
    closing: channel.closing,
    lockDepth: channel.lockDepth,
    goneAt: null,
  }
}

/** The newest funding outpoint ever seen stays the current one: an older one means that the node went back. */
function fundingSeen(
  channel: ChannelSnapshot,
  at: number,
  before: ChannelSeen | null,
): Pick<ChannelSeen, 'funding' | 'fundingSince' | 'earlier'> {
  const { funding } = channel
  if (before === null) return { funding, fundingSince: at, earlier: [] }
  const known = funding === null || funding === before.funding || before.earlier.includes(funding)
  if (known) return { funding: before.funding, fundingSince: before.fundingSince, earlier: before.earlier }
  const earlier = before.funding === null ? before.earlier : [...before.earlier, before.funding]
  return { funding, fundingSince: at, earlier: earlier.slice(-EARLIER_LIMIT) }
}

async function noteGone(node: string, channelId: string, ports: Ports): Promise<void> {
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
