import type { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { UnsignedTransaction } from './psbt.ts'

/** What a transaction must look like before we let anything of it be signed. */
export type Expected = {
  readonly submittedOn: Outpoint
  /** The channel's capacity before the splice, and the change of our balance: the amount, or −(amount + fee). */
  readonly capacitySats: number
  readonly relativeSats: number
  /** Our wallet's inputs, and the outputs that pay us or the recipient of the splice-out. */
  readonly inputs: readonly { readonly outpoint: Outpoint; readonly amountSats: number }[]
  readonly outputs: readonly { readonly script: string; readonly amountSats: number }[]
}

/**
 * The reason not to sign a transaction, or null if it is exactly what we built: it spends the funding outpoint and our
 * inputs, it pays our outputs and the new funding, and it contains nothing else. Its cost to us is therefore the cost
 * decided before. A peer's own inputs or outputs are refused too, since our splices need none.
 */
export function objectionTo(tx: UnsignedTransaction, expected: Expected): string | null {
  const wanted = [expected.submittedOn, ...expected.inputs.map(({ outpoint }) => outpoint)]
  const spent = tx.inputs.map(({ outpoint }) => outpoint)
  if (spent.length !== wanted.length || wanted.some((outpoint) => !spent.includes(outpoint)))
    return 'its inputs are not exactly the funding output and ours'
  const submittedOn = tx.inputs.find(({ outpoint }) => outpoint === expected.submittedOn)
  if (submittedOn?.amountSats !== null && submittedOn?.amountSats !== expected.capacitySats)
    return 'the funding output that it spends has another amount'
  const left = [...tx.outputs]
  for (const { script, amountSats } of expected.outputs) {
    const at = left.findIndex((output) => output.script === script && output.amountSats === amountSats)
    if (at === -1) return 'an output of ours is missing'
    left.splice(at, 1)
  }
  const [funding, ...others] = left
  if (funding === undefined || others.length > 0) return 'it has outputs besides ours and the funding output'
  if (!/^(0020|5120)[0-9a-f]{64}$/.test(funding.script)) return 'its funding output is not a P2WSH or P2TR output'
  return funding.amountSats === expected.capacitySats + expected.relativeSats
    ? null
    : 'its funding output has another amount'
}
