import { Transaction } from 'bitcoinjs-lib'
import { bytesOf } from '../world/keys.ts'
import { addInput, fundingOutpoint, signCoin, signFundingInput } from '../ldk/splice-transaction.ts'
import { confirmedCoins, newAddress } from '../ldk/wallet.ts'
import { feeRates } from './feerates.ts'
import { barred, occupied } from './gate.ts'
import { note, peerNamed, setState, type Own } from './own.ts'
import { fundingScript } from './splice-psbt.ts'
import type { ClnChannel } from './state.ts'
import { feeOf, outputWeight, spliceWeight } from './weight.ts'

/**
 * A splice that the peer starts and pays for, signed and broadcast at once; its `splice_amount` is 0 here. Positive:
 * the peer adds to its balance; negative: it takes out. Returns the txid; throws if the channel takes no splice now.
 */
export function peerSplice(own: Own, channel: ClnChannel, amountSats: number): string {
  const { ctx, node } = own
  if ((barred(own, channel) ?? occupied(channel)) !== null) throw new Error('the channel takes no splice now')
  const owner = peerNamed(node, channel.peerId).name
  const rate = feeRates(own).splice
  const payout = newAddress(ctx, owner).script
  const coins = amountSats > 0 ? confirmedCoins(ctx, owner).slice(0, 1) : []
  const feeSats = feeOf(spliceWeight(coins.length, [payout]) + outputWeight(payout), rate)
  const coinSats = coins.reduce((sum, { valueSats }) => sum + valueSats, 0)
  const netSats = amountSats > 0 ? amountSats : amountSats - feeSats
  const tx = new Transaction()
  tx.version = 2
  addInput(tx, fundingOutpoint(channel.funding), 0)
  for (const { outpoint } of coins) addInput(tx, outpoint, 0xfffffffd)
  const valueSats = channel.funding.valueSats + netSats
  tx.addOutput(bytesOf(fundingScript(own, channel)), BigInt(valueSats))
  tx.addOutput(bytesOf(payout), BigInt(amountSats > 0 ? coinSats - amountSats - feeSats : -amountSats))
  signFundingInput(ctx.keys, tx, channel.funding)
  for (const coin of coins) signCoin(ctx.keys, tx, coin)
  const txid = tx.getId()
  channel.inflights.push({
    funding: { txid, vout: 0, hex: tx.toHex(), valueSats, keyPath: channel.funding.keyPath },
    feeRateSatPerKw: rate,
    spliceAmountSats: 0,
    ours: false,
    hasScratch: true,
    signed: true,
    peerHas: true,
    resumes: true,
    abortsLeft: 1,
  })
  note(own, 'candidate_signed', { channel, txid }, { oursNetSats: 0, feeRateSatPerKw: rate })
  setState(own, channel, 'CHANNELD_AWAITING_SPLICE', 'remote', 'Splice signatures sent')
  const rejection = ctx.chain.broadcast(tx.toHex())
  note(own, 'candidate_broadcast', { channel, txid }, { rejection, by: 'peer' })
  return txid
}
