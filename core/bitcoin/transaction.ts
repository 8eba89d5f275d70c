import { Transaction } from 'bitcoinjs-lib'
import { outpointOf, type Outpoint } from './outpoint.ts'

/** The parts of a transaction that core needs, parsed once from its hex. */
export type ParsedTransaction = {
  readonly txid: string
  readonly weight: number
  readonly inputs: readonly {
    readonly outpoint: Outpoint
    readonly sequence: number
    readonly witness: readonly Uint8Array[]
  }[]
  readonly outputs: readonly { readonly script: string; readonly amountSats: number }[]
  readonly locktime: number
}

/** Parses a raw transaction; null if it is not one. The txid is computed, so a source cannot lie about it. */
export function parseTransaction(hex: string): ParsedTransaction | null {
  // `Buffer.from(text, 'hex')` silently stops at the first character that is not hex.
  if (!/^[0-9a-f]+$/i.test(hex)) return null
  let tx: Transaction
  try {
    tx = Transaction.fromHex(hex)
  } catch {
    return null
  }
  return {
    txid: tx.getId(),
    weight: tx.weight(),
    inputs: tx.ins.map((input) => ({
      outpoint: outpointOf(Buffer.from(input.hash).reverse().toString('hex'), input.index),
      sequence: input.sequence,
      witness: input.witness,
    })),
    outputs: tx.outs.map((output) => ({
      script: Buffer.from(output.script).toString('hex'),
      amountSats: Number(output.value),
    })),
    locktime: tx.locktime,
  }
}

/** Whether a transaction spends an outpoint. */
export function spends(tx: ParsedTransaction, outpoint: Outpoint): boolean {
  return tx.inputs.some((input) => input.outpoint === outpoint)
}

/** Whether an output pays exactly this script and amount. This is how the effect of a splice-out is recognised. */
export function paysExactly(tx: ParsedTransaction, script: string, amountSats: number): boolean {
  return tx.outputs.some((output) => output.script === script && output.amountSats === amountSats)
}

/**
 * Whether a transaction has the form of a commitment, which means a force-close, whatever it pays. BOLT 3:
 * the upper byte of the locktime is 0x20, and that of the funding input's sequence is 0x80.
 */
export function isCommitment(tx: ParsedTransaction, funding: Outpoint): boolean {
  const input = tx.inputs.find((candidate) => candidate.outpoint === funding)
  return input !== undefined && tx.locktime >>> 24 === 0x20 && input.sequence >>> 24 === 0x80
}

/** The outputs that can fund a channel: P2WSH (BOLT 3), or P2TR for taproot channels. */
export function fundingOutputs(tx: ParsedTransaction): { vout: number; amountSats: number; script: string }[] {
  return tx.outputs.flatMap((output, vout) =>
    isWitnessProgram32(output.script) ? [{ vout, amountSats: output.amountSats, script: output.script }] : [],
  )
}

/**
 * The most that a node adds to a splice-in beyond the amount: it leaves a change output that would be dust in
 * the channel (LDK, ldk-node `splice_in`).
 */
export const SPLICE_IN_SURPLUS_SATS = 330

/** Whether the channel's capacity grew by a splice-in of this amount: by the amount to the amount + 330 sat. */
export function addsCapacity(tx: ParsedTransaction, oldCapacitySats: number, amountSats: number): boolean {
  return fundingOutputs(tx).some((output) => withinSurplus(output.amountSats - oldCapacitySats, amountSats))
}

/** Whether an added amount matches a splice-in of this amount, allowing for the surplus that a node may add. */
export function withinSurplus(addedSats: number, amountSats: number): boolean {
  return addedSats >= amountSats && addedSats <= amountSats + SPLICE_IN_SURPLUS_SATS
}

/**
 * The inputs through which a channel's funding history can be walked backwards: those whose witness spends a
 * 2-of-2 multisig (BOLT 3 funding) or a taproot key. `script` is the script of the funding output that was
 * created; if it is known, only inputs of the same type are returned.
 */
export function fundingInputs(tx: ParsedTransaction, script: string | null = null): Outpoint[] {
  const taproot = script === null || script.startsWith('5120')
  const multisig = script === null || script.startsWith('0020')
  return tx.inputs
    .filter(({ witness }) => (multisig && spendsTwoOfTwo(witness)) || (taproot && isKeySpend(witness)))
    .map((input) => input.outpoint)
}

function isWitnessProgram32(script: string): boolean {
  return script.length === 68 && (script.startsWith('0020') || script.startsWith('5120'))
}

function spendsTwoOfTwo(witness: readonly Uint8Array[]): boolean {
  const script = witness.at(-1)
  return (
    script !== undefined && script.length === 71 && script[0] === 0x52 && script[69] === 0x52 && script[70] === 0xae
  )
}

function isKeySpend(witness: readonly Uint8Array[]): boolean {
  const signature = witness[0]
  return witness.length === 1 && signature !== undefined && (signature.length === 64 || signature.length === 65)
}
