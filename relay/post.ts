import { request } from 'undici'
import * as z from 'zod'
import { textOf } from '../adapters/net/body.ts'
import type { Instant } from '../core/values/instant.ts'
import { SIGNATURE_HEADER, TIMESTAMP_HEADER, relaySignature } from '../core/nodes/relay-signature.ts'
import type { RelayEvent } from '../core/nodes/relay-event.ts'

const REQUEST_MS = 10_000
const ANSWER_BYTES = 64 * 1024

/** Where events go, for which node, under which key. */
export type Target = { readonly serviceUrl: string; readonly node: string; readonly relayKey: string }

/** The service's answer. `status` null: none came. `code`: that of a problem, if we know it. */
export type PostAnswer = {
  readonly status: number | null
  readonly code: KnownCode | null
  readonly date: string | null
}

const Problem = z.object({
  code: z.enum(['unauthorized', 'timestamp_stale', 'node_not_found', 'invalid_request']),
})
type KnownCode = z.infer<typeof Problem>['code']

const UNANSWERED: PostAnswer = { status: null, code: null, date: null }

/**
 * Posts events once, signed with the time `now`. Never throws; does not follow a redirect, which would carry
 * the signature elsewhere.
 */
export async function postEvents(
  { serviceUrl, node, relayKey }: Target,
  events: readonly RelayEvent[],
  now: Instant,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const body = JSON.stringify({ events })
  const timestamp = String(Math.floor(now / 1000))
  return answered(`${serviceUrl}/v1/nodes/${encodeURIComponent(node)}/events`, signal, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      [TIMESTAMP_HEADER]: timestamp,
      [SIGNATURE_HEADER]: relaySignature(relayKey, timestamp, body),
    },
    body,
  })
}

/** Asks whether the service is up; its answer carries its time. */
export async function askHealth({ serviceUrl }: Target, signal: AbortSignal): Promise<PostAnswer> {
  return answered(`${serviceUrl}/health`, signal, { method: 'GET', headers: { 'Cache-Control': 'no-cache' } })
}

type Sent = {
  readonly method: 'GET' | 'POST'
  readonly headers: Record<string, string>
  readonly body?: string
}

async function answered(url: string, signal: AbortSignal, sent: Sent): Promise<PostAnswer> {
  try {
    const signals = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)])
    const { statusCode, headers, body } = await request(url, { ...sent, signal: signals })
    const { date, age } = headers
    const code = codeIn((await textOf(body, ANSWER_BYTES)) ?? '')
    // A cached answer shows when it was stored, not the current time.
    return { status: statusCode, code, date: typeof date === 'string' && age === undefined ? date : null }
  } catch {
    return UNANSWERED
  }
}

function codeIn(text: string): KnownCode | null {
  try {
    return Problem.safeParse(JSON.parse(text)).data?.code ?? null
  } catch {
    return null
  }
}
