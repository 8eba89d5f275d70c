/**
 * A value, or the reason why there is none. Core and adapters return expected errors as values; they do not throw them.
 */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error }
}

/** The message of a thrown error, for an alarm. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
