import type { Other } from './other.ts'

/** One of two files that import each other, for the law that notices it. */
export type One = { readonly other: Other | null }
