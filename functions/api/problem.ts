import { z } from '@hono/zod-openapi'

/** Every code that an answer can carry, with its status and its title. Codes are stable: clients branch on them. */
const problems = {
  malformed_json: [400, 'The body is not JSON'],
  invalid_request: [400, 'The request does not have the right form'],
  idempotency_key_missing: [400, 'The Idempotency-Key header is missing'],
  unauthorized: [401, 'The credentials are missing or not valid'],
  timestamp_stale: [401, 'The signature is too old or from the future'],
  forbidden: [403, 'The key lacks the scope for this'],
  not_found: [404, 'There is nothing here'],
  splice_not_found: [404, 'There is no such splice'],
  payment_not_found: [404, 'There is no such payment'],
  node_not_found: [404, 'There is no such node'],
  channel_not_found: [404, 'There is no such channel'],
  webhook_not_found: [404, 'There is no such webhook'],
  event_not_found: [404, 'There is no such event yet'],
  key_not_found: [404, 'There is no such key'],
  duplicate_output: [409, 'A live splice of this channel could not be told apart from this one'],
  not_bumpable: [409, 'The fee of this splice cannot be bumped now'],
  bump_open: [409, 'A fee bump of this splice is under way'],
  bumps_spent: [409, 'This splice was bumped as often as it can be'],
  not_cancellable: [409, 'This splice cannot be cancelled'],
  not_retryable: [409, 'This splice cannot be retried'],
  not_resolvable: [409, 'This splice cannot be resolved'],
  not_frozen: [409, 'This channel is not frozen'],
  webhook_exists: [409, 'There is a webhook with this URL'],
  webhooks_full: [409, 'There are as many webhooks as there can be'],
  webhook_disabled: [409, 'This webhook is disabled'],
  keys_full: [409, 'So many keys are in use that no other can be made'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body must be application/json'],
  idempotency_key_reused: [422, 'This idempotency key was used for another request'],
  address_invalid: [422, 'The address cannot be paid'],
  address_network: [422, 'The address belongs to another network'],
  address_unexpected: [422, 'This kind of splice takes no address'],
  amount_out_of_range: [422, 'The amount cannot exist'],
  amount_over_capacity: [422, 'The amount is more than the channel holds'],
  attempts_out_of_range: [422, 'The number of attempts is out of range'],
  bump_unsupported: [422, 'The node cannot bump the fee of this splice'],
  ceiling_missing: [422, 'Bumping by itself needs a fee ceiling'],
  fee_rate_over_ceiling: [422, 'The feerate is over the ceiling of this splice'],
  fee_rate_too_low: [422, 'The feerate is too low for a replacement'],
  fee_rate_unsupported: [422, 'The node takes no feerate'],
  channel_unexpected: [422, 'This node picks the channel itself'],
  channel_closing: [422, 'The channel is closing'],
  channel_not_ready: [422, 'The channel is not ready'],
  deadline_past: [422, 'The deadline has passed'],
  deadline_too_far: [422, 'The deadline is too far away'],
  dust: [422, 'The amount is below the dust limit'],
  node_unsupported: [422, 'The node cannot do this'],
  not_before_after_deadline: [422, 'The splice would start after its deadline'],
  transaction_unknown: [422, 'The chain source does not know this transaction'],
  transaction_unrelated: [422, 'This transaction is not one of this splice'],
  webhook_target: [422, 'Webhooks cannot go to this URL'],
  channel_queue_full: [429, 'Too many splices of this channel are live'],
  rate_limited: [429, 'This key asks too often'],
  internal: [500, 'Something went wrong on our side'],
  busy: [503, 'Others are changing this at the same moment'],
  chain_unreachable: [503, 'The chain source does not answer'],
  node_not_seen: [503, 'The node has not been seen yet'],
} as const

export type ProblemCode = keyof typeof problems

/** One thing wrong with a request: the dotted path of the field, and what it should be. */
export type FieldError = { readonly field: string; readonly message: string }

type Facts = {
  /** What is wrong this time. Never anything secret. */
  readonly detail?: string
  readonly field?: string
  readonly errors?: readonly FieldError[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Thrown by a handler to answer with a problem; the one error handler turns it into a response. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly facts: Facts

  constructor(code: ProblemCode, facts: Facts = {}) {
    super(code)
    this.code = code
    this.facts = facts
  }

  /** What it says: RFC 9457. */
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

  /** The answer, as `application/problem+json`. */
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
    code: z.string().openapi({ description: 'Stable: branch on this.' }),
    detail: z.string().optional(),
    field: z.string().optional().openapi({ description: 'The first field that is wrong, as a dotted path.' }),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')
export type ProblemBody = z.infer<typeof ProblemBody>

/** An error answer of a route, for the OpenAPI document, with an example of each code that its description names. */
export function problemResponse(description: string) {
  const named = [...description.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  const examples = Object.fromEntries(
    named.filter(isCode).map((code) => [code, { value: new Problem(code).body() }]),
  )
  return { description, content: { 'application/problem+json': { schema: ProblemBody, examples } } }
}

/** Every code, for whoever checks that each is documented. */
export const problemCodes: readonly ProblemCode[] = Object.keys(problems).filter(isCode)

function isCode(text: string): text is ProblemCode {
  return Object.hasOwn(problems, text)
}

/** What every route with a body can answer besides. */
export const bodyProblems = {
  413: problemResponse('`body_too_large`.'),
  415: problemResponse('`unsupported_media_type`: the body must be `application/json`.'),
} as const

/** What every authenticated route can answer. */
export const commonProblems = {
  400: problemResponse(
    'The request does not have the right form: `invalid_request` names the fields. `malformed_json`: the body is not JSON.',
  ),
  401: problemResponse('`unauthorized`: no key, an unknown one, or a revoked one.'),
  403: problemResponse('`forbidden`: the key lacks the scope.'),
  429: problemResponse('`rate_limited`: try again after `Retry-After` seconds.'),
  500: problemResponse('`internal`.'),
} as const
