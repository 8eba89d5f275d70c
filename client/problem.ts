import * as z from 'zod'

const Retry = z.enum(['same_key', 'new_key', 'never'])
const Body = z.looseObject({
  code: z.string(),
  title: z.string(),
  status: z.number(),
  retry: Retry.optional().catch(undefined),
  detail: z.string().optional(),
  field: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/**
 * An error of the service (RFC 9457). Branch on `code`, or on `retry`, which says what to do next:
 * - `same_key`: send the same request again, with the same `Idempotency-Key`; it may have been carried out
 * - `new_key`: it stored nothing; correct it, and send it with a new key
 * - `never`: it did nothing, and as things stand it is refused again under any key
 */
export type Problem = z.infer<typeof Body> & { readonly retry: z.infer<typeof Retry> }

/**
 * The problem in an error answer; null for a success. An error that is not a problem of ours came from something
 * between us and the service: its code is `not_splicekeeper`, and what became of the request is unknown, so it is repeated with the
 * same key.
 */
export async function problemIn(answer: Pick<Response, 'ok' | 'status' | 'text'>): Promise<Problem | null> {
  if (answer.ok) return null
  const { status } = answer
  const parsed = Body.safeParse(jsonOf(await answer.text().catch(() => '')))
  if (parsed.success) return { ...parsed.data, status, retry: parsed.data.retry ?? usualRetry(status) }
  return { code: 'not_splicekeeper', title: `HTTP ${status}, not from Splicekeeper`, status, retry: 'same_key' }
}

/** For an answer that does not say it: what may have been carried out is repeated as it was, all else is given up. */
function usualRetry(status: number): Problem['retry'] {
  return status >= 500 || status === 429 ? 'same_key' : 'never'
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
