import type { ChannelSnapshot } from '../ports/node.ts'
import type { BalanceSignals, Splice } from '../splice/splice.ts'

/**
 * The balance signals of a channel: claimable + the fee of its transaction − outbound, and value − outbound − inbound.
 */
export function balanceSignalsOf(channel: ChannelSnapshot): BalanceSignals {
  const outboundSats = Math.floor(channel.outboundMsat / 1_000)
  const claimable =
    channel.claimableSats === null ? null : channel.claimableSats + (channel.closeFeeSats ?? 0) - outboundSats
  return {
    claimableSats: claimable,
    reservedSats: channel.capacitySats - outboundSats - Math.floor(channel.inboundMsat / 1_000),
  }
}

/**
 * Whether a balance signal moved away from its baseline (gate `no_candidate`). A move of less than half the
 * amount is Lightning traffic.
 */
export function balanceMoved(splice: Splice, balanceSignals: BalanceSignals): boolean {
  const baseline = splice.baseline
  if (baseline === null) return false
  const away = (now: number | null, before: number | null): boolean =>
    now !== null && before !== null && Math.abs(now - before) * 2 >= splice.amountSats
  return (
    away(balanceSignals.claimableSats, baseline.claimableSats) ||
    away(balanceSignals.reservedSats, baseline.reservedSats)
  )
}
