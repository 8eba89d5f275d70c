import { newAddress } from '../ldk/wallet.ts'
import { abort } from './abort.ts'
import { answered, codes, refused, type ClnError, type Outcome } from './answer.ts'
import { feeRates } from './feerates.ts'
import { barred, occupied } from './gate.ts'
import { finish, open, update } from './negotiation.ts'

import type { Own } from './own.ts'
import { has, refuse, Refusal } from './params.ts'
import { decodePsbt, type Psbt } from './psbt.ts'
import { isAddress, compiled } from './script.ts'
import type { ClnChannel } from './state.ts'
import { reserve, RESERVED_BLOCKS } from './wallet.ts'
import { chooseCoins, inputsOf, signpsbt, sumOf } from './wallet-commands.ts'
import { feeOf, P2WPKH_OUTPUT_WEIGHT, spliceWeight } from './weight.ts'

type Params = Readonly<Record<string, unknown>>

const DUST_SATS = 546

/** A step of a high-level command failed; `rpc`: the inner command. */
class Failed extends Error {
  readonly rpc: string
  readonly outcome: Exclude<Outcome, { readonly type: 'answered' }>
  constructor(rpc: string, outcome: Exclude<Outcome, { readonly type: 'answered' }>) {
    super(rpc)
    this.rpc = rpc
    this.outcome = outcome
  }
}

/** `splicein`: the wallet pays the amount and the fee into the channel. */
export function splicein(own: Own, params: Params): Outcome {
  const { channel, sats } = compiled(own, params, (amount, id) => `wallet -> ${amount} + fee; ${amount} -> ${id}`)
  return carriedOut(own, channel, sats, () => {
    const rate = feeRates(own).splice
    const base = spliceWeight(0, [])
    const coins = within('addpsbtinput', () => chooseCoins(own, sats, rate, base + P2WPKH_OUTPUT_WEIGHT))
    const change = newAddress(own.ctx, own.node.name).script
    const changeSats = sumOf(coins) - sats - feeOf(spliceWeight(coins.length, [change]), rate)
    for (const { outpoint } of coins) reserve(own, outpoint, RESERVED_BLOCKS)
    const outputs =
      changeSats < DUST_SATS ? [] : [{ script: change, amountSats: changeSats, map: new Map<string, string>() }]
    return { ...EMPTY, inputs: inputsOf(own, coins), outputs }
  })
}

/** `spliceout`: the channel pays the amount and the fee; the wallet receives the amount. */
export function spliceout(own: Own, params: Params): Outcome {
  if (has(params, 'destination') && isAddress(params['destination']))
    return refused(codes.invalidParams, 'Dynamic bitcoin address amounts not supported for now')
  const to = has(params, 'destination') ? String(params['destination']) : 'wallet'
  const { channel, sats } = compiled(own, params, (amount, id) => `${id} -> ${amount} + fee; 100% -> ${to}`)
  if (to !== 'wallet')
    refuse(codes.invalidParams, 'Splice script compile failed', {
      compiler_error: ['Failed to parse sat amount'],
    })
  const { script } = newAddress(own.ctx, own.node.name)
  const feeSats = feeOf(spliceWeight(0, [script]), feeRates(own).splice)
  return carriedOut(own, channel, -(sats + feeSats), () => ({
    ...EMPTY,
    outputs: [{ script, amountSats: sats, map: new Map<string, string>() }],
  }))
}

const EMPTY: Psbt = { version: 2, locktime: 0, global: new Map(), inputs: [], outputs: [] }

/** Runs a whole splice. If it fails before the signatures, the plugin aborts the channel. */
function carriedOut(own: Own, channel: ClnChannel, relativeSats: number, fund: () => Psbt): Outcome {
  try {
    return run(own, channel, relativeSats, fund)
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    const { outcome, rpc } = error
    if (outcome.type !== 'refused') return outcome
    if (rpc === 'splice_signed') return refused(codes.pluginError, JSON.stringify(shown(outcome.error)))
    // A lost connection is reported as such. There is no peer to send an abort to.
    if (outcome.error.code === codes.disconnected || outcome.error.code === codes.channelError)
      return refused(codes.disconnected, 'Channel is disconnected')
    abort(own, channel)
    return refused(codes.invalidParams, `${rpc}: ${JSON.stringify(shown(outcome.error))}`)
  }
}

function run(own: Own, channel: ClnChannel, relativeSats: number, fund: () => Psbt): Outcome {
  passed('stfu_channels', barred(own, channel) ?? occupied(channel) ?? answered({}))
  const terms = { relativeSats, feeRateSatPerKw: feeRates(own).opening, forceFeeRate: false }
  let psbt = passed('splice_init', open(own, channel, fund(), terms))['psbt']
  for (let isSecured = false; !isSecured;) {
    const result = passed('splice_update', update(own, channel, psbtFrom(psbt)))
    psbt = result['psbt']
    isSecured = result['commitments_secured'] === true
  }
  const hasCoins = psbtFrom(psbt).inputs.length > 1
  const signed = hasCoins ? passed('signpsbt', signpsbt(own, { psbt }))['signed_psbt'] : psbt
  const result = passed('splice_signed', barred(own, channel) ?? finish(own, channel, psbtFrom(signed)))
  return answered({ psbt: result['psbt'], txid: result['txid'] })
}

function passed(rpc: string, outcome: Outcome): Readonly<Record<string, unknown>> {
  if (outcome.type !== 'answered') throw new Failed(rpc, outcome)
  return outcome.result
}

function within<T>(rpc: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof Refusal) throw new Failed(rpc, { type: 'refused', error: error.error })
    throw error
  }
}

function psbtFrom(value: unknown): Psbt {
  const psbt = typeof value === 'string' ? decodePsbt(value) : null
  if (psbt === null) throw new Error('an internal command returned no PSBT')
  return psbt
}

function shown({ code, message }: ClnError): Pick<ClnError, 'code' | 'message'> {
  return { code, message }
}
