import { Transaction } from 'bitcoinjs-lib'
import { outpointOf, splitOutpoint, type Outpoint } from '../../core/bitcoin/outpoint.ts'
import type { Context } from '../world/context.ts'
import { bytesOf, digest, hexOf, type KeyRing } from '../world/keys.ts'
import { shareOf } from './share.ts'
import type { Channel, Coin, Funding, Negotiation, SpliceCandidate } from '../world/state.ts'

/** Interactive transactions signal replaceability. */
const REPLACEABLE_SEQUENCE = 0xfffffffd

type Output = { readonly script: string; readonly amountSats: number }

export function fundingOutpoint(funding: Funding): Outpoint {
  return outpointOf(funding.txid, funding.vout)
}

/** Builds and signs a round's transaction; null if a side cannot pay for its part. */
export function buildCandidate(ctx: Context, channel: Channel, round: Negotiation): SpliceCandidate | null {
  const { ours, theirs, initiator, feeRateSatPerKw } = round
  const ourShare = shareOf(ours, initiator === 'us', feeRateSatPerKw)
  const theirShare = shareOf(theirs, initiator === 'peer', feeRateSatPerKw)
  if (ourShare === null || theirShare === null) return null
  const valueSats = channel.funding.valueSats + ourShare.netSats + theirShare.netSats
  // Keys are derived from the funding that is spent, so all candidates of a splice share one script.
  const keyPath = `${channel.keyPath}/${channel.funding.txid}`
  const spent = fundingOutpoint(channel.funding)
  const shares = [ourShare, theirShare]
  const coins = shares.flatMap((share) => share.coins)
  const { tx, vout } = interactiveTransaction(
    ctx,
    spent,
    [spent, ...coins.map((coin) => coin.outpoint)],
    { script: hexOf(ctx.keys.funding(keyPath).script), amountSats: valueSats },
    shares.flatMap((share) => share.outputs),
  )
  signFundingInput(ctx.keys, tx, channel.funding)
  for (const coin of coins) signCoin(ctx.keys, tx, coin)
  return {
    funding: { txid: tx.getId(), vout, hex: tx.toHex(), valueSats, keyPath },
    initiator,
    feeRateSatPerKw,
    ours,
    theirs,
    oursNetSats: ourShare.netSats,
    oursFeeSats: ourShare.feeSats,
    theirsNetSats: theirShare.netSats,
  }
}

export function addInput(tx: Transaction, outpoint: Outpoint, sequence: number): void {
  const { txid, vout } = splitOutpoint(outpoint)
  tx.addInput(bytesOf(txid).reverse(), vout, sequence)
}

/** Signs the input that spends a funding output. Witness: empty, two signatures in key order, the script. */
export function signFundingInput(keys: KeyRing, tx: Transaction, funding: Funding): void {
  const { witnessScript, paths } = keys.funding(funding.keyPath)
  const position = inputAt(tx, fundingOutpoint(funding))
  const sighash = tx.hashForWitnessV0(position, witnessScript, BigInt(funding.valueSats), Transaction.SIGHASH_ALL)
  const signatures = paths.map((path) => keys.sign(path, sighash))
  tx.setWitness(position, [new Uint8Array(), ...signatures, witnessScript])
}

export function signCoin(keys: KeyRing, tx: Transaction, coin: Coin): void {
  const publicKey = keys.publicKey(coin.path)
  const position = inputAt(tx, coin.outpoint)
  // BIP 143: the script code of P2WPKH is that of P2PKH.
  const scriptCode = bytesOf(`76a914${hexOf(keys.payTo(coin.path).script).slice(4)}88ac`)
  const sighash = tx.hashForWitnessV0(position, scriptCode, BigInt(coin.valueSats), Transaction.SIGHASH_ALL)
  tx.setWitness(position, [keys.sign(coin.path, sighash), publicKey])
}

/**
 * An unsigned interactive transaction. Serial ids are random, so inputs and outputs have no fixed position.
 * `session`: the seed of the serial ids here.
 */
export function interactiveTransaction(
  ctx: Context,
  session: string,
  outpoints: readonly Outpoint[],
  funding: Output,
  others: readonly Output[],
): { readonly tx: Transaction; readonly vout: number } {
  const tx = new Transaction()
  tx.version = 2
  tx.locktime = ctx.chain.tip.height
  const place = (text: string): string => hexOf(digest('serial', ctx.state.seed, session, text))
  for (const outpoint of outpoints.toSorted((a, b) => place(a).localeCompare(place(b))))
    addInput(tx, outpoint, REPLACEABLE_SEQUENCE)
  const outputs = [funding, ...others]
  outputs.sort((a, b) => place(a.script).localeCompare(place(b.script)))
  for (const output of outputs) tx.addOutput(bytesOf(output.script), BigInt(output.amountSats))
  return { tx, vout: outputs.indexOf(funding) }
}

function inputAt(tx: Transaction, outpoint: Outpoint): number {
  const position = tx.ins.findIndex(
    (input) => outpointOf(hexOf(Uint8Array.from(input.hash).reverse()), input.index) === outpoint,
  )
  if (position < 0) throw new Error(`no input spends ${outpoint}`)
  return position
}
