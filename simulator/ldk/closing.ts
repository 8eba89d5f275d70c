import { closeTransaction, cooperativeClose, currentCommitment } from './close-transaction.ts'
import { isConnected, type Context } from '../world/context.ts'
import { fundingFeeRates } from './contribution.ts'
import { failRound, loseContribution } from './rounds.ts'
import type { Channel, NodeState } from '../world/state.ts'
import { newAddress } from './wallet.ts'

/** Closes with the peer: now if it is connected, otherwise once it reconnects. */
export function closeCooperatively(ctx: Context, node: NodeState, channel: Channel): void {
  if (channel.status === 'closed') throw new Error('the channel is closed')
  if (channel.status === 'open') {
    channel.status = 'shutting_down'
    ctx.note('closing', { node, channel })
    dropSplices(ctx, node, channel)
  }
  if (!isConnected(node, channel)) return
  const peer = node.peers.find((candidate) => candidate.nodeId === channel.peerId)
  const scripts = {
    ours: newAddress(ctx, node.name).script,
    theirs: newAddress(ctx, peer?.name ?? channel.peerId).script,
  }
  close(ctx, node, channel, 'cooperative', cooperativeClose(ctx, channel, scripts, fundingFeeRates(ctx).estimate))
}

export function closeByForce(ctx: Context, node: NodeState, channel: Channel, why: string): void {
  if (channel.status === 'closed') throw new Error('the channel is closed')
  ctx.note('closing', { node, channel }, { why })
  dropSplices(ctx, node, channel)
  close(ctx, node, channel, 'force', currentCommitment(ctx, channel))
}

function close(ctx: Context, node: NodeState, channel: Channel, how: 'cooperative' | 'force', hex: string): void {
  channel.status = 'closed'
  channel.closing = { how, hex }
  const best = closeTransaction(ctx, channel)
  const rejection = best === null ? 'already spent' : ctx.chain.broadcast(best)
  ctx.note('closed', { node, channel }, { how, rejection })
  ctx.emit(node, { type: 'channel_state_changed', channelId: channel.channelId })
}

function dropSplices(ctx: Context, node: NodeState, channel: Channel): void {
  failRound(ctx, node, channel, 'ChannelClosing')
  const { queued } = channel
  channel.queued = null
  if (queued !== null) loseContribution(ctx, node, channel, queued, 'ChannelClosing')
}
