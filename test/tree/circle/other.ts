import type { One } from './one.ts'

/** The other one. */
export type Other = { readonly one: One | null }
