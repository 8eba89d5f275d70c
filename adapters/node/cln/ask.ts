import type * as z from 'zod'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { ClnFault, ClnOptions, ClnRpc } from './rpc.ts'

/** Calls a method and parses its result. An unreadable result counts as `lost`, because the method did run. */
export async function ask<T>(
  rpc: ClnRpc,
  method: string,
  params: Readonly<Record<string, unknown>>,
  schema: z.ZodType<T>,
  options: ClnOptions,
): Promise<Result<T, ClnFault>> {
  const answer = await rpc.call(method, params, options)
  if (!answer.ok) return answer
  const read = schema.safeParse(answer.value)
  if (read.success) return ok(read.data)
  const fields = read.error.issues.map((issue) => issue.path.join('.')).join(', ')
  return err({ type: 'lost', message: `${method} gave an unreadable answer: ${fields}`.slice(0, 300) })
}
