import type { Context } from '../world/context.ts'
import { hexOf } from '../world/keys.ts'
import { shareOfOpen } from './share.ts'
import { interactiveTransaction, signCoin } from './splice-transaction.ts'
import type { OpenCandidate, Opening } from '../world/state.ts'

/** Builds and signs the funding transaction of an open; null if a side's coins do not cover its part. */
export function buildOpen(
  ctx: Context,
  keyPath: string,
  { ours, theirs }: Opening,
  isOutbound: boolean,
  feeRateSatPerKw: number,
): OpenCandidate | null {
  const ourShare = shareOfOpen(ours, isOutbound, feeRateSatPerKw)
  const theirShare = shareOfOpen(theirs, !isOutbound, feeRateSatPerKw)
  if (ourShare === null || theirShare === null) return null
  const valueSats = ourShare.netSats + theirShare.netSats
  const script = hexOf(ctx.keys.funding(keyPath).script)
  const shares = [ourShare, theirShare]
  const coins = shares.flatMap((share) => share.coins)
  const { tx, vout } = interactiveTransaction(
    ctx,
    keyPath,
    coins.map((coin) => coin.outpoint),
    { script, amountSats: valueSats },
    shares.flatMap((share) => share.outputs),
  )
  for (const coin of coins) signCoin(ctx.keys, tx, coin)
  return {
    funding: { txid: tx.getId(), vout, hex: tx.toHex(), valueSats, keyPath },
    feeRateSatPerKw,
    oursFeeSats: ourShare.feeSats,
  }
}
