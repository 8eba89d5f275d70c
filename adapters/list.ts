import * as z from 'zod'

/**
 * A list from outside of at most `max` elements (at least `min`), read until the first that does not fit. Zod makes an issue of
 * every element that does not, and a few megabytes of wrong ones cost seconds and gigabytes; this costs no more than its size.
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

/** Names where in the list it is, and not what stands there. */
function issueAt(n: number, { path, message }: z.core.$ZodIssue): z.core.$ZodRawIssue {
  return { code: 'custom', message, path: [n, ...path], input: null }
}
