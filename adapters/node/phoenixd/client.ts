import type * as z from 'zod'
import type { NodeFault } from '../../../core/ports/node.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import {
  jsonIn,
  nodeFaultOf,
  nodeHttp,
  statusFaultOf,
  type HttpAnswer,
  type HttpFault,
  type HttpNodeConfig,
} from '../../net/form-client.ts'

const MAX_BODY_BYTES = 16 * 1024 * 1024
const COMMAND_BODY_BYTES = 64 * 1024

type Fields = Readonly<Record<string, string>>

/** The methods of one phoenixd (docs/reference/phoenixd.md). A command is sent once. */
export type PhoenixdClient = {
  /** GET: a value that fits `form`, or a fault. */
  read<T, I>(method: string, fields: Fields, form: z.ZodType<T, I>, call: Call): Promise<Result<T, NodeFault>>
  /** POST. phoenixd has no timeout of its own, so a silent peer hangs the request. */
  command(method: string, fields: Fields, call: Call): Promise<Result<HttpAnswer, HttpFault>>
}

/** HTTP with phoenixd's full-access password; the limited one may not spend. */
export function phoenixdClient(config: HttpNodeConfig): PhoenixdClient {
  const http = nodeHttp(config)
  return {
    async read(method, fields, form, call) {
      const path = `/${method}`
      const answered = await http({ method: 'GET', path, fields, maxBytes: MAX_BODY_BYTES, isRead: true }, call)
      if (!answered.ok) return err(nodeFaultOf(answered.error))
      const fault = statusFaultOf(method, answered.value)
      if (fault !== null) return err(fault)
      const parsed = form.safeParse(jsonIn(answered.value))
      if (parsed.success) return ok(parsed.data)
      const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')
      const message = `${method} gave an unreadable answer: ${where}`.slice(0, 200)
      return err({ class: 'unreachable', message })
    },
    command: (method, fields, call) =>
      http({ method: 'POST', path: `/${method}`, fields, maxBytes: COMMAND_BODY_BYTES, isRead: false }, call),
  }
}
