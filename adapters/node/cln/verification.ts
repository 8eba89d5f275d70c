import type { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { UnsignedTransaction } from './psbt.ts'

/** What a transaction must be before we let anything of it be signed. */
export type Expected = {
  readonly submittedOn: Outpoint
  /** The channel before, and by how much our part of it changes: amount, or −(amount + fee). */
  readonly capacitySats: number
  readonly relativeSats: number
  /** Inputs of our wallet, and outputs that pay us or whom the splice-out is for. */
  readonly inputs: readonly { readonly outpoint: Outpoint; readonly amountSats: number }[]
  readonly outputs: readonly { readonly script: string; readonly amountSats: number }[]
}

/**
 * Why a transaction must not be signed; null: it is exactly what we built. It spends the funding outpoint and our inputs, pays our
 * outputs and the new funding, and nothing else is in it: so what it costs us is what was decided before. (A peer that adds
 * inputs or outputs of its own is refused, too: nothing of a splice of ours needs them.)
 */
export function objectionTo(tx: UnsignedTransaction, expected: Expected): string | null {
  const wanted = [expected.submittedOn, ...expected.inputs.map(({ outpoint }) => outpoint)]
  const spent = tx.inputs.map(({ outpoint }) => outpoint)
  if (spent.length !== wanted.length || wanted.some((outpoint) => !spent.includes(outpoint)))
    return 'its inputs are not the funding and ours'
  const submittedOn = tx.inputs.find(({ outpoint }) => outpoint === expected.submittedOn)
  if (submittedOn?.amountSats !== null && submittedOn?.amountSats !== expected.capacitySats)
    return 'the funding that it spends is of another amount'
  const left = [...tx.outputs]
  for (const { script, amountSats } of expected.outputs) {
    const at = left.findIndex((output) => output.script === script && output.amountSats === amountSats)
    if (at === -1) return 'an output of ours is missing'
    left.splice(at, 1)
  }
  const [funding, ...others] = left
  if (funding === undefined || others.length > 0) return 'it has other outputs than ours and the funding'
  if (!/^(0020|5120)[0-9a-f]{64}$/.test(funding.script)) return 'its funding output is none'
  return funding.amountSats === expected.capacitySats + expected.relativeSats
    ? null
    : 'its funding output is of another amount'
}
