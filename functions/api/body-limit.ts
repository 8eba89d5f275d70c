import { createMiddleware } from 'hono/factory'
import type { ApiEnv } from './context.ts'
import { Problem } from './problem.ts'

/** A refused body is read to its end up to this size: a client that is still sending would not see the answer. */
const DRAINED_BYTES = 32 * 1024 * 1024

/** Refuses bodies of more bytes than this. */
export function limitBody(maxBytes: number) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { raw } = c.req
    if (raw.body === null || isDeclaredWithin(raw.headers, maxBytes)) return next()
    const body = await bodyWithin(raw.body, maxBytes)
    if (body === null) throw new Problem('body_too_large', { field: 'body', detail: `at most ${maxBytes} bytes` })
    c.req.raw = new Request(raw, { body })
    return next()
  })
}

/** Whether the server lets no more through than the client has declared, and that is little enough. */
function isDeclaredWithin(headers: Headers, maxBytes: number): boolean {
  const declared = headers.get('Content-Length')
  return declared !== null && headers.get('Transfer-Encoding') === null && Number(declared) <= maxBytes
}

/** The body; null: it is longer. */
async function bodyWithin(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Blob | null> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for await (const part of stream) {
    bytes += part.byteLength
    if (bytes <= maxBytes) parts.push(new Uint8Array(part))
    if (bytes > DRAINED_BYTES) break
  }
  return bytes <= maxBytes ? new Blob(parts) : null
}
