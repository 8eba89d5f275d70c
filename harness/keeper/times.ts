export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
/** When the world of a keeper begins. */
export const START = Date.UTC(2026, 10, 30)
