import * as z from 'zod'
import { EventType, SpliceKind, SpliceState } from '../../core/splice/splice.ts'

/** A splice as the API shows it: what the checker looks at of it. */
export const Splice = z.object({
  id: z.string(),
  status: SpliceState,
  channel: z.string(),
  kind: SpliceKind,
  amountSats: z.int(),
  address: z.string().nullable(),
  paymentId: z.string(),
  attempts: z.array(z.object({ number: z.int(), result: z.string().nullable(), notExecuted: z.boolean() })),
  candidates: z.array(z.object({ txid: z.string() })),
  bumps: z.array(z.object({ id: z.string(), status: z.string(), by: z.string() })),
  budget: z.object({ maxAttempts: z.int() }),
  metadata: z.record(z.string(), z.string()),
  cancelRequestedAt: z.string().nullable(),
  waitingFor: z.string().nullable(),
  failure: z.object({ code: z.string(), proof: z.string() }).nullable(),
  attention: z.object({ code: z.string() }).nullable(),
  anomaly: z.object({ txid: z.string() }).nullable(),
  epoch: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  settledAt: z.string().nullable(),
})
export type Splice = z.infer<typeof Splice>

/** A line of the event log. */
export const Line = z.object({
  sequence: z.int(),
  id: z.string(),
  type: EventType,
  splice: z.string(),
  epoch: z.int(),
})
export type Line = z.infer<typeof Line>

/** What a client wants. No two orders of a run have the same amount, so that an amount names one. */
export type Order = {
  readonly channel: string
  readonly kind: 'splice_in' | 'splice_out'
  readonly amountSats: number
  /** null: a splice-in, or the node gives one. */
  readonly address: string | null
  readonly maxAttempts: number
  readonly deadline: string
}

/** A request to the API. */
export type Request =
  | { readonly type: 'order'; readonly key: string; readonly order: Order }
  | { readonly type: 'cancel'; readonly splice: string }
  | { readonly type: 'bump'; readonly splice: string; readonly key: string }
  | { readonly type: 'read'; readonly splice: string }
  | { readonly type: 'list' }
  | { readonly type: 'events'; readonly after: number }

/** What came of it. `unknown`: no answer came, or one that leaves open whether it happened. */
export type Outcome =
  | {
      readonly type: 'ok'
      readonly status: number
      readonly splices: readonly Splice[]
      readonly lines: readonly Line[]
    }
  | { readonly type: 'fail'; readonly status: number; readonly code: string }
  | { readonly type: 'unknown'; readonly why: string }

/**
 * A request of a client, as in a history of Jepsen: it took effect, if at all, between its invocation and its end. Both are
 * places in one order of all that was observed; an operation of unknown outcome has no end, since it may take effect at any later time.
 */
export type Operation = {
  readonly client: number
  readonly request: Request
  readonly invokedAt: number
  readonly endedAt: number | null
  readonly outcome: Outcome
}

const UNANSWERED: Outcome = { type: 'unknown', why: 'unanswered' }

/** Everything that clients did, and what they were told. */
export class History {
  readonly #operations: Operation[] = []
  #moment = 0

  /** Notes that a request is about to be sent; answers what notes its outcome. */
  invoke(client: number, request: Request): (outcome: Outcome) => void {
    const invokedAt = (this.#moment += 1)
    const place = this.#operations.length
    this.#operations.push({ client, request, invokedAt, endedAt: null, outcome: UNANSWERED })
    return (outcome) => {
      const endedAt = outcome.type === 'unknown' ? null : (this.#moment += 1)
      this.#operations[place] = { client, request, invokedAt, endedAt, outcome }
    }
  }

  get operations(): readonly Operation[] {
    return this.#operations
  }
}
