import type { ChainTransaction } from '../ports/chain.ts'
import type { ForeignCandidate, ForeignKind } from '../ports/records.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import { outpointOf } from '../bitcoin/outpoint.ts'
import type { ParsedTransaction } from '../bitcoin/transaction.ts'
import { fundingOutputs, isCommitment } from '../bitcoin/transaction.ts'

/** What a transaction pays, and what it moves. null: not known. */
export type TransactionAmounts = Pick<ForeignCandidate, 'feeSats' | 'feeRateSatPerKw' | 'amountSats'>

/** Nothing is known of a transaction but its txid. */
export const NO_AMOUNTS: TransactionAmounts = { feeSats: null, feeRateSatPerKw: null, amountSats: null }

/**
 * What the form of a transaction says, and the funding outpoints that its node named. A commitment, or what funds no channel
 * anew, is a close; what made a funding that the node moved to is a splice.
 */
export function kindOf(
  parsed: ParsedTransaction,
  spends: Outpoint,
  fundings: readonly Outpoint[],
): ForeignKind {
  if (isCommitment(parsed, spends) || fundingOutputs(parsed).length === 0) return 'channel_close'
  return madeFunding(parsed, fundings) === null ? 'unclassified' : 'foreign_splice'
}

/** What a transaction pays, and by how much it changes the capacity of a channel whose funding held `valueSats`. */
export function amountsOf(
  { feeSats }: ChainTransaction,
  parsed: ParsedTransaction,
  valueSats: number | null,
  kind: ForeignKind,
  fundings: readonly Outpoint[],
): TransactionAmounts {
  const made = kind === 'channel_close' ? 0 : madeSats(parsed, fundings)
  return {
    feeSats,
    feeRateSatPerKw: feeSats === null ? null : Math.floor((feeSats * 1_000) / parsed.weight),
    amountSats: made === null || valueSats === null ? null : made - valueSats,
  }
}

function madeSats(parsed: ParsedTransaction, fundings: readonly Outpoint[]): number | null {
  const named = madeFunding(parsed, fundings)
  if (named !== null) return named
  const [only, ...others] = fundingOutputs(parsed)
  return only !== undefined && others.length === 0 ? only.amountSats : null
}

/** What the output holds that the node named as its funding, in satoshis; null: it named none of them. */
function madeFunding(parsed: ParsedTransaction, fundings: readonly Outpoint[]): number | null {
  const vout = parsed.outputs.findIndex((_, index) => fundings.includes(outpointOf(parsed.txid, index)))
  return parsed.outputs[vout]?.amountSats ?? null
}
