import type { ParsedTransaction } from '../../core/bitcoin/transaction.ts'
import type { ChainIndex, IndexedTransaction } from './transaction-index.ts'
import type { ChainState } from './state.ts'

/** A node's relay rules, in sat per virtual byte. */
export type RelayRule = Pick<ChainState, 'minRelaySatPerVb' | 'incrementalRelaySatPerVb'>

/** The mempool's decision: the transactions to evict for the new one, or Bitcoin Core's reason to refuse it. */
export type Admission =
  | { readonly ok: true; readonly evicted: readonly IndexedTransaction[] }
  | { readonly ok: false; readonly reason: string }

/**
 * Smallest output that is relayed, by script (Bitcoin Core's dust limit at 3 sat/vB): P2WPKH 294, P2WSH and
 * P2TR 330, P2SH 540, otherwise 546.
 */
export function dustLimitSats(script: string): number {
  if (script.startsWith('0014') && script.length === 44) return 294
  if (/^(0020|5120)/.test(script) && script.length === 68) return 330
  return script.startsWith('a914') ? 540 : 546
}

export function virtualSize(weight: number): number {
  return Math.ceil(weight / 4)
}

/** Applies Bitcoin Core's policy: inputs, dust, minimum feerate, replacement (BIP 125 rules 3 and 4). */
export function admit(index: ChainIndex, rule: RelayRule, tx: ParsedTransaction): Admission {
  const feeSats = index.feeSats(tx)
  if (feeSats === null) return { ok: false, reason: 'missing-inputs' }
  if (feeSats < 0) return { ok: false, reason: 'bad-txns-in-belowout' }
  if (tx.outputs.some((output) => output.amountSats < dustLimitSats(output.script)))
    return { ok: false, reason: 'dust' }
  const size = virtualSize(tx.weight)
  if (feeSats < Math.ceil(rule.minRelaySatPerVb * size)) return { ok: false, reason: 'min relay fee not met' }

  const conflicts = tx.inputs.flatMap((input) => index.spender(input.outpoint) ?? [])
  if (conflicts.some((conflict) => conflict.height !== null)) return { ok: false, reason: 'missing-inputs' }
  const evicted = [...new Set(conflicts.flatMap((conflict) => index.withDescendants(conflict.txid)))]
  if (tx.inputs.some((input) => evicted.some((old) => input.outpoint.startsWith(old.txid)))) {
    return { ok: false, reason: 'bad-txns-spends-conflicting-tx' }
  }
  const replacedSats = evicted.reduce((sum, old) => sum + (old.feeSats ?? 0), 0)
  const lowFee = evicted.length > 0 && feeSats < replacedSats + Math.ceil(rule.incrementalRelaySatPerVb * size)
  const lowRate = conflicts.some((old) => feeSats / size <= (old.feeSats ?? 0) / virtualSize(old.weight))
  if (lowFee || lowRate) return { ok: false, reason: 'insufficient fee' }
  return { ok: true, evicted }
}
