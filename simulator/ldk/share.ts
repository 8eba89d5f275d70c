import type { Coin, Contribution } from '../world/state.ts'

/**
 * Weights of an interactive transaction, with the signature sizes that LDK assumes. The initiator pays for the common
 * fields, the shared input and the new funding output (BOLT 2, interactive transactions): 42 + 384 + 172.
 */
const COMMON_WEIGHT = 598
/** An open has no shared input. */
const OPEN_COMMON_WEIGHT = 214
const COIN_WEIGHT = 272
/** The wallet's coin selection rounds weights up, so a few more satoshis than requested reach the channel. */
const SELECTION_SLACK_WEIGHT = 16

const P2WPKH_DUST_SATS = 294
/** The most that a dropped change output adds to a splice-in (docs/reference/ldk.md 3.4). */
const MAX_SURPLUS_SATS = 330

/** One side's part of a round, its fee included. `netSats`: what it adds to that side's balance. */
export type Share = {
  readonly netSats: number
  readonly feeSats: number
  readonly coins: readonly Coin[]
  readonly outputs: readonly { readonly script: string; readonly amountSats: number }[]
}

/** The fee for a weight at a feerate in sat per 1000 weight. */
function feeFor(weight: number, feeRateSatPerKw: number): number {
  return Math.ceil((weight * feeRateSatPerKw) / 1000)
}

/** A side's part at a feerate; null if its coins do not suffice. A side may contribute nothing. */
export function shareOf(contribution: Contribution | null, initiates: boolean, feeRateSatPerKw: number): Share | null {
  const common = initiates ? COMMON_WEIGHT : 0
  if (contribution?.kind === 'splice_in') return shareOfSpliceIn(contribution, common, feeRateSatPerKw)
  const outputs =
    contribution === null || contribution.script === null
      ? []
      : [{ script: contribution.script, amountSats: contribution.amountSats }]
  const weight = common + outputs.reduce((sum, output) => sum + outputWeight(output.script), 0)
  const feeSats = feeFor(weight, feeRateSatPerKw)
  return { netSats: 0 - (contribution?.amountSats ?? 0) - feeSats, feeSats, coins: [], outputs }
}

/** A side's part of an open. Exactly its amount reaches the channel; null if its coins do not suffice. */
export function shareOfOpen(contribution: Contribution | null, opens: boolean, feeRateSatPerKw: number): Share | null {
  if (contribution === null) return { netSats: 0, feeSats: 0, coins: [], outputs: [] }
  const { amountSats: netSats, coins, changeScript } = contribution
  const weight = (opens ? OPEN_COMMON_WEIGHT : 0) + coins.length * COIN_WEIGHT
  const restSats = coins.reduce((sum, coin) => sum + coin.valueSats, 0) - netSats
  if (changeScript !== null) {
    const feeSats = feeFor(weight + outputWeight(changeScript), feeRateSatPerKw)
    const changeSats = restSats - feeSats
    if (changeSats >= P2WPKH_DUST_SATS)
      return { netSats, feeSats, coins, outputs: [{ script: changeScript, amountSats: changeSats }] }
  }
  return restSats < feeFor(weight, feeRateSatPerKw) ? null : { netSats, feeSats: restSats, coins, outputs: [] }
}

/** The fewest coins, biggest first, that pay for a splice-in; null if all of them do not suffice. */
export function selectCoins(
  coins: readonly Coin[],
  amountSats: number,
  initiates: boolean,
  feeRateSatPerKw: number,
): Coin[] | null {
  const common = initiates ? COMMON_WEIGHT : 0
  let totalSats = 0
  for (const [n, coin] of coins.entries()) {
    totalSats += coin.valueSats
    if (totalSats >= amountSats + feeFor(common + (n + 1) * COIN_WEIGHT, feeRateSatPerKw)) return coins.slice(0, n + 1)
  }
  return null
}

function shareOfSpliceIn(contribution: Contribution, common: number, feeRateSatPerKw: number): Share | null {
  const { amountSats, coins, changeScript } = contribution
  const totalSats = coins.reduce((sum, coin) => sum + coin.valueSats, 0)
  const weight = common + coins.length * COIN_WEIGHT
  if (changeScript !== null) {
    const withChange = weight + outputWeight(changeScript)
    const feeSats = feeFor(withChange, feeRateSatPerKw)
    const slackSats = feeFor(withChange + SELECTION_SLACK_WEIGHT, feeRateSatPerKw) - feeSats
    const surplusSats = Math.min(slackSats, MAX_SURPLUS_SATS)
    const changeSats = totalSats - amountSats - feeSats - surplusSats
    if (changeSats >= P2WPKH_DUST_SATS) {
      const outputs = [{ script: changeScript, amountSats: changeSats }]
      return { netSats: amountSats + surplusSats, feeSats, coins, outputs }
    }
  }
  const restSats = totalSats - amountSats - feeFor(weight, feeRateSatPerKw)
  if (restSats < 0) return null
  const netSats = amountSats + Math.min(restSats, MAX_SURPLUS_SATS)
  return { netSats, feeSats: totalSats - netSats, coins, outputs: [] }
}

function outputWeight(script: string): number {
  return (9 + script.length / 2) * 4
}
