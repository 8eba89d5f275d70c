import * as z from 'zod'

/** A block, by its height and its hash in explorer byte order. */
export const BlockRef = z.object({ height: z.int().nonnegative(), hash: z.string() })
export type BlockRef = z.infer<typeof BlockRef>
