import type { Context } from '../world/context.ts'
import { rebroadcast } from './broadcast.ts'
import { checkLock } from './lock.ts'
import { planReconnect } from './peers.ts'
import { failRound, loseContribution } from './rounds.ts'
import type { Disk, NodeState } from '../world/state.ts'

/**
 * Restarts the node's process. What is only in memory is lost (docs/reference/ldk.md 1.6): queued contributions without
 * a trace, negotiations with an event. Rounds that wait for signatures survive. Peers reconnect on their own.
 */
export function restart(ctx: Context, node: NodeState): void {
  stop(ctx, node)
  start(ctx, node)
}

export function saveBackup(ctx: Context, node: NodeState, name: string): void {
  const disk = structuredClone(node.disk)
  for (const channel of disk.channels) {
    channel.queued = null
    if (channel.negotiation?.phase !== 'awaiting_signatures') channel.negotiation = null
  }
  node.backups[name] = disk
  ctx.note('backup_saved', { node }, { name })
}

export function restoreBackup(ctx: Context, node: NodeState, name: string): void {
  const backup: Disk | undefined = node.backups[name]
  if (backup === undefined) throw new Error(`no backup ${name}`)
  stop(ctx, node)
  node.disk = structuredClone(backup)
  ctx.note('backup_restored', { node }, { name })
  start(ctx, node)
}

function stop(ctx: Context, node: NodeState): void {
  for (const peer of node.peers.filter((candidate) => candidate.connected)) {
    peer.connected = false
    ctx.note('peer_disconnected', { node }, { peer: peer.nodeId })
    ctx.emit(node, { type: 'peer_disconnected' })
  }
}

function start(ctx: Context, node: NodeState): void {
  node.processStartedAt = ctx.state.now
  ctx.note('process_started', { node })
  ctx.emit(node, { type: 'process_started' })
  for (const channel of node.disk.channels) {
    const { queued } = channel
    channel.queued = null
    if (queued !== null) {
      const reason = node.behaviour.reportsLostQueued ? 'PeerDisconnected' : null
      loseContribution(ctx, node, channel, queued, reason)
    }
    if (channel.negotiation?.phase === 'awaiting_signatures') channel.negotiation.timerSerial += 1
    else failRound(ctx, node, channel, 'PeerDisconnected')
    rebroadcast(ctx, node, channel)
    checkLock(ctx, node, channel)
  }
  for (const peer of node.peers) planReconnect(ctx, node, peer)
}
