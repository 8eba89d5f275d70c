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

/** A channel takes about 8 kB of JSON. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
const COMMAND_BODY_BYTES = 64 * 1024
/**
 * How long Eclair works on a request before it answers 500 or, 2 s later, 408. Shorter than our own time
 * limit for a call (functions/runtime.ts), so that Eclair gives up waiting first. The splice itself continues
 * until its own timeout of 60 s.
 */
const TIMEOUT_SECONDS = '7'

/** The form fields of a method. */
type Fields = Readonly<Record<string, string>>

/** The methods that change nothing. Eclair takes all of them as POST; `getnewaddress` and `connect` are none. */
const READS: readonly string[] = ['getinfo', 'channels', 'channel', 'onchainbalance']

/** The methods of one Eclair (docs/reference/eclair.md 1). A command is sent once. */
export type EclairClient = {
  /** Reads a value that fits `form`, or gives a fault. */
  read<T, I>(method: string, fields: Fields, form: z.ZodType<T, I>, call: Call): Promise<Result<T, NodeFault>>
  command(method: string, fields: Fields, call: Call): Promise<Result<HttpAnswer, HttpFault>>
}

/** A client that sends form-encoded POSTs with Eclair's API password. */
export function eclairClient(config: HttpNodeConfig): EclairClient {
  const http = nodeHttp(config)
  const send = (method: string, fields: Fields, maxBytes: number, call: Call) =>
    http(
      {
        method: 'POST',
        path: `/${method}`,
        fields: { ...fields, timeoutSeconds: TIMEOUT_SECONDS },
        maxBytes,
        isRead: READS.includes(method),
      },
      call,
    )
  return {
    async read(method, fields, form, call) {
      const answered = await send(method, fields, MAX_BODY_BYTES, call)
      if (!answered.ok) return err(nodeFaultOf(answered.error))
      const fault = statusFaultOf(method, answered.value)
      if (fault !== null) return err(fault)
      const parsed = form.safeParse(jsonIn(answered.value))
      if (parsed.success) return ok(parsed.data)
      const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ')
      const message = `${method} gave an unreadable answer: ${where}`.slice(0, 200)
      return err({ class: 'unreachable', message })
    },
    command: (method, fields, call) => send(method, fields, COMMAND_BODY_BYTES, call),
  }
}
