import * as z from 'zod'

const Problem = z.looseObject({
  code: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string().optional(),
  field: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/** An error of the service (RFC 9457). Branch on `code`. */
export type Problem = z.infer<typeof Problem>

/**
 * The problem in an error answer; null for a success. An error that is not a problem of ours came from something
 * between us and the service: its code is `not_splicekeeper`, and what became of the request is unknown.
 */
export async function problemIn(answer: Pick<Response, 'ok' | 'status' | 'text'>): Promise<Problem | null> {
  if (answer.ok) return null
  const { status } = answer
  const parsed = Problem.safeParse(jsonOf(await answer.text().catch(() => '')))
  if (parsed.success) return { ...parsed.data, status }
  return { code: 'not_splicekeeper', title: `HTTP ${status}, not from Splicekeeper`, status }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
