import * as z from 'zod'

/**
 * A list from outside with `min` to `max` elements. Stops at the first element that does not fit: Zod would
 * create an issue for each one, and a few megabytes of wrong elements would cost seconds and gigabytes.
 */
export function listOf<O, I>(
  element: z.ZodType<O, I>,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): z.ZodType<O[], unknown[]> {
  return z.codec(
    z.custom<unknown[]>((value) => Array.isArray(value) && value.length >= min && value.length <= max),
    z.custom<O[]>(),
    {
      decode(list, context) {
        const read: O[] = []
        for (const [n, value] of list.entries()) {
          const parsed = element.safeParse(value)
          if (!parsed.success) {
            context.issues.push(...parsed.error.issues.map((issue) => issueAt(n, issue)))
            return z.NEVER
          }
          read.push(parsed.data)
        }
        return read
      },
      encode: (list) => list.map((value) => z.encode(element, value)),
    },
  )
}

/** Names the position in the list, never the value. */
function issueAt(n: number, { path, message }: z.core.$ZodIssue): z.core.$ZodRawIssue {
  return { code: 'custom', message, path: [n, ...path], input: null }
}
