import { z } from '@hono/zod-openapi'

/** Every error code, with its HTTP status and title. Codes are stable: clients branch on them. */
const problems = {
  malformed_json: [400, 'The request body is not valid JSON'],
  invalid_request: [400, 'The request is not valid'],
  idempotency_key_missing: [400, 'The Idempotency-Key header is missing'],
  unauthorized: [401, 'The credentials are missing or invalid'],
  timestamp_stale: [401, 'The timestamp of the signature is too far from the current time'],
  forbidden: [403, 'The API key does not have the required scope'],
  not_found: [404, 'There is nothing at this path'],
  splice_not_found: [404, 'There is no such splice'],
  payment_not_found: [404, 'There is no such payment'],
  node_not_found: [404, 'There is no such node'],
  channel_not_found: [404, 'There is no such channel'],
  webhook_not_found: [404, 'There is no such webhook'],
  event_not_found: [404, 'There is no such event yet'],
  key_not_found: [404, 'There is no such key'],
  duplicate_output: [409, 'A live splice on this channel has the same effect'],
  not_bumpable: [409, 'The fee of this splice cannot be bumped now'],
  bump_open: [409, 'A fee bump of this splice is already open'],
  bumps_spent: [409, 'This splice has reached the maximum number of fee bumps'],
  not_cancellable: [409, 'This splice cannot be cancelled'],
  not_retryable: [409, 'This splice cannot be retried'],
  not_resolvable: [409, 'This splice cannot be resolved'],
  not_frozen: [409, 'This channel is not frozen'],
  webhook_exists: [409, 'A webhook with this URL already exists'],
  webhooks_full: [409, 'You have reached the maximum number of webhooks'],
  webhook_disabled: [409, 'This webhook is disabled'],
  last_operator_key: [409, 'The last operator key of a tenant cannot be revoked'],
  keys_full: [409, 'You have reached the maximum number of keys'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body must be application/json'],
  idempotency_key_reused: [422, 'This idempotency key was used for another request'],
  address_invalid: [422, 'The address cannot be paid'],
  address_network: [422, 'The address belongs to another network'],
  address_unexpected: [422, 'This kind of splice takes no address'],
  amount_out_of_range: [422, 'The amount is out of range'],
  amount_over_capacity: [422, 'The amount exceeds the capacity of the channel'],
  attempts_out_of_range: [422, 'The number of attempts is out of range'],
  bump_unsupported: [422, 'The node cannot bump the fee of this splice'],
  ceiling_missing: [422, 'Automatic fee bumps need a fee ceiling'],
  fee_rate_over_ceiling: [422, 'The feerate is over the ceiling of this splice'],
  fee_rate_too_low: [422, 'The feerate is too low for a replacement'],
  fee_rate_unsupported: [422, 'The node does not accept a feerate'],
  channel_unexpected: [422, 'This node picks the channel itself'],
  channel_closing: [422, 'The channel is closing'],
  channel_not_ready: [422, 'The channel is not ready'],
  deadline_past: [422, 'The deadline has passed'],
  deadline_too_far: [422, 'The deadline is too far in the future'],
  dust: [422, 'The amount is below the dust limit'],
  node_unsupported: [422, 'The node does not support this'],
  not_before_after_deadline: [422, 'The splice would start after its deadline'],
  transaction_unknown: [422, 'The chain source does not know this transaction'],
  transaction_unrelated: [422, 'This transaction does not belong to this splice'],
  webhook_target: [422, 'Webhooks cannot be sent to this URL'],
  channel_queue_full: [429, 'Too many splices of this channel are live'],
  tenant_queue_full: [429, 'Too many of your splices are live on this channel'],
  rate_limited: [429, 'Too many requests with this key'],
  internal: [500, 'Something went wrong on our side'],
  busy: [503, 'Another request is changing this right now'],
  chain_unreachable: [503, 'The chain source does not answer'],
  node_not_seen: [503, 'The node has not been seen yet'],
  overloaded: [503, 'More orders are under way than can be served'],
} as const

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
    const [status, title] = problems[this.code]
    const { detail, field, errors } = this.facts
    return {
      type: `urn:splicekeeper:problem:${this.code}`,
      title,
      status,
      code: this.code,
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
} as const
