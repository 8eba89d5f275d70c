import * as z from 'zod'

/** What playing seeds came to: the first one that broke a law, which, and how; null: none did. */
export const Found = z.object({
  seed: z.int().positive().nullable(),
  law: z.string().nullable(),
  detail: z.string().nullable(),
})
export type Found = z.infer<typeof Found>
