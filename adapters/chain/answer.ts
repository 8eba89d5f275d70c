import type { ChainFault } from '../../core/ports/chain.ts'
import { err } from '../../core/values/result.ts'

/** Of four million weight units, an output takes 36 at least, and an input 164. */
export const MAX_OUTPUTS = 111_111
export const MAX_INPUTS = 24_390

/** A fault: the source gave no answer that counts. */
export const unreachable = (message: string): { readonly ok: false; readonly error: ChainFault } =>
  err({ class: 'unreachable', message })

/** The code of an error of a request or of a socket; texts may hold addresses. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'failed'
}

/** Why Bitcoin Core takes no transaction, in its own words (`src/validation.cpp` and the policies that it calls). */
const REASONS = [
  'min relay fee not met',
  'mempool min fee not met',
  'insufficient fee',
  'txn-mempool-conflict',
  'txn-already-in-mempool',
  'txn-already-known',
  'bad-txns-inputs-missingorspent',
  'missing-inputs',
  'too-long-mempool-chain',
  'too many potential replacements',
  'replacement-adds-unconfirmed',
  'bad-txns-spends-conflicting-tx',
  'mempool full',
  'non-final',
  'non-BIP68-final',
  'bad-txns-in-belowout',
  'bad-txns-nonstandard-inputs',
  'bad-witness-nonstandard',
  'mandatory-script-verify-flag-failed',
  'non-mandatory-script-verify-flag',
  'tx-size',
  'dust',
  'max-fee-exceeded',
  'Fee exceeds maximum configured by user',
] as const

/**
 * The reason for which a source refuses a transaction, if it is one that we know: the rest of what it says is not repeated, for a
 * source may say anything, the keys in its address too.
 */
export function reasonIn(text: string): string {
  const reason = REASONS.find((known) => text.includes(known))
  return reason === undefined ? '' : `: ${reason}`
}
