import { outpointOf, type Outpoint } from '../../core/bitcoin/outpoint.ts'
import { broadcastOpen } from './broadcast.ts'
import { isConnected, type Context } from '../world/context.ts'
import { fundingFeeRates, minRbfFeeRateSatPerKw, spliceInContribution } from './contribution.ts'
import { channelIdOf, freshChannel } from '../world/fresh-channel.ts'
import { bytesOf, digest, hexOf } from '../world/keys.ts'
import { checkLock } from './lock.ts'
import { buildOpen } from './open-transaction.ts'
import { peerOf } from './peers.ts'
import type { Channel, Contribution, NodeState, OpenCandidate, Opening, Peer } from '../world/state.ts'
import type { OpenOptions } from '../world/steering.ts'
import { lockedOutpoints } from './wallet.ts'

const DEFAULT_LOCK_DEPTH = 6
/** LDK opens no smaller channel. */
const MIN_VALUE_SATS = 1000

/** Opens a channel: signs and broadcasts its funding transaction. Throws if a real node could not. */
export function openChannel(ctx: Context, node: NodeState, options: OpenOptions): Channel {
  const { valueSats, isOutbound = true, funding = 'dual', lockDepth = DEFAULT_LOCK_DEPTH } = options
  const peer = peerOf(node)
  if (!peer.connected) throw new Error('the peer is not connected')
  const oursSats = options.oursSats ?? defaultShareSats(valueSats, funding, isOutbound)
  if (valueSats < MIN_VALUE_SATS) throw new Error('the value is too small for a channel')
  if (oursSats < 0 || oursSats > valueSats) throw new Error('our share does not fit the value')
  const feeRateSatPerKw = options.feeRateSatPerKw ?? fundingFeeRates(ctx).estimate
  const keyPath = `${node.name}/channel/opened-${ctx.serial()}`
  const puts = putIn(funding, isOutbound, valueSats, oursSats)
  const opening: Opening = {
    funding,
    ours: contribution(ctx, node.name, puts.oursSats, isOutbound, lockedOutpoints(node), feeRateSatPerKw),
    theirs: contribution(ctx, peer.name, puts.theirsSats, !isOutbound, new Set(), feeRateSatPerKw),
    candidates: [],
  }
  const first = candidate(ctx, keyPath, opening, isOutbound, feeRateSatPerKw)
  opening.candidates.push(first)
  const channelId = openedIdOf(ctx, keyPath, opening, first)
  const channel = freshChannel(ctx.state.seed, {
    channelId,
    peerId: peer.nodeId,
    keyPath,
    isOutbound,
    lockDepth,
    funding: first.funding,
    opening,
    oursSats,
  })
  node.disk.channels.push(channel)
  const rejection = broadcastOpen(ctx, node, channel, first)
  const detail = { funding, valueSats, oursSats, isOutbound, lockDepth, feeRateSatPerKw, rejection }
  const { txid } = first.funding
  ctx.note('channel_opened', { node, channel, txid }, detail)
  ctx.emit(node, { type: 'channel_state_changed', channelId, txid })
  checkLock(ctx, node, channel)
  return channel
}

/**
 * Replaces the funding transaction of a dual-funded open by one with a higher feerate, from the same coins, and returns
 * its funding outpoint. The channel uses it until another one confirms. Throws if a real node cannot.
 */
export function replaceOpen(ctx: Context, node: NodeState, channel: Channel, feeRateSatPerKw: number | null): Outpoint {
  const newest = replaceable(ctx, node, channel)
  const least = minRbfFeeRateSatPerKw(newest.candidate.feeRateSatPerKw)
  const feeRate = feeRateSatPerKw ?? Math.max(least, fundingFeeRates(ctx).estimate)
  if (feeRate < least) throw new Error(`the feerate is under the minimum of ${least}`)
  const { opening } = newest
  const next = candidate(ctx, channel.keyPath, opening, channel.isOutbound, feeRate)
  opening.candidates.push(next)
  channel.funding = next.funding
  const rejection = broadcastOpen(ctx, node, channel, next)
  const { txid, vout } = next.funding
  const replaces = newest.candidate.funding.txid
  ctx.note('open_replaced', { node, channel, txid }, { replaces, feeRateSatPerKw: feeRate, rejection })
  return outpointOf(txid, vout)
}

function replaceable(
  ctx: Context,
  node: NodeState,
  channel: Channel,
): { readonly opening: Opening; readonly candidate: OpenCandidate } {
  const { opening } = channel
  const newest = opening?.candidates.at(-1)
  if (opening === null || newest === undefined || channel.status !== 'open')
    throw new Error('the channel is not being opened')
  if (opening.funding !== 'dual' || channel.lockDepth === 0)
    throw new Error('only a dual-funded open with a lock depth can be replaced')
  if (!isConnected(node, channel)) throw new Error('the peer is not connected')
  const confirmed = opening.candidates.some(({ funding }) => (ctx.chain.confirmations(funding.txid) ?? 0) > 0)
  if (confirmed) throw new Error('the open is confirmed: it cannot be replaced')
  return { opening, candidate: newest }
}

function defaultShareSats(valueSats: number, funding: Opening['funding'], isOutbound: boolean): number {
  if (funding === 'dual') return Math.floor(valueSats * 0.6)
  return isOutbound ? valueSats : 0
}

/** What each side puts in, without its fee. */
function putIn(
  funding: Opening['funding'],
  isOutbound: boolean,
  valueSats: number,
  oursSats: number,
): { readonly oursSats: number; readonly theirsSats: number } {
  if (funding === 'dual') return { oursSats, theirsSats: valueSats - oursSats }
  return isOutbound ? { oursSats: valueSats, theirsSats: 0 } : { oursSats: 0, theirsSats: valueSats }
}

function contribution(
  ctx: Context,
  owner: Peer['name'],
  amountSats: number,
  opens: boolean,
  locked: ReadonlySet<Outpoint>,
  feeRateSatPerKw: number,
): Contribution | null {
  // The opener pays a fee even if it contributes nothing.
  if (amountSats === 0 && !opens) return null
  const found = spliceInContribution(ctx, owner, amountSats, locked, feeRateSatPerKw)
  if (found === null) throw new Error(`${owner} does not have enough on chain`)
  return found
}

function candidate(
  ctx: Context,
  keyPath: string,
  opening: Opening,
  isOutbound: boolean,
  feeRateSatPerKw: number,
): OpenCandidate {
  const built = buildOpen(ctx, keyPath, opening, isOutbound, feeRateSatPerKw)
  if (built === null) throw new Error('the coins of the open do not cover this feerate')
  return built
}

/**
 * Dual-funded: derived from both sides' basepoints, so that a replacement keeps the id. Otherwise from the
 * funding outpoint (BOLT 2).
 */
function openedIdOf(ctx: Context, keyPath: string, opening: Opening, { funding }: OpenCandidate): string {
  if (opening.funding === 'dual') return hexOf(digest('channel', ctx.state.seed, keyPath))
  return channelIdOf(bytesOf(funding.txid).reverse(), funding.vout)
}
