import { Transaction } from 'bitcoinjs-lib'
import { outpointOf, type Outpoint } from '../../core/bitcoin/outpoint.ts'
import { bytesOf, hexOf } from '../world/keys.ts'
import { addInput } from '../ldk/splice-transaction.ts'
import { compact, mapHex, mapsIn, numberIn, required, uint, without, type PsbtMap } from './psbt-bytes.ts'

export type { PsbtMap } from './psbt-bytes.ts'

export type PsbtInput = { readonly outpoint: Outpoint; readonly sequence: number; readonly map: PsbtMap }
export type PsbtOutput = { readonly script: string; readonly amountSats: number; readonly map: PsbtMap }

/**
 * A PSBT of either version. Core Lightning answers in the version that it received; `fundpsbt` makes version
 * 0, `addpsbtoutput` and the high-level commands version 2 (BIP 370).
 */
export type Psbt = {
  readonly version: 0 | 2
  readonly locktime: number
  readonly global: PsbtMap
  readonly inputs: readonly PsbtInput[]
  readonly outputs: readonly PsbtOutput[]
}

const MAGIC = '70736274ff'
const UNSIGNED_TX = '00'
const TX_VERSION = '02'
const FALLBACK_LOCKTIME = '03'
const INPUT_COUNT = '04'
const OUTPUT_COUNT = '05'
const TX_MODIFIABLE = '06'
const PSBT_VERSION = 'fb'
const OWN_GLOBALS = ['00', '02', '03', '04', '05', '06', 'fb']
const PREVIOUS_TXID = '0e'
const OUTPUT_INDEX = '0f'
const SEQUENCE = '10'
const AMOUNT = '03'
const SCRIPT = '04'
const DEFAULT_SEQUENCE = 0xffffffff

/** The unsigned transaction of a PSBT. All inputs are segwit, so its txid is final. */
export function transactionOf(psbt: Psbt): Transaction {
  const tx = new Transaction()
  tx.version = 2
  tx.locktime = psbt.locktime
  for (const { outpoint, sequence } of psbt.inputs) addInput(tx, outpoint, sequence)
  for (const { script, amountSats } of psbt.outputs) tx.addOutput(bytesOf(script), BigInt(amountSats))
  return tx
}

/** Encodes a PSBT in base64, with sorted keys. */
export function encodePsbt(psbt: Psbt): string {
  const parts = [MAGIC, mapHex(psbt.version === 0 ? globalOf0(psbt) : globalOf2(psbt))]
  for (const input of psbt.inputs) parts.push(mapHex(psbt.version === 0 ? input.map : inputOf2(input)))
  for (const output of psbt.outputs) parts.push(mapHex(psbt.version === 0 ? output.map : outputOf2(output)))
  return Buffer.from(parts.join(''), 'hex').toString('base64')
}

/** Decodes a PSBT of version 0 or 2; null if it is invalid. */
export function decodePsbt(base64: string): Psbt | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null
  const bytes = Buffer.from(base64, 'base64')
  if (hexOf(bytes.subarray(0, 5)) !== MAGIC) return null
  try {
    return fromMaps(mapsIn(bytes.subarray(5)))
  } catch {
    return null
  }
}

function globalOf0(psbt: Psbt): PsbtMap {
  return new Map([...psbt.global, [UNSIGNED_TX, transactionOf(psbt).toHex()]])
}

function globalOf2({ global, locktime, inputs, outputs }: Psbt): PsbtMap {
  const map: PsbtMap = new Map([
    ...global,
    [TX_VERSION, uint(2, 4)],
    [INPUT_COUNT, compact(inputs.length)],
    [OUTPUT_COUNT, compact(outputs.length)],
    [TX_MODIFIABLE, '03'],
    [PSBT_VERSION, uint(2, 4)],
  ])
  return locktime === 0 ? map : map.set(FALLBACK_LOCKTIME, uint(locktime, 4))
}

function inputOf2({ outpoint, sequence, map }: PsbtInput): PsbtMap {
  return new Map([
    ...map,
    [PREVIOUS_TXID, hexOf(bytesOf(outpoint.slice(0, 64)).reverse())],
    [OUTPUT_INDEX, uint(Number(outpoint.slice(65)), 4)],
    [SEQUENCE, uint(sequence, 4)],
  ])
}

function outputOf2({ script, amountSats, map }: PsbtOutput): PsbtMap {
  return new Map([...map, [AMOUNT, uint(amountSats, 8)], [SCRIPT, script]])
}

function fromMaps(maps: readonly PsbtMap[]): Psbt | null {
  const [global = new Map<string, string>(), ...rest] = maps
  const unsigned = global.get(UNSIGNED_TX)
  const own = new Map([...global].filter(([key]) => !OWN_GLOBALS.includes(key)))
  if (unsigned !== undefined) return fromMaps0(Transaction.fromHex(unsigned), own, rest)
  if (global.get(PSBT_VERSION) !== uint(2, 4)) return null
  const inputs = numberIn(required(global, INPUT_COUNT))
  if (rest.length !== inputs + numberIn(required(global, OUTPUT_COUNT))) return null
  return {
    version: 2,
    locktime: numberIn(global.get(FALLBACK_LOCKTIME) ?? '00'),
    global: own,
    inputs: rest.slice(0, inputs).map((map) => ({
      outpoint: outpointOf(
        hexOf(bytesOf(required(map, PREVIOUS_TXID)).reverse()),
        numberIn(required(map, OUTPUT_INDEX)),
      ),
      sequence: map.has(SEQUENCE) ? numberIn(required(map, SEQUENCE)) : DEFAULT_SEQUENCE,
      map: without(map, [PREVIOUS_TXID, OUTPUT_INDEX, SEQUENCE]),
    })),
    outputs: rest.slice(inputs).map((map) => ({
      script: required(map, SCRIPT),
      amountSats: numberIn(required(map, AMOUNT)),
      map: without(map, [AMOUNT, SCRIPT]),
    })),
  }
}

function fromMaps0(tx: Transaction, global: PsbtMap, rest: readonly PsbtMap[]): Psbt | null {
  if (rest.length !== tx.ins.length + tx.outs.length) return null
  return {
    version: 0,
    locktime: tx.locktime,
    global,
    inputs: tx.ins.map(({ hash, index, sequence }, n) => ({
      outpoint: outpointOf(hexOf(Uint8Array.from(hash).reverse()), index),
      sequence,
      map: rest[n] ?? new Map<string, string>(),
    })),
    outputs: tx.outs.map(({ script, value }, n) => ({
      script: hexOf(script),
      amountSats: Number(value),
      map: rest[tx.ins.length + n] ?? new Map<string, string>(),
    })),
  }
}
