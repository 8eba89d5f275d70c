import type { ChainTransaction } from '../ports/chain.ts'
import type { ForeignCandidate, ForeignKind } from '../ports/records.ts'
import { outpointOf, type Outpoint } from '../bitcoin/outpoint.ts'
import { fundingOutputs, isCommitment, type ParsedTransaction } from '../bitcoin/transaction.ts'

/** A transaction's fee, and its change of the channel's capacity; null: unknown. */
export type TransactionAmounts = Pick<ForeignCandidate, 'feeSats' | 'feeRateSatPerKw' | 'amountSats'>

/** The amounts of a transaction of which only the txid is known. */
export const NO_AMOUNTS: TransactionAmounts = { feeSats: null, feeRateSatPerKw: null, amountSats: null }

/**
 * Classifies a transaction by its form and the funding outpoints that the node reported. A commitment transaction, or
 * one without a possible funding output, is a close. One that created a reported funding outpoint is a splice.
 */
export function kindOf(parsed: ParsedTransaction, spends: Outpoint, fundings: readonly Outpoint[]): ForeignKind {
  if (isCommitment(parsed, spends) || fundingOutputs(parsed).length === 0) return 'channel_close'
  return reportedFundingSats(parsed, fundings) === null ? 'unclassified' : 'foreign_splice'
}

/** A transaction's fee, and by how much it changes the capacity of a channel whose funding output held `valueSats`. */
export function amountsOf(
  { feeSats }: ChainTransaction,
  parsed: ParsedTransaction,
  valueSats: number | null,
  kind: ForeignKind,
  fundings: readonly Outpoint[],
): TransactionAmounts {
  const funded = kind === 'channel_close' ? 0 : fundedSats(parsed, fundings)
  return {
    feeSats,
    feeRateSatPerKw: feeSats === null ? null : Math.floor((feeSats * 1_000) / parsed.weight),
    amountSats: funded === null || valueSats === null ? null : funded - valueSats,
  }
}

function fundedSats(parsed: ParsedTransaction, fundings: readonly Outpoint[]): number | null {
  const named = reportedFundingSats(parsed, fundings)
  if (named !== null) return named
  const [only, ...others] = fundingOutputs(parsed)
  return only !== undefined && others.length === 0 ? only.amountSats : null
}

/** The value in satoshis of the output that the node reported as its funding outpoint; null: of none. */
function reportedFundingSats(parsed: ParsedTransaction, fundings: readonly Outpoint[]): number | null {
  const vout = parsed.outputs.findIndex((_, index) => fundings.includes(outpointOf(parsed.txid, index)))
  return parsed.outputs[vout]?.amountSats ?? null
}
