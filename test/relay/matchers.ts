import { expect } from 'vitest'

/** A text that contains this one. */
export const textWith = (text: string): unknown => expect.stringContaining(text)

/** A text that matches. */
export const textLike = (pattern: RegExp): unknown => expect.stringMatching(pattern)

export const aNumber: unknown = expect.any(Number)
