import * as z from 'zod'

const Problem = z.looseObject({
  code: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string().optional(),
  field: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/** An error of the service (RFC 9457): branch on `code`. */
export type Problem = z.infer<typeof Problem>

/**
 * The problem that an answer is; null where it is none. What answers an error that is no problem of ours stands between us and
 * the service: its code is `not_splicekeeper`, and what became of the request is not known.
 */
export async function problemIn(answer: Pick<Response, 'ok' | 'status' | 'text'>): Promise<Problem | null> {
  if (answer.ok) return null
  const { status } = answer
  const parsed = Problem.safeParse(jsonOf(await answer.text().catch(() => '')))
  if (parsed.success) return { ...parsed.data, status }
  return { code: 'not_splicekeeper', title: `HTTP ${status}, and no problem of Splicekeeper`, status }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
