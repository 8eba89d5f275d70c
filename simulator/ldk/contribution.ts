import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import { canTakeOut } from './balance.ts'
import type { Context } from '../world/context.ts'
import { selectCoins, shareOf } from './share.ts'
import type { Channel, Contribution, NodeState } from '../world/state.ts'
import { confirmedCoins, lockedOutpoints, newAddress } from './wallet.ts'

/** ldk-node's target for splices, its feerate without an estimate, and its floor (docs/reference/ldk.md 3.2). */
const CHANNEL_FUNDING_TARGET_BLOCKS = 12
const FALLBACK_FEERATE_SAT_PER_KW = 1000
const FLOOR_FEERATE_SAT_PER_KW = 253

/** ldk-node's feerate for a splice and the most that it lets one cost, in sat per 1000 weight. */
export function fundingFeeRates(ctx: Context): { readonly estimate: number; readonly max: number } {
  const asked = ctx.chain.feeRateSatPerKw(CHANNEL_FUNDING_TARGET_BLOCKS) ?? FALLBACK_FEERATE_SAT_PER_KW
  const estimate = Math.max(asked, FLOOR_FEERATE_SAT_PER_KW)
  return { estimate, max: Math.floor((estimate * 3) / 2) }
}

/** LDK's least feerate for a replacement: `max(prev + 25, floor(prev * 25 / 24))` (docs/reference/ldk.md 3.1). */
export function minRbfFeeRateSatPerKw(previous: number): number {
  return Math.max(previous + 25, Math.floor((previous * 25) / 24))
}

/** Whether a replacement of the pending candidate may start (`can_initiate_rbf`, docs/reference/ldk.md 3.1). */
export function canInitiateRbf(channel: Channel): boolean {
  return (
    channel.lockDepth > 0 &&
    channel.candidates.length > 0 &&
    (channel.negotiation === null || channel.negotiation.phase === 'quiescence') &&
    channel.lockSentTxid === null
  )
}

/** Whether LDK keeps a pending splice: a negotiated candidate, or a round past quiescence. */
export function hasPendingSplice(channel: Channel): boolean {
  const { negotiation } = channel
  return channel.candidates.length > 0 || (negotiation !== null && negotiation.phase !== 'quiescence')
}

/** Whether two contributions share an input or an output script; the amount does not matter (docs/reference/ldk.md 1.3). */
export function overlap(a: Contribution, b: Contribution): boolean {
  const parts = (contribution: Contribution): (Outpoint | null)[] => [
    contribution.script,
    contribution.changeScript,
    ...contribution.coins.map((coin) => coin.outpoint),
  ]
  return parts(a).some((part) => part !== null && parts(b).includes(part))
}

/** Contributions of ours in the pending rounds of a channel. */
export function pendingContributions(channel: Channel): Contribution[] {
  const { negotiation } = channel
  const negotiating = negotiation === null || negotiation.phase === 'quiescence' ? null : negotiation.ours
  return [...channel.candidates.map((candidate) => candidate.ours), negotiating].filter(
    (ours) => ours !== null,
  )
}

/** A splice-out to a script (hex). */
export function spliceOutContribution(ctx: Context, amountSats: number, script: string): Contribution {
  const { estimate, max } = fundingFeeRates(ctx)
  return {
    id: `contribution-${ctx.serial()}`,
    kind: 'splice_out',
    amountSats,
    script,
    coins: [],
    changeScript: null,
    feeRateSatPerKw: estimate,
    maxFeeRateSatPerKw: max,
  }
}

/** A splice-in from a wallet's free coins, at the estimate or the given feerate; null if they do not pay for it. */
export function spliceInContribution(
  ctx: Context,
  owner: string,
  amountSats: number,
  locked: ReadonlySet<Outpoint>,
  feeRateSatPerKw: number | null = null,
): Contribution | null {
  const { estimate, max } = fundingFeeRates(ctx)
  const feeRate = feeRateSatPerKw ?? estimate
  const free = confirmedCoins(ctx, owner).filter((coin) => !locked.has(coin.outpoint))
  const coins = selectCoins(free, amountSats, true, feeRate)
  if (coins === null) return null
  return {
    id: `contribution-${ctx.serial()}`,
    kind: 'splice_in',
    amountSats,
    script: null,
    coins,
    changeScript: newAddress(ctx, owner).script,
    feeRateSatPerKw: feeRate,
    maxFeeRateSatPerKw: Math.max(max, feeRate),
  }
}

/** The same wish at a higher feerate; a splice-in whose coins no longer pay for it takes others too. */
export function repriced(
  ctx: Context,
  node: NodeState,
  prior: Contribution,
  feeRateSatPerKw: number,
): Contribution | null {
  const { max } = fundingFeeRates(ctx)
  const same = {
    ...prior,
    id: `contribution-${ctx.serial()}`,
    feeRateSatPerKw,
    maxFeeRateSatPerKw: Math.max(max, feeRateSatPerKw),
  }
  if (shareOf(same, true, feeRateSatPerKw) !== null) return same
  const ownCoins = new Set(prior.coins.map((coin) => coin.outpoint))
  const locked = new Set([...lockedOutpoints(node)].filter((outpoint) => !ownCoins.has(outpoint)))
  const free = confirmedCoins(ctx, node.name).filter(
    (coin) => !locked.has(coin.outpoint) && !ownCoins.has(coin.outpoint),
  )
  const coins = selectCoins([...prior.coins, ...free], prior.amountSats, true, feeRateSatPerKw)
  return coins === null ? null : { ...same, coins }
}

/** Whether a contribution can still be carried out: the balance covers it, its coins are unspent but by its own candidates. */
export function isAffordable(
  ctx: Context,
  channel: Channel,
  contribution: Contribution,
  feeRateSatPerKw: number,
): boolean {
  const share = shareOf(contribution, true, feeRateSatPerKw)
  if (share === null) return false
  if (contribution.kind === 'splice_out') return canTakeOut(channel, -share.netSats)
  const rivals = new Set(channel.candidates.map((candidate) => candidate.funding.txid))
  return contribution.coins.every((coin) => {
    const spender = ctx.chain.index.spender(coin.outpoint)
    return spender === null || rivals.has(spender.txid)
  })
}
