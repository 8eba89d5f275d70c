import fc from 'fast-check'
import { aPaymentId, aSpliceId, aTxid, ADDRESS } from '../../harness/values.ts'
import { CHANNEL, NOW, aBody } from '../../harness/api/values.ts'
import { hostileJson, hostileStrings, mutatedText, type Json } from './hostile.ts'
import { headerTexts, headers } from './api-headers.ts'

/** The webhook endpoint that is there. */
export const ENDPOINT = 'whk_1'

export const iso = (at: number): string => new Date(at).toISOString()

/** A route and a body that it takes; null: it takes none. */
export type RouteCase = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly valid: Json
}

const fullBody: Json = {
  ...aBody,
  budget: { maxAttempts: 3, deadline: iso(NOW + 3_600_000), maxFeeRateSatPerVb: 20, maxFeeSats: 5_000 },
  notBefore: iso(NOW),
  autoBump: { afterBlocks: 6 },
  metadata: { order: '17' },
}
const events: Json = {
  events: [
    { id: 'e-1', type: 'process_started', at: NOW },
    {
      id: 'e-2',
      type: 'splice_negotiation_failed',
      at: iso(NOW),
      channelId: CHANNEL,
      txid: aTxid('a'),
      reason: 'PeerDisconnected',
    },
  ],
}

/** Every route, with the largest body that it takes. */
export const ROUTES: readonly RouteCase[] = [
  { method: 'POST', path: '/v1/splices', valid: fullBody },
  { method: 'POST', path: '/v1/splices/preview', valid: fullBody },
  { method: 'GET', path: '/v1/splices', valid: null },
  { method: 'GET', path: '/v1/splices/{id}', valid: null },
  { method: 'POST', path: '/v1/splices/{id}/bump', valid: { feeRateSatPerVb: 12 } },
  { method: 'POST', path: '/v1/splices/{id}/cancel', valid: null },
  {
    method: 'POST',
    path: '/v1/splices/{id}/retry',
    valid: { attempts: 2, deadline: iso(NOW + 3_600_000) },
  },
  {
    method: 'POST',
    path: '/v1/splices/{id}/resolve',
    valid: { outcome: 'candidate', txid: aTxid('2'), note: 'seen by olga' },
  },
  { method: 'GET', path: '/v1/payments/{id}', valid: null },
  { method: 'GET', path: '/v1/payments', valid: null },
  { method: 'GET', path: '/v1/nodes', valid: null },
  { method: 'POST', path: '/v1/nodes/{node}/events', valid: events },
  { method: 'GET', path: '/v1/channels', valid: null },
  { method: 'POST', path: '/v1/channels/{id}/unfreeze', valid: { note: 'looked at it' } },
  { method: 'GET', path: '/v1/events', valid: null },
  {
    method: 'POST',
    path: '/v1/webhooks',
    valid: { url: 'https://example.com/other?a=b', description: 'shop', after: 0 },
  },
  { method: 'GET', path: '/v1/webhooks', valid: null },
  { method: 'GET', path: '/v1/webhooks/{id}', valid: null },
  { method: 'DELETE', path: '/v1/webhooks/{id}', valid: null },
  { method: 'POST', path: '/v1/webhooks/{id}/rotate', valid: null },
  { method: 'POST', path: '/v1/webhooks/{id}/disable', valid: null },
  { method: 'POST', path: '/v1/webhooks/{id}/enable', valid: null },
  { method: 'POST', path: '/v1/webhooks/{id}/test', valid: null },
  { method: 'POST', path: '/v1/webhooks/{id}/redeliver', valid: { after: 0 } },
  { method: 'GET', path: '/v1/payments.csv', valid: null },
  { method: 'GET', path: '/v1/keys', valid: null },
  { method: 'GET', path: '/v1/keys/current', valid: null },
  { method: 'POST', path: '/v1/keys', valid: { name: 'accounting', scopes: ['splices:read', 'operator'] } },
  { method: 'POST', path: '/v1/keys/{id}/revoke', valid: null },
  { method: 'GET', path: '/v1/audit', valid: null },
  { method: 'GET', path: '/health', valid: null },
]

/** Where a key stands in the fixture, or a text that is sent as it is. */
export type Sender = 'writer' | 'reader' | 'operator' | 'stranger' | { readonly header: string | null }

/** A request as it is sent. */
export type Sent = {
  readonly route: RouteCase
  /** Of the path; written as it stands if it is already escaped. */
  readonly parameter: string
  readonly query: string
  readonly sender: Sender
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer> | null
  /** Whether a relay's report is signed, and so looked into. */
  readonly signed: boolean
}

/** An order of an operator for a route, signed as a relay's as well. */
export const plain = (route: RouteCase, body: unknown): Sent => ({
  route,
  parameter: route.path.includes('{node}')
    ? 'alice'
    : route.path.includes('webhooks')
      ? ENDPOINT
      : route.path.includes('bump')
        ? aSpliceId(2)
        : aSpliceId(1),
  query: '',
  sender: 'operator',
  headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k-1' },
  body: JSON.stringify(body),
  signed: true,
})

const escaped = (text: string): string => encodeURIComponent(text.toWellFormed())

/** Parameters of paths: of things that there are, and of none. */
const parameters = fc.oneof(
  fc.constantFrom(aSpliceId(1), aSpliceId(2), ENDPOINT, CHANNEL, 'alice', 'bob', 'carol', aPaymentId(1)),
  hostileStrings.filter((text) => text !== '').map(escaped),
  fc.constantFrom('%', '%E0%A4%A', '%2e%2e', '%00', '.%2F', '*', ';', '%ff%fe', '{id}'),
)

const queryNames = fc.oneof(
  fc.constantFrom('node', 'channel', 'status', 'limit', 'cursor', 'after', 'txid'),
  hostileStrings,
)
const cursors = fc
  .record({ list: fc.constantFrom('byTenant', 'byChannel', 'due', 'x'), sort: hostileJson, id: hostileJson })
  .map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'))
const queryValues = fc.oneof(
  fc.constantFrom('alice', CHANNEL, 'queued', '1', '0', '101', '999999999999999', aTxid('2'), ADDRESS),
  hostileStrings,
  cursors,
)
const queries = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.tuple(queryNames, queryValues), { minLength: 1, maxLength: 4 })
      .map((pairs) => `?${pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('?%', '?limit=%E0%A4%A', '?&&==', '?limit=1&limit=2', '?cursor=e30'),
  },
)

export const senders: fc.Arbitrary<Sender> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('writer', 'operator') },
  { weight: 1, arbitrary: fc.constantFrom('reader', 'stranger') },
  { weight: 1, arbitrary: fc.option(headerTexts).map((header) => ({ header })) },
)

/** Bodies of any kind for a route: JSON of any shape, broken JSON, bytes, nothing. */
function bodiesOf(valid: Json): fc.Arbitrary<Sent['body']> {
  return fc.oneof(
    { weight: 4, arbitrary: hostileJson.map((value) => JSON.stringify(value)) },
    { weight: 3, arbitrary: mutatedText(JSON.stringify(valid)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('', '"', '{', '[]', '\ufeff{}', ' '.repeat(20_000), '['.repeat(9_000)),
    },
    { weight: 1, arbitrary: fc.constant(null) },
  )
}

/** Any request for any route. */
export const requests: fc.Arbitrary<Sent> = fc.constantFrom(...ROUTES).chain((route) =>
  fc.record({
    route: fc.constant(route),
    parameter: parameters,
    query: queries,
    sender: senders,
    headers,
    body: route.method === 'GET' ? fc.constant(null) : bodiesOf(route.valid),
    signed: fc.boolean(),
  }),
)
