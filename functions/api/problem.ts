import { z } from '@hono/zod-openapi'

/**
 * What an error means for sending the request again:
 * - `same_key`: send the same request again, with the same idempotency key, after `Retry-After` seconds if the answer has that
 *   header. It may have been carried out; with the same key it has its effect once.
 * - `new_key`: the request stored nothing. Correct it, and send it with a new idempotency key.
 * - `never`: the request did nothing. As things stand, the service refuses it again, under any key.
 */
export const Retry = z.enum(['same_key', 'new_key', 'never']).openapi({
  description:
    'What to do next. `same_key`: send the same request again, with the same idempotency key, after `Retry-After` seconds if ' +
    'the answer has that header; it may have been carried out, and with the same key it has its effect once. `new_key`: it ' +
    'stored nothing; correct it, and send it with a new idempotency key. `never`: it did nothing, and as things stand it is ' +
    'refused again under any key. A request that takes no idempotency key may have been carried out after a 5xx: read first.',
})
export type Retry = z.infer<typeof Retry>

/**
 * Every error code, with its HTTP status, what it means for a retry, and its title. Codes are stable: clients branch on them.
 * `duplicate_output` is `never`, because a program that sent the same order under new keys until one is taken would pay twice.
 * Refused credentials are `never`, too: they say nothing of an earlier request, whose key has to be kept.
 */
const problems = {
  malformed_json: [400, 'new_key', 'The request body is not valid JSON'],
  invalid_request: [400, 'new_key', 'The request is not valid'],
  idempotency_key_missing: [400, 'new_key', 'The Idempotency-Key header is missing'],
  unauthorized: [401, 'never', 'The credentials are missing or invalid'],
  timestamp_stale: [401, 'same_key', 'The timestamp of the signature is too far from the current time'],
  forbidden: [403, 'never', 'The API key does not have the required scope'],
  not_found: [404, 'never', 'There is nothing at this path'],
  splice_not_found: [404, 'never', 'There is no such splice'],
  payment_not_found: [404, 'never', 'There is no such payment'],
  node_not_found: [404, 'never', 'There is no such node'],
  channel_not_found: [404, 'never', 'There is no such channel'],
  webhook_not_found: [404, 'never', 'There is no such webhook'],
  event_not_found: [404, 'never', 'There is no such event yet'],
  key_not_found: [404, 'never', 'There is no such key'],
  method_not_allowed: [405, 'never', 'This path does not take this method'],
  duplicate_output: [409, 'never', 'A live splice on this channel has the same effect'],
  not_bumpable: [409, 'never', 'The fee of this splice cannot be bumped now'],
  bump_open: [409, 'never', 'A fee bump of this splice is already open'],
  bumps_spent: [409, 'never', 'This splice has reached the maximum number of fee bumps'],
  not_cancellable: [409, 'never', 'This splice cannot be cancelled'],
  not_retryable: [409, 'never', 'This splice cannot be retried'],
  not_resolvable: [409, 'never', 'This splice cannot be resolved'],
  not_frozen: [409, 'never', 'This channel is not frozen'],
  webhook_exists: [409, 'never', 'A webhook with this URL already exists'],
  webhooks_full: [409, 'never', 'You have reached the maximum number of webhooks'],
  webhook_disabled: [409, 'never', 'This webhook is disabled'],
  last_operator_key: [409, 'never', 'The last operator key of a tenant cannot be revoked'],
  keys_full: [409, 'never', 'You have reached the maximum number of keys'],
  body_too_large: [413, 'new_key', 'The body is too large'],
  unsupported_media_type: [415, 'new_key', 'The body must be application/json'],
  idempotency_key_reused: [422, 'new_key', 'This idempotency key was used for another request'],
  address_invalid: [422, 'new_key', 'The address cannot be paid'],
  address_network: [422, 'new_key', 'The address belongs to another network'],
  address_unexpected: [422, 'new_key', 'This kind of splice takes no address'],
  amount_out_of_range: [422, 'new_key', 'The amount is out of range'],
  amount_over_capacity: [422, 'new_key', 'The amount exceeds the capacity of the channel'],
  attempts_out_of_range: [422, 'new_key', 'The number of attempts is out of range'],
  bump_unsupported: [422, 'new_key', 'The node cannot bump the fee of this splice'],
  ceiling_missing: [422, 'new_key', 'Automatic fee bumps need a fee ceiling'],
  fee_rate_over_ceiling: [422, 'new_key', 'The feerate is over the ceiling of this splice'],
  fee_rate_too_low: [422, 'new_key', 'The feerate is too low for a replacement'],
  fee_rate_unsupported: [422, 'new_key', 'The node does not accept a feerate'],
  channel_unexpected: [422, 'new_key', 'This node picks the channel itself'],
  channel_closing: [422, 'new_key', 'The channel is closing'],
  channel_not_ready: [422, 'same_key', 'The channel is not ready'],
  deadline_past: [422, 'new_key', 'The deadline has passed'],
  deadline_too_far: [422, 'new_key', 'The deadline is too far in the future'],
  dust: [422, 'new_key', 'The amount is below the dust limit'],
  insufficient_balance: [422, 'new_key', 'The amount cannot be paid'],
  node_unsupported: [422, 'new_key', 'The node does not support this'],
  not_before_after_deadline: [422, 'new_key', 'The splice would start after its deadline'],
  transaction_unknown: [422, 'new_key', 'The chain source does not know this transaction'],
  transaction_unrelated: [422, 'new_key', 'This transaction does not belong to this splice'],
  webhook_target: [422, 'new_key', 'Webhooks cannot be sent to this URL'],
  channel_queue_full: [429, 'same_key', 'Too many splices of this channel are live'],
  tenant_queue_full: [429, 'same_key', 'Too many of your splices are live on this channel'],
  rate_limited: [429, 'same_key', 'Too many requests with this key'],
  internal: [500, 'same_key', 'Something went wrong on our side'],
  busy: [503, 'same_key', 'Another request is changing this right now'],
  chain_unreachable: [503, 'same_key', 'The chain source does not answer'],
  node_not_seen: [503, 'same_key', 'The node has not been seen yet'],
  overloaded: [503, 'same_key', 'More orders are under way than can be served'],
  store_unavailable: [503, 'same_key', 'The database does not answer'],
} as const satisfies Readonly<Record<string, readonly [status: number, retry: Retry, title: string]>>

export type ProblemCode = keyof typeof problems

/** An error in a request: the dotted path of the field, and what is wrong with it. */
export type FieldError = { readonly field: string; readonly message: string }

type Facts = {
  /** What is wrong in this case. Never anything secret. */
  readonly detail?: string
  readonly field?: string
  readonly errors?: readonly FieldError[]
  readonly headers?: Readonly<Record<string, string>>
}

/** An error response. A handler throws it; the error handler sends it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly facts: Facts

  constructor(code: ProblemCode, facts: Facts = {}) {
    super(code)
    this.code = code
    this.facts = facts
  }

  /** The body of the response (RFC 9457). */
  body(): ProblemBody {
    const [status, retry, title] = problems[this.code]
    const { detail, field, errors } = this.facts
    return {
      type: `urn:splicekeeper:problem:${this.code}`,
      title,
      status,
      code: this.code,
      retry,
      ...(detail === undefined ? {} : { detail }),
      ...(field === undefined ? {} : { field }),
      ...(errors === undefined ? {} : { errors: [...errors] }),
    }
  }

  /** The response, as `application/problem+json`. */
  response(): Response {
    const headers = { ...this.facts.headers, 'Content-Type': 'application/problem+json' }
    return new Response(JSON.stringify(this.body()), { status: problems[this.code][0], headers })
  }
}

/** The body of every error (RFC 9457). */
export const ProblemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'A stable code to branch on.' }),
    retry: Retry,
    detail: z.string().optional(),
    field: z.string().optional().openapi({ description: 'The first invalid field, as a dotted path.' }),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')
export type ProblemBody = z.infer<typeof ProblemBody>

/** An error response for the OpenAPI document, with an example of each code named in the description. */
export function problemResponse(description: string) {
  const named = [...description.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  const examples = Object.fromEntries(named.filter(isCode).map((code) => [code, { value: new Problem(code).body() }]))
  return { description, content: { 'application/problem+json': { schema: ProblemBody, examples } } }
}

/** The 503 of a route: what else it may mean there, and a database that does not answer, which every route has. */
export function unavailable(others = '') {
  const store =
    '`store_unavailable`: the database does not answer: send the same request again after `Retry-After` seconds.'
  return problemResponse(others === '' ? store : `${others} ${store}`)
}

/** Every code, so that a test can check that each is documented. */
export const problemCodes: readonly ProblemCode[] = Object.keys(problems).filter(isCode)

function isCode(text: string): text is ProblemCode {
  return Object.hasOwn(problems, text)
}

/** The errors that every route with a body adds. */
export const bodyProblems = {
  413: problemResponse('`body_too_large`.'),
  415: problemResponse('`unsupported_media_type`: the body must be `application/json`.'),
} as const

/** The errors of every authenticated route. */
export const commonProblems = {
  400: problemResponse('`invalid_request`: `errors` names the fields. `malformed_json`: the body is not JSON.'),
  401: problemResponse('`unauthorized`: the API key is missing, unknown or revoked.'),
  403: problemResponse('`forbidden`: the API key does not have the required scope.'),
  429: problemResponse('`rate_limited`: try again after `Retry-After` seconds.'),
  500: problemResponse('`internal`: something went wrong on our side.'),
  503: unavailable(),
} as const
