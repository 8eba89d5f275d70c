import { resolveCandidate } from '../../core/drive/resolve-candidate.ts'
import type { Ports } from '../../core/ports/ports.ts'
import { Problem, bodyProblems, commonProblems, problemResponse, unavailable, type ProblemCode } from './problem.ts'
import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { checkDeadline } from '../../core/accept/accept-splice.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import type { Scope } from '../../core/ports/records.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { BUDGET } from '../../core/splice/policy.ts'
import { requireScope } from './auth.ts'
import { carryOut } from './command.ts'
import { router, type ApiEnv } from './context.ts'
import { SpliceView } from './splice-view.ts'
import { Time, instantOf } from './splice-body.ts'
import { viewOf } from './view.ts'

/** An operator's note on a decision. */
export const Note = z.string().trim().min(1).max(500)

const params = z.object({ id: z.string() })

/** The properties that the three commands share. */
const command = (scope: Scope) => ({
  method: 'post' as const,
  tags: ['splices'],
  security: [{ key: [] }],
  middleware: requireScope(scope),
})

const responses = (impossible: string) => ({
  ...commonProblems,
  ...bodyProblems,
  200: {
    description: 'The splice as it is now.',
    content: { 'application/json': { schema: SpliceView } },
  },
  404: problemResponse('`splice_not_found`.'),
  409: problemResponse(impossible),
  503: unavailable('`busy`: another request is changing the splice. Try again.'),
})

const cancelRoute = createRoute({
  ...command('splices:write'),
  path: '/v1/splices/{id}/cancel',
  operationId: 'cancelSplice',
  summary: 'Cancel a splice',
  description:
    'If nothing was submitted, the splice is cancelled at once. Otherwise no further attempt is made, and ' +
    'the splice becomes `cancelled` once every attempt is proven not executed. If an attempt did take ' +
    'effect, the splice continues to `settled`.',
  request: { params },
  responses: responses('`not_cancellable`: a transaction of the splice was seen, or the splice has ended.'),
})

const cancel: RouteHandler<typeof cancelRoute, ApiEnv> = async (c) => {
  const splice = await carryOut(c, c.req.valid('param').id, {
    name: 'cancel',
    impossible: 'not_cancellable',
    eventFor: (current) =>
      isCancelled(current) ? null : { type: 'cancel_requested', generation: c.var.deps.ports.generation },
  })
  return c.json(await viewOf(c.var.deps, splice), 200)
}

/** Whether the splice is cancelled or about to be: another request changes nothing. */
function isCancelled(splice: Splice): boolean {
  if (splice.state === 'cancelled') return true
  const waits = splice.state === 'submitted' || splice.state === 'needs_attention'
  return waits && splice.candidates.length === 0 && splice.cancelRequestedAt !== null
}

const retryRoute = createRoute({
  ...command('splices:write'),
  path: '/v1/splices/{id}/retry',
  operationId: 'retrySplice',
  summary: 'Retry a splice that needs attention',
  description:
    'Allows more attempts and revokes a cancel request. The splice is submitted again only when every ' +
    'gate is open.',
  request: {
    params,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              attempts: z.int().min(1).max(BUDGET.maxAttempts),
              deadline: Time.optional().openapi({
                description: 'Default: the current deadline or, if it has passed, 24 hours from now.',
              }),
            })
            .openapi('Retry'),
        },
      },
    },
  },
  responses: {
    ...responses('`not_retryable`: the splice does not need attention, or a transaction of it was seen.'),
    422: problemResponse('`deadline_past`, `deadline_too_far`.'),
  },
})

const retry: RouteHandler<typeof retryRoute, ApiEnv> = async (c) => {
  const body = c.req.valid('json')
  const deadline = instantOf(body.deadline)
  const splice = await carryOut(c, c.req.valid('param').id, {
    name: 'retry',
    about: {
      attempts: String(body.attempts),
      ...(body.deadline === undefined ? {} : { deadline: body.deadline }),
    },
    impossible: 'not_retryable',
    eventFor: () => {
      const wrong = deadline === null ? null : checkDeadline(deadline, c.var.deps.ports.clock.now())
      if (wrong !== null) throw new Problem(wrong.code, { field: 'deadline', detail: wrong.message })
      return { type: 'retry_requested', attempts: body.attempts, deadline }
    },
  })
  return c.json(await viewOf(c.var.deps, splice), 200)
}

const resolveRoute = createRoute({
  ...command('operator'),
  path: '/v1/splices/{id}/resolve',
  operationId: 'resolveSplice',
  summary: 'Resolve a splice as an operator',
  description:
    'For a splice that the service cannot decide by itself. `failed` declares its attempts not executed ' +
    'and releases the channel; the service keeps watching the chain. `candidate` names the transaction of ' +
    'the splice: the chain source must know it, and it must spend a funding outpoint of the channel.',
  request: {
    params,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .discriminatedUnion('outcome', [
              z.strictObject({ outcome: z.literal('failed'), note: Note }),
              z.strictObject({ outcome: z.literal('candidate'), txid: Txid, note: Note.optional() }),
            ])
            .openapi('Resolution'),
        },
      },
    },
  },
  responses: {
    ...responses('`not_resolvable`: the splice has ended, or a transaction of it was seen.'),
    422: problemResponse('`transaction_unknown`, `transaction_unrelated`.'),
    503: unavailable('`busy`, `chain_unreachable`: try again.'),
  },
})

const resolve: RouteHandler<typeof resolveRoute, ApiEnv> = async (c) => {
  const body = c.req.valid('json')
  const splice = await carryOut(c, c.req.valid('param').id, {
    name: 'resolve',
    about: {
      outcome: body.outcome,
      ...(body.outcome === 'candidate' ? { txid: body.txid } : {}),
      ...(body.note === undefined ? {} : { note: body.note }),
    },
    impossible: 'not_resolvable',
    eventFor: async (current): Promise<SpliceEvent> =>
      body.outcome === 'failed'
        ? { type: 'resolved_failed', note: body.note }
        : candidateNamed(c.var.deps.ports, current, body.txid, body.note ?? 'named by an operator'),
  })
  return c.json(await viewOf(c.var.deps, splice), 200)
}

/** `Retry-After`, in seconds, of errors that pass. */
const RETRY_AFTER: Readonly<Partial<Record<ProblemCode, string>>> = { chain_unreachable: '5', busy: '1' }

/** The event for an operator who names the transaction. Throws a problem if the transaction does not fit. */
async function candidateNamed(ports: Ports, splice: Splice, txid: string, note: string): Promise<SpliceEvent> {
  const resolved = await resolveCandidate(ports, splice, txid, note)
  if (resolved.ok) return resolved.value
  const { code, detail } = resolved.error
  const retry = RETRY_AFTER[code]
  throw new Problem(code, {
    ...(code.startsWith('transaction_') ? { field: 'txid' } : {}),
    ...(detail === undefined ? {} : { detail }),
    ...(retry === undefined ? {} : { headers: { 'Retry-After': retry } }),
  })
}

/** Commands on a splice: cancel, retry, resolve. */
export function commandRoutes() {
  return router().openapi(cancelRoute, cancel).openapi(retryRoute, retry).openapi(resolveRoute, resolve)
}
