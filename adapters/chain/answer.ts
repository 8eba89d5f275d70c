import type { ChainFault } from '../../core/ports/chain.ts'
import { err } from '../../core/values/result.ts'

/** A block holds four million weight units; an output takes at least 36, an input at least 164. */
export const MAX_OUTPUTS = 111_111
export const MAX_INPUTS = 24_390

type Fault = { readonly ok: false; readonly error: ChainFault }

/** A fault: the source gave no usable answer. */
export const unreachable = (message: string): Fault => err({ class: 'unreachable', message })

/** A fault: the source cannot answer yet. */
export const notReady = (message: string): Fault => err({ class: 'not_ready', message })

/** A fault that an operator has to correct. */
export const misconfigured = (message: string): Fault => err({ class: 'config', message })

/** The code of a request's or socket's error. Never its text, which may hold addresses. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'failed'
}

/**
 * The reasons for which Bitcoin Core refuses a transaction, verbatim (`src/validation.cpp` and the policies it calls).
 */
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
 * The known reason in a source's refusal, ready to append to a message; empty if there is none. The rest of
 * the text is dropped: a source may say anything, including the keys in its address.
 */
export function reasonIn(text: string): string {
  const reason = REASONS.find((known) => text.includes(known))
  return reason === undefined ? '' : `: ${reason}`
}
