import { Transaction } from 'bitcoinjs-lib'
import { closeOutputs, COMMITMENT_FEE_SATS, currentSplit, splitOf, type Split } from './balance.ts'
import type { Context } from '../world/context.ts'
import { bytesOf, digest, hexOf } from '../world/keys.ts'
import { addInput, fundingOutpoint, signFundingInput } from './splice-transaction.ts'
import type { Channel, Funding } from '../world/state.ts'

const ANCHOR_SATS = 330
const DUST_LIMIT_SATS = 354
/** Two P2WPKH outputs, one funding input. */
const COOPERATIVE_CLOSE_WEIGHT = 674

/**
 * The closing transaction of a closed channel, in hex: the cooperative one, or a commitment on the current
 * funding. A splice that confirms after the force-close moves that funding. Null if it is already spent.
 */
export function closeTransaction(ctx: Context, channel: Channel): string | null {
  const { closing } = channel
  if (closing === null) return null
  const won = channel.candidates.find((candidate) => (ctx.chain.confirmations(candidate.funding.txid) ?? 0) > 0)
  if (won === undefined) return closing.hex
  if (ctx.chain.spender(fundingOutpoint(won.funding)) !== null) return null
  return commitmentTransaction(ctx, channel, won.funding, splitOf(channel, won))
}

/** A commitment transaction on the current funding, in hex. */
export function currentCommitment(ctx: Context, channel: Channel): string {
  return commitmentTransaction(ctx, channel, channel.funding, currentSplit(channel))
}

/** Pays both sides to their wallets (scripts in hex), with a fee that also replaces an unconfirmed splice. */
export function cooperativeClose(
  ctx: Context,
  channel: Channel,
  scripts: { readonly ours: string; readonly theirs: string },
  feeRateSatPerKw: number,
): string {
  const feeSats = Math.max(
    Math.ceil((COOPERATIVE_CLOSE_WEIGHT * feeRateSatPerKw) / 1000),
    ctx.chain.replacementFeeSats(fundingOutpoint(channel.funding), COOPERATIVE_CLOSE_WEIGHT),
  )
  const { oursSats, theirsSats } = closeOutputs(currentSplit(channel), channel.isOutbound, feeSats)
  const tx = new Transaction()
  tx.version = 2
  addInput(tx, fundingOutpoint(channel.funding), Transaction.DEFAULT_SEQUENCE)
  if (oursSats >= DUST_LIMIT_SATS) tx.addOutput(bytesOf(scripts.ours), BigInt(oursSats))
  if (theirsSats >= DUST_LIMIT_SATS) tx.addOutput(bytesOf(scripts.theirs), BigInt(theirsSats))
  signFundingInput(ctx.keys, tx, channel.funding)
  return tx.toHex()
}

/** BOLT 3: the low bytes of locktime (0x20) and sequence (0x80) hold the obscured commitment number. */
function commitmentTransaction(ctx: Context, channel: Channel, funding: Funding, split: Split): string {
  const obscured = digest('commitment', ctx.state.seed, fundingOutpoint(funding), split.oursMsat)
  const low24 = (from: number): number => Buffer.from(obscured).readUIntBE(from, 3)
  const tx = new Transaction()
  tx.version = 2
  tx.locktime = 0x20000000 + low24(0)
  addInput(tx, fundingOutpoint(funding), 0x80000000 + low24(3))
  const feeSats = COMMITMENT_FEE_SATS + 2 * ANCHOR_SATS
  const { oursSats, theirsSats } = closeOutputs(split, channel.isOutbound, feeSats)
  const sides = [
    { name: 'to_local', sats: oursSats },
    { name: 'to_remote', sats: theirsSats },
  ].filter(({ sats }) => sats >= DUST_LIMIT_SATS)
  for (const { name, sats } of sides) {
    for (const [script, value] of [
      [`anchor of ${name}`, ANCHOR_SATS],
      [name, sats],
    ] as const) {
      tx.addOutput(bytesOf(`0020${hexOf(digest(script, ctx.state.seed, fundingOutpoint(funding)))}`), BigInt(value))
    }
  }
  signFundingInput(ctx.keys, tx, funding)
  return tx.toHex()
}
