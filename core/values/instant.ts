import * as z from 'zod'

/** Milliseconds since 1970. At the API, times are ISO 8601. */
export const Instant = z.number().nonnegative()
export type Instant = z.infer<typeof Instant>
