import { address as addresses } from 'bitcoinjs-lib'
import { hexOf, NETWORK } from '../world/keys.ts'
import { codes, type ClnError } from './answer.ts'
import { feeRates } from './feerates.ts'
import type { Own } from './own.ts'
import { decodePsbt, type Psbt } from './psbt.ts'

/** Ends a command with an error, from any depth. */
export class Refusal extends Error {
  readonly error: ClnError
  constructor(error: ClnError) {
    super(error.message)
    this.error = error
  }
}

export function refuse(code: number, message: string, more?: ClnError['more']): never {
  throw new Refusal({ code, message, ...(more === undefined ? {} : { more }) })
}

type Params = Readonly<Record<string, unknown>>

function invalid(name: string, what: string, value: unknown): never {
  refuse(codes.invalidParams, `${name}: should be ${what}: invalid token '${JSON.stringify(value)}'`)
}

export function has(params: Params, name: string): boolean {
  return params[name] !== undefined && params[name] !== null
}

export function textIn(params: Params, name: string): string {
  const value = params[name]
  return typeof value === 'string' ? value : invalid(name, 'a string', value)
}

export function flagIn(params: Params, name: string): boolean {
  const value = params[name] ?? false
  if (value === 'true' || value === true) return true
  return value === 'false' || value === false ? false : invalid(name, "'true' or 'false'", value)
}

export function numberIn(params: Params, name: string): number {
  const value = Number(params[name])
  return Number.isSafeInteger(value) ? value : invalid(name, 'an integer', params[name])
}

/** A signed number of whole satoshis, as `splice_init` takes it. */
export function signedSatsIn(params: Params, name: string): number {
  const value = String(params[name])
  return /^-?\d{1,15}(sat)?$/.test(value)
    ? Number(value.replace('sat', ''))
    : invalid(name, 'a satoshi amount', params[name])
}

/** An amount in satoshis: a number, or text such as `100000sat` or `100000000msat`. */
export function satsIn(params: Params, name: string): number {
  const [, digits, unit] = /^(\d{1,18})(sat|msat)?$/.exec(String(params[name])) ?? []
  if (digits === undefined) return invalid(name, 'a satoshi amount', params[name])
  const value = unit === 'msat' ? Number(digits) / 1000 : Number(digits)
  return Number.isSafeInteger(value) ? value : invalid(name, 'a satoshi amount', params[name])
}

/** A feerate in sat per 1000 weight: a name, or a number with a unit. A bare number is per 1000 bytes. */
export function feeRateIn(own: Own, params: Params, name: string): number {
  const value = String(params[name])
  const named = new Map(Object.entries(feeRates(own).named)).get(value)
  if (named !== undefined) return named
  const [, digits, unit] = /^(\d{1,9})(perkw|perkb)?$/.exec(value) ?? []
  if (digits === undefined) return invalid(name, 'a feerate', params[name])
  return unit === 'perkw' ? Number(digits) : Math.ceil(Number(digits) / 4)
}

export function channelIdIn(params: Params, name: string): string {
  const value = params[name]
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : invalid(name, 'a channel id', value)
}

export function psbtIn(params: Params, name: string): Psbt {
  const value = params[name]
  const psbt = typeof value === 'string' ? decodePsbt(value) : null
  return psbt ?? invalid(name, 'a PSBT', value)
}

/** The script, in hex, of an address of this network. */
export function scriptIn(params: Params, name: string): string {
  const value = textIn(params, name)
  try {
    return hexOf(addresses.toOutputScript(value, NETWORK))
  } catch {
    return invalid(name, 'a bitcoin address', value)
  }
}
