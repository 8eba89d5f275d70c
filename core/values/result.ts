/** A value or the reason why there is none. Errors are values in core and in what adapters answer. */
export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error }
}

/** What a thrown error says of itself, for an alarm. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
