import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { parsed } from '../chain/transaction-index.ts'
import { fundingOutpoint } from '../ldk/splice-transaction.ts'
import { disconnect, stop } from './connection.ts'
import { actAt } from './cuts.ts'
import { ANNOUNCED_DEPTH } from './gate.ts'
import { noteLock } from './moves.ts'
import { isClosing, note, peerNamed, setState, type Own } from './own.ts'
import type { ClnChannel } from './state.ts'

/** Updates the node from the current chain: locks and announces what is deep enough. */
export function seeChain(own: Own): void {
  const { ctx, node } = own
  if (!node.alive || node.bitcoindDown) return
  node.height = ctx.chain.tip.height
  node.change = node.change.filter(({ outpoint }) => (ctx.chain.confirmations(splitOutpoint(outpoint).txid) ?? 0) === 0)
  for (const channel of node.channels) {
    checkLock(own, channel)
    announce(own, channel)
    const closing = channel.closeHex === null ? null : parsed(channel.closeHex).txid
    if (closing !== null && (ctx.chain.confirmations(closing) ?? 0) > 0)
      setState(own, channel, 'ONCHAIN', 'onchain', 'Onchain init reply')
  }
}

/**
 * Locks a splice that is deep enough once both sides sent splice_locked. A splice that our database does not
 * record as signed never locks.
 */
export function checkLock(own: Own, channel: ClnChannel): void {
  const { ctx, node } = own
  const peer = peerNamed(node, channel.peerId)
  if (channel.state !== 'CHANNELD_AWAITING_SPLICE' || isClosing(channel) || node.bitcoindDown) return
  if (!peer.connected || peer.frozenUntil !== null) return
  const lockable = channel.inflights.find(
    ({ signed, peerHas, funding }) =>
      signed && peerHas && (ctx.chain.confirmations(funding.txid) ?? 0) >= channel.lockDepth,
  )
  if (lockable === undefined) return
  const { txid } = lockable.funding
  note(own, 'splice_locked_sent', { channel, txid })
  for (const by of ['us', 'peer'] as const) {
    // After a reconnection, both sides send splice_locked again.
    const act = actAt(own, channel, { by, when: 'before', message: 'SPLICE_LOCKED' })
    if (act?.type === 'kill_node') return stop(own)
    if (act !== null) return disconnect(own, peer, node.behaviour.reconnectMs)
  }
  if (!channel.peerLocks) return
  noteLock(own, channel, lockable)
  channel.ourMsat += lockable.ours ? lockable.spliceAmountSats * 1000 : 0
  channel.funding = lockable.funding
  channel.inflights = []
  channel.negotiation = null
  note(own, 'promoted', { channel, txid }, { valueSats: lockable.funding.valueSats })
  channel.status = 'CHANNELD_NORMAL:Channel ready for use.'
  setState(own, channel, 'CHANNELD_NORMAL', 'user', 'Lockin complete')
}

/** Gossip shows the new short channel id from 6 confirmations on. */
function announce({ ctx }: Own, channel: ClnChannel): void {
  const depth = ctx.chain.confirmations(channel.funding.txid) ?? 0
  const shortChannelId = shortChannelIdOf({ ctx }, channel)
  if (depth < ANNOUNCED_DEPTH || shortChannelId === null || isClosing(channel)) return
  channel.announced = { shortChannelId, amountSats: channel.funding.valueSats }
}

/** The funding's block height, position in the block and output index; null if it is unconfirmed. */
export function shortChannelIdOf({ ctx }: Pick<Own, 'ctx'>, channel: ClnChannel): string | null {
  const { txid, vout } = splitOutpoint(fundingOutpoint(channel.funding))
  const block = ctx.chain.transaction(txid)?.block ?? null
  if (block === null) return null
  // The stored block omits its coinbase, which is at position 0.
  const position = block.transactions.findIndex((hex) => parsed(hex).txid === txid) + 1
  return `${block.height}x${position}x${vout}`
}
