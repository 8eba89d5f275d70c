import { Transaction } from 'bitcoinjs-lib'
import { outpointOf, type Outpoint } from '../../../core/bitcoin/outpoint.ts'
import { splitMaps, type PsbtMap } from './psbt-maps.ts'

/** The unsigned transaction of a PSBT. Its txid is final once nothing more is added. */
export type UnsignedTransaction = {
  readonly txid: string
  readonly inputs: readonly { readonly outpoint: Outpoint; readonly amountSats: number | null }[]
  readonly outputs: readonly { readonly script: string; readonly amountSats: number }[]
}

/** Key types: BIP 174 and BIP 370. */
const GLOBAL = { unsigned: 0x00, version: 0x02, locktime: 0x03, inputs: 0x04, outputs: 0x05 } as const
const INPUT = { previous: 0x00, witnessUtxo: 0x01, txid: 0x0e, index: 0x0f, sequence: 0x10 } as const
/** Lock times required by an input would change the transaction's own. No splice has any. */
const DEMANDED_LOCKTIMES: readonly number[] = [0x11, 0x12]
const OUTPUT = { amount: 0x03, script: 0x04 } as const

const FINAL_SEQUENCE = 0xffffffff

/**
 * Reads a PSBT of version 0 or 2; null when it is not one, or not fully understood. Core Lightning answers in
 * the version that it was given: `fundpsbt` makes version 0, and `addpsbtoutput` version 2, which
 * bitcoinjs-lib does not read.
 */
export function readPsbt(base64: string): UnsignedTransaction | null {
  const maps = splitMaps(base64)
  if (maps === null) return null
  try {
    const [head, ...rest] = maps
    if (head === undefined) return null
    const tx = head.has(GLOBAL.unsigned) ? versionZero(head) : versionTwo(head, rest)
    if (tx === null || rest.length !== tx.ins.length + tx.outs.length) return null
    return {
      txid: tx.getId(),
      inputs: tx.ins.map((input, n) => ({
        outpoint: outpointOf(Buffer.from(input.hash).reverse().toString('hex'), input.index),
        amountSats: amountIn(rest[n], tx, n),
      })),
      outputs: tx.outs.map((output) => ({
        script: Buffer.from(output.script).toString('hex'),
        amountSats: Number(output.value),
      })),
    }
  } catch {
    return null
  }
}

function versionZero(head: PsbtMap): Transaction | null {
  const unsigned = head.get(GLOBAL.unsigned)
  return unsigned === undefined ? null : Transaction.fromBuffer(unsigned)
}

function versionTwo(head: PsbtMap, rest: readonly PsbtMap[]): Transaction | null {
  const [inputs, outputs] = [head.get(GLOBAL.inputs)?.[0], head.get(GLOBAL.outputs)?.[0]]
  const version = head.get(GLOBAL.version)
  // A one-byte count reaches 252, far more than a splice has.
  if (version === undefined || inputs === undefined || outputs === undefined) return null
  if (inputs > 252 || outputs > 252 || rest.length !== inputs + outputs) return null
  const tx = new Transaction()
  tx.version = version.readInt32LE()
  tx.locktime = head.get(GLOBAL.locktime)?.readUInt32LE() ?? 0
  for (const map of rest.slice(0, inputs)) {
    const [txid, index] = [map.get(INPUT.txid), map.get(INPUT.index)]
    if (txid?.length !== 32 || index === undefined) return null
    if (DEMANDED_LOCKTIMES.some((key) => map.has(key))) return null
    tx.addInput(txid, index.readUInt32LE(), map.get(INPUT.sequence)?.readUInt32LE() ?? FINAL_SEQUENCE)
  }
  for (const map of rest.slice(inputs)) {
    const [amount, script] = [map.get(OUTPUT.amount), map.get(OUTPUT.script)]
    if (amount === undefined || script === undefined) return null
    tx.addOutput(script, amount.readBigInt64LE())
  }
  return tx
}

/** The value of an input: from its previous transaction, else as the PSBT states it; null when neither is there. */
function amountIn(map: PsbtMap | undefined, tx: Transaction, n: number): number | null {
  const input = tx.ins[n]
  const [previous, utxo] = [map?.get(INPUT.previous), map?.get(INPUT.witnessUtxo)]
  if (previous === undefined || input === undefined) return utxo === undefined ? null : Number(utxo.readBigInt64LE())
  const made = Transaction.fromBuffer(previous)
  const output = made.outs[input.index]
  return output !== undefined && Buffer.from(made.getHash()).equals(input.hash) ? Number(output.value) : null
}
