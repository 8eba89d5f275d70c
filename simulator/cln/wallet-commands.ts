import { Transaction } from 'bitcoinjs-lib'
import { addressOf, hexOf } from '../world/keys.ts'
import { newAddress, walletPaths } from '../ldk/wallet.ts'
import { answered, codes, type Outcome } from './answer.ts'
import type { Own } from './own.ts'
import { feeRateIn, flagIn, has, numberIn, psbtIn, refuse, satsIn, scriptIn, textIn } from './params.ts'
import { encodePsbt, transactionOf, type Psbt } from './psbt.ts'
import { coinFields, freeCoins, isReserved, reserve, RESERVED_BLOCKS, walletCoins, type WalletCoin } from './wallet.ts'
import { feeOf, INPUT_WEIGHT, outputWeight, P2WPKH_OUTPUT_WEIGHT } from './weight.ts'

type Params = Readonly<Record<string, unknown>>

const REPLACEABLE_SEQUENCE = 0xfffffffd
const DUST_SATS = 546

const ADDRESS_TYPES: readonly string[] = ['bech32', 'p2tr', 'all']

/**
 * `newaddr`: both kinds by default; for a while it was bech32 only (25.12, pull request 8656). The taproot address has
 * the same, untweaked key, but payments to it are not coins of this wallet, which spends only P2WPKH.
 */
export function newaddr(own: Own, params: Params): Outcome {
  const type = has(params, 'addresstype') ? textIn(params, 'addresstype') : 'all'
  if (!ADDRESS_TYPES.includes(type))
    refuse(codes.invalidParams, `addresstype: should be 'bech32', 'p2tr', or 'all': invalid token '${type}'`)
  const { ctx, node } = own
  const { address: bech32 } = newAddress(ctx, node.name)
  const path = walletPaths(ctx, node.name).at(-1) ?? ''
  const script = `5120${hexOf(ctx.keys.publicKey(path).slice(1))}`
  const p2tr = addressOf(script)
  return answered({ ...(type === 'p2tr' ? {} : { bech32 }), ...(type === 'bech32' ? {} : { p2tr }) })
}

/** Selects coins for an amount and the total fee, reserves them, and makes a PSBT of version 0. */
export function fundpsbt(own: Own, params: Params): Outcome {
  const { ctx } = own
  const sats = satsIn(params, 'satoshi')
  const rate = feeRateIn(own, params, 'feerate')
  const startWeight = numberIn(params, 'startweight')
  const chosen = chooseCoins(own, sats, rate, startWeight)
  const weight = startWeight + chosen.length * INPUT_WEIGHT
  const excess = sumOf(chosen) - sats - feeOf(weight, rate)
  const changeSats = sumOf(chosen) - sats - feeOf(weight + P2WPKH_OUTPUT_WEIGHT, rate)
  const withChange = flagIn(params, 'excess_as_change') && changeSats >= DUST_SATS
  const change = withChange ? newAddress(ctx, own.node.name).script : null
  const psbt: Psbt = {
    version: 0,
    locktime: has(params, 'locktime') ? numberIn(params, 'locktime') : ctx.chain.tip.height,
    global: new Map(),
    inputs: inputsOf(own, chosen),
    outputs: change === null ? [] : [{ script: change, amountSats: changeSats, map: new Map() }],
  }
  const blocks = has(params, 'reserve') ? numberIn(params, 'reserve') : RESERVED_BLOCKS
  return answered({
    psbt: encodePsbt(psbt),
    feerate_per_kw: rate,
    estimated_final_weight: weight + (withChange ? P2WPKH_OUTPUT_WEIGHT : 0),
    excess_msat: withChange ? 0 : excess * 1000,
    ...(withChange ? { change_outnum: 0 } : {}),
    ...(blocks > 0 ? { reservations: chosen.map(({ outpoint }) => reserve(own, outpoint, blocks)) } : {}),
  })
}

/** The biggest free coins that pay for an amount and its fee. Refuses with 301 if all of them do not suffice. */
export function chooseCoins(own: Own, sats: number, rate: number, startWeight: number): WalletCoin[] {
  const free = freeCoins(own)
  const wanted = (n: number): number => sats + feeOf(startWeight + n * INPUT_WEIGHT, rate)
  for (let n = 1; n <= free.length; n++) {
    if (sumOf(free.slice(0, n)) >= wanted(n)) return free.slice(0, n)
  }
  const short = wanted(free.length) - sumOf(free)
  refuse(codes.cannotAfford, `Could not afford ${sats}sat using all ${free.length} available UTXOs: ${short}sat short`)
}

export function inputsOf(own: Own, coins: readonly WalletCoin[]): Psbt['inputs'] {
  return coins.map((coin) => ({
    outpoint: coin.outpoint,
    sequence: REPLACEABLE_SEQUENCE,
    map: coinFields(own, coin),
  }))
}

export function sumOf(coins: readonly { readonly valueSats: number }[]): number {
  return coins.reduce((sum, coin) => sum + coin.valueSats, 0)
}

/** Adds an output to an address or to the wallet. Without a PSBT, it makes one of version 2. */
export function addpsbtoutput(own: Own, params: Params): Outcome {
  const amountSats = satsIn(params, 'satoshi')
  if (amountSats < DUST_SATS) refuse(codes.dust, `Receive amount is below dust limit (${DUST_SATS}sat)`)
  const script = has(params, 'destination')
    ? scriptIn(params, 'destination')
    : newAddress(own.ctx, own.node.name).script
  const locktime = has(params, 'locktime') ? numberIn(params, 'locktime') : own.ctx.chain.tip.height
  const empty: Psbt = { version: 2, locktime, global: new Map(), inputs: [], outputs: [] }
  const psbt = has(params, 'initialpsbt') ? psbtIn(params, 'initialpsbt') : empty
  const outputs = [...psbt.outputs, { script, amountSats, map: new Map<string, string>() }]
  return answered({
    psbt: encodePsbt({ ...psbt, outputs }),
    estimated_added_weight: outputWeight(script),
    outnum: outputs.length - 1,
  })
}

/** Signs the wallet's inputs; refuses one that is not reserved. */
export function signpsbt(own: Own, params: Params): Outcome {
  const psbt = psbtIn(params, 'psbt')
  const only = Array.isArray(params['signonly']) ? params['signonly'].map(Number) : null
  const coins = walletCoins(own)
  const held = psbt.inputs.flatMap(({ outpoint }, at) => {
    const coin = coins.find((known) => known.outpoint === outpoint)
    return coin === undefined || (only !== null && !only.includes(at)) ? [] : [{ coin, at }]
  })
  const free = held.find(({ coin }) => !isReserved(own, coin.outpoint))
  if (free !== undefined)
    refuse(codes.invalidParams, `Aborting PSBT signing. UTXO ${free.coin.outpoint} is not reserved`)
  if (held.length === 0) refuse(codes.invalidParams, 'No wallet inputs to sign. Are you sure?')
  const tx = transactionOf(psbt)
  const inputs = psbt.inputs.map((input, at) => {
    const coin = held.find((one) => one.at === at)?.coin
    return coin === undefined ? input : { ...input, map: signed(own, tx, coin, at, input.map) }
  })
  return answered({ signed_psbt: encodePsbt({ ...psbt, inputs }) })
}

/** An input's map with the wallet's signature added. */
export function signed(
  { ctx }: Own,
  tx: Transaction,
  coin: WalletCoin,
  at: number,
  map: Psbt['inputs'][number]['map'],
): Psbt['inputs'][number]['map'] {
  // BIP 143: the script code of P2WPKH is that of P2PKH.
  const scriptCode = Buffer.from(`76a914${coin.script.slice(4)}88ac`, 'hex')
  const sighash = tx.hashForWitnessV0(at, scriptCode, BigInt(coin.valueSats), Transaction.SIGHASH_ALL)
  const key = hexOf(ctx.keys.publicKey(coin.path))
  return new Map([...map, [`02${key}`, hexOf(ctx.keys.sign(coin.path, sighash))]])
}

/** `unreserveinputs`: shortens each reservation by 72 blocks, or by the given number. */
export function unreserveinputs(own: Own, params: Params): Outcome {
  const blocks = has(params, 'reserve') ? numberIn(params, 'reserve') : RESERVED_BLOCKS
  const coins = walletCoins(own).map(({ outpoint }) => outpoint)
  const ours = psbtIn(params, 'psbt').inputs.filter(({ outpoint }) => coins.includes(outpoint))
  return answered({ reservations: ours.map(({ outpoint }) => reserve(own, outpoint, -blocks)) })
}
