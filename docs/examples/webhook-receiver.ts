/**
 * A receiver of Splicekeeper's webhooks on nothing but Node and the public library:
 *
 *   npm install standardwebhooks
 *   WEBHOOK_SECRET=whsec_… PORT=8080 node webhook-receiver.ts
 *
 * Put it behind TLS. It answers 204 once an event is kept, and 401 to whoever cannot sign.
 */
import { realpathSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'

/** An event as it arrives; `sequence` is its line in `GET /v1/events`. */
export type Received = {
  readonly id: string
  readonly payload: unknown
}

const BODY_BYTES = 64 * 1024

/**
 * Verifies each request, and calls `take` once for every event id. An event may arrive again, with the same id: keep the ids where
 * you keep what you did about them, in one transaction. Here they are in memory.
 */
export function webhookReceiver(secret: string, take: (event: Received) => Promise<void>): Server {
  const webhook = new Webhook(secret)
  const taken = new Set<string>()
  return createServer((request, response) => {
    const answer = async (): Promise<number> => {
      if (Number(request.headers['content-length'] ?? Infinity) > BODY_BYTES) return 413
      // The signature is over the bytes: verify before you parse.
      const body = await buffer(request)
      const id = String(request.headers['webhook-id'])
      let payload: unknown
      try {
        payload = webhook.verify(body, {
          'webhook-id': id,
          'webhook-timestamp': String(request.headers['webhook-timestamp']),
          'webhook-signature': String(request.headers['webhook-signature']),
        })
      } catch {
        return 401
      }
      if (taken.has(id)) return 204
      await take({ id, payload })
      taken.add(id)
      return 204
    }
    answer().then(
      (status) => response.writeHead(status).end(),
      // It is not kept: it comes again.
      () => response.writeHead(500).end(),
    )
  })
}

const [, program] = process.argv
// Under whatever link it was started.
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url)) {
  const server = webhookReceiver(process.env['WEBHOOK_SECRET'] ?? '', async ({ id, payload }) => {
    process.stdout.write(`${id} ${JSON.stringify(payload)}\n`)
  })
  server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1')
}
