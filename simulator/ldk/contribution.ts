import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import { canTakeOut } from './balance.ts'
import type { Context } from '../world/context.ts'
import { selectCoins, shareOf } from './share.ts'
import type { Channel, Contribution, NodeState } from '../world/state.ts'
import { confirmedCoins, lockedOutpoints, newAddress } from './wallet.ts'

/** ldk-node's target for splices, its feerate without an estimate, and its minimum (docs/reference/ldk.md 3.2). */
const CHANNEL_FUNDING_TARGET_BLOCKS = 12
const FALLBACK_FEERATE_SAT_PER_KW = 1000
const FLOOR_FEERATE_SAT_PER_KW = 253

/** ldk-node's feerate for a splice and the maximum that it accepts, in sat per 1000 weight. */
export function fundingFeeRates(ctx: Context): { readonly estimate: number; readonly max: number } {
  const asked = ctx.chain.feeRateSatPerKw(CHANNEL_FUNDING_TARGET_BLOCKS) ?? FALLBACK_FEERATE_SAT_PER_KW
  const estimate = Math.max(asked, FLOOR_FEERATE_SAT_PER_KW)
  return { estimate, max: Math.floor((estimate * 3) / 2) }
}

/** LDK's minimum for a replacement: `max(prev + 25, floor(prev * 25 / 24))` (docs/reference/ldk.md 3.1). */
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

/** Whether LDK holds a pending splice: a negotiated candidate, or a round past quiescence. */
export function hasPendingSplice(channel: Channel): boolean {
  const { negotiation } = channel
  return channel.candidates.length > 0 || (negotiation !== null && negotiation.phase !== 'quiescence')
}

/**
 * Whether two contributions share an input or an output script. The amount does not matter (docs/reference/ldk.md 1.3).
 */
export function overlap(a: Contribution, b: Contribution): boolean {
  const parts = (contribution: Contribution): (Outpoint | null)[] => [
    contribution.script,
    contribution.changeScript,
    ...contribution.coins.map((coin) => coin.outpoint),
  ]
  return parts(a).some((part) => part !== null && parts(b).includes(part))
}

export function pendingContributions(channel: Channel): Contribution[] {
  const { negotiation } = channel
  const negotiating = negotiation === null || negotiation.phase === 'quiescence' ? null : negotiation.ours
  return [...channel.candidates.map((candidate) => candidate.ours), negotiating].filter((ours) => ours !== null)
}

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

/** A splice-in from free wallet coins, at the given feerate or the estimate; null if the coins do not suffice. */
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

/** The same request at a higher feerate. A splice-in selects other coins if its own no longer suffice. */
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

/** Whether the balance covers a contribution and only its own candidates spend its coins. */
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
