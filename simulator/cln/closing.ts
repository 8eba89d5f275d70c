import { Transaction } from 'bitcoinjs-lib'
import { bytesOf, digest, hexOf } from '../world/keys.ts'
import { addInput, fundingOutpoint, signFundingInput } from '../ldk/splice-transaction.ts'
import type { Funding } from '../world/state.ts'
import { newAddress } from '../ldk/wallet.ts'
import { isClosing, note, setState, type Own } from './own.ts'
import type { ClnChannel } from './state.ts'

const DUST_SATS = 546
const COMMITMENT_WEIGHT = 1124
const COMMITMENT_SAT_PER_KW = 1250

/** Fails a channel and broadcasts our commitment transaction. */
export function forceClose(own: Own, channel: ClnChannel, why: string, cause: 'local' | 'protocol'): void {
  if (isClosing(channel)) return
  const { ctx } = own
  channel.negotiation = null
  channel.blocked = false
  note(own, 'closing', { channel }, { why })
  channel.status = `${channel.state}:${why}`
  setState(own, channel, 'AWAITING_UNILATERAL', cause, `channeld: sent ${why}`)
  const hex = commitment(own, channel)
  channel.closeHex = hex
  const rejection = ctx.chain.broadcast(hex)
  note(own, 'closed', { channel }, { how: 'force', rejection })
}

/** A commitment on the newest splice in chain or mempool, else on the current funding. */
function commitment(own: Own, channel: ClnChannel): string {
  const { ctx, node } = own
  const known = channel.inflights.filter(({ funding }) => ctx.chain.confirmations(funding.txid) !== null)
  const newest = known.at(-1)
  const funding: Funding = newest?.funding ?? channel.funding
  const addedSats = newest?.ours === true ? newest.spliceAmountSats : 0
  const tx = new Transaction()
  tx.version = 2
  addInput(tx, fundingOutpoint(funding), Transaction.DEFAULT_SEQUENCE)
  const feeSats = Math.max(
    Math.ceil((COMMITMENT_WEIGHT * COMMITMENT_SAT_PER_KW) / 1000),
    ctx.chain.replacementFeeSats(fundingOutpoint(funding), COMMITMENT_WEIGHT),
  )
  const oursSats = Math.floor(channel.ourMsat / 1000) + addedSats
  const theirs = `0020${hexOf(digest('to_remote', ctx.state.seed, fundingOutpoint(funding)))}`
  const sides = [
    { script: newAddress(ctx, node.name).script, sats: oursSats - (channel.isOpener ? feeSats : 0) },
    { script: theirs, sats: funding.valueSats - oursSats - (channel.isOpener ? 0 : feeSats) },
  ]
  for (const { script, sats } of sides) if (sats >= DUST_SATS) tx.addOutput(bytesOf(script), BigInt(sats))
  signFundingInput(ctx.keys, tx, funding)
  return tx.toHex()
}
