import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import * as z from 'zod'
import type { Operation } from '../../adapters/store/memory.ts'
import { relaySignature } from '../../core/nodes/relay-signature.ts'
import { ProblemBody } from '../../functions/api/problem.ts'
import { NOW, RELAY_KEY, CHANNEL } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { assertDocumented } from '../../harness/api/documented.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aCandidate, anAttempt } from '../../harness/records/attempts.ts'
import { updateEndpoints } from '../../core/webhooks/stored-endpoints.ts'
import { newEndpoint } from '../../core/webhooks/endpoint.ts'
import { ENDPOINT, type Sent } from './api-requests.ts'

/** What no request may cost more of, whatever is in it: requests to the table. */
const OPERATIONS_MAX = 40
/** An answer names what is wrong with each field: so many bytes for each byte of the request, and so many besides. */
const ANSWER_BYTES_PER_BYTE = 60
const ANSWER_BYTES = 16_384
const JSON_TYPE = 'application/json'
const OTHER_RELAY_KEY = 'relay key of carol'
const WEBHOOK_SECRET = 'whsec_c2VjcmV0IG9mIHRoZSBzaG9wIGluIHRoZSB0ZXN0cw=='

/** The codes and their statuses, as the table of problems has them. */
const CODES: ReadonlyMap<string, number> = new Map(
  [
    ...readFileSync(new URL('../../functions/api/problem.ts', import.meta.url), 'utf8').matchAll(
      /^ {2}([a-z_]+): \[(\d{3}), '/gm,
    ),
  ].map(([, code = '', status]) => [code, Number(status)]),
)

/** A world in which every request is counted, with two splices, one queued, one whose transaction waits, and a webhook endpoint. */
export type Watched = World & { readonly operations: () => number; readonly writes: () => number }

export async function aWatchedWorld(before: (operation: Operation) => void = () => undefined): Promise<Watched> {
  const seen = { operations: 0, writes: 0 }
  const world = await aWorld({
    before: (operation) => {
      seen.operations += 1
      if (operation.type === 'put') seen.writes += 1
      before(operation)
      return null
    },
  })
  const spends = `${aTxid('f')}:0`
  await world.store.create(aSplice({ generation: 4, channelId: CHANNEL, leaseHeld: true }))
  await world.store.create(
    aSplice({
      id: aSpliceId(2),
      generation: 4,
      state: 'pending',
      submittedOn: spends,
      attempts: [anAttempt({ submittedOn: spends, result: { type: 'taken', at: NOW } })],
      candidates: [aCandidate({ txid: aTxid('2'), spends })],
    }),
  )
  const url = 'https://example.com/splices'
  const made = { id: ENDPOINT, url, description: null, deliveredThrough: 0, secret: WEBHOOK_SECRET }
  await updateEndpoints('acme', world.store, () => ({ endpoints: [newEndpoint(made, NOW)] }))
  return { ...world, operations: () => seen.operations, writes: () => seen.writes }
}

/** A request as it goes to the app. */
export function requestOf(world: Watched, sent: Sent): Request {
  const { route, parameter, query, sender, headers, body, signed } = sent
  const path = route.path.replace(/\{\w+\}/, parameter.replaceAll('$', '$$$$'))
  const authorization = typeof sender === 'string' ? `Bearer ${world.keys[sender]}` : sender.header
  const seconds = String(NOW / 1000)
  const signature = {
    'Splicekeeper-Timestamp': seconds,
    'Splicekeeper-Signature': relaySignature(RELAY_KEY, seconds, body === null ? '' : body),
  }
  return new Request(`http://localhost${path}${query}`, {
    method: route.method,
    headers: {
      ...headers,
      ...(authorization === null ? {} : { Authorization: authorization }),
      ...(signed ? signature : {}),
    },
    ...(body === null ? {} : { body }),
  })
}

/** What came back; `body` is empty where it is no JSON. */
export type Got = { readonly status: number; readonly body: Record<string, unknown> }

const Known = z.looseObject({})

/** Sends a request and holds the answer to what holds of every answer. */
export async function answerTo(world: Watched, sent: Sent): Promise<Got> {
  const before = { operations: world.operations(), writes: world.writes() }
  const told = [world.heard.hints.length, world.heard.nodeEvents.length]
  const request = requestOf(world, sent)
  const response = await world.app.request(request)
  const text = await response.text()
  const asked =
    sent.route.path.endsWith('.csv') && response.status < 400 ? 'text/csv; charset=utf-8; header=present' : JSON_TYPE
  const body = asked === JSON_TYPE ? Known.parse(JSON.parse(text)) : {}
  expect(response.status, text).toBeLessThan(504)
  expect(response.status, text).not.toBe(500)
  if (response.status < 400) expect(response.headers.get('Content-Type')).toBe(asked)
  else {
    expectProblem(response, body)
    const path = new URL(request.url).pathname
    await assertDocumented(world, { method: request.method, path }, { status: response.status, body })
    expect(world.writes(), 'nothing is stored by what is answered with an error').toBe(before.writes)
    expect([world.heard.hints.length, world.heard.nodeEvents.length]).toEqual(told)
  }
  expectNoSecret(world, text)
  expect(world.operations() - before.operations).toBeLessThanOrEqual(OPERATIONS_MAX)
  const sentBytes = (sent.body?.length ?? 0) + sent.parameter.length + sent.query.length
  expect(text.length).toBeLessThanOrEqual(sentBytes * ANSWER_BYTES_PER_BYTE + ANSWER_BYTES)
  return { status: response.status, body }
}

function expectProblem(response: Response, body: Record<string, unknown>): void {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  const problem = z.strictObject(ProblemBody.shape).parse(body)
  expect(CODES.get(problem.code), problem.code).toBe(response.status)
  expect(problem.status).toBe(response.status)
  // A field may be called anything, nothing too: what counts is that it is named.
  if (problem.status === 400) expect(problem.field, problem.code).toBeTypeOf('string')
  if (problem.code !== 'invalid_request' || problem.field === 'cursor') return
  expect(problem.errors?.[0]?.field).toBe(problem.field)
  for (const { message } of problem.errors ?? []) {
    expect(message).toMatch(/^(The body|`[^]*`) (is|must|has|does)/)
    expect(message).not.toMatch(
      /Invalid (input|string|option)|expected|received|does not have the right form|form that is not known/,
    )
  }
}

function expectNoSecret(world: Watched, text: string): void {
  const lines = JSON.stringify(world.heard.lines)
  for (const secret of [...Object.values(world.keys), RELAY_KEY, OTHER_RELAY_KEY, WEBHOOK_SECRET]) {
    expect(text.includes(secret), 'no secret is told').toBe(false)
    expect(lines.includes(secret), 'no secret is logged').toBe(false)
  }
}
