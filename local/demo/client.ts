import * as z from 'zod'
import type { Endpoints } from '../endpoints.ts'

const Attempts = z.array(
  z.object({
    number: z.int(),
    result: z.string().nullable(),
    notExecuted: z.boolean(),
    provenBy: z.string().nullable(),
    startedAt: z.iso.datetime(),
  }),
)

const Splice = z.object({
  id: z.string(),
  status: z.string(),
  paymentId: z.string(),
  epoch: z.int(),
  attempts: Attempts,
  candidates: z.array(
    z.object({
      txid: z.string(),
      feeRateSatPerVb: z.number().nullable(),
      confirmations: z.int().nullable(),
    }),
  ),
  bumps: z.array(z.object({ status: z.string(), txid: z.string().nullable(), attempts: Attempts })),
  failure: z.object({ code: z.string(), message: z.string(), proof: z.string() }).nullable(),
})
/** A splice in the API, the fields that the demo uses. */
export type Splice = z.infer<typeof Splice>

const Payment = z.object({ id: z.string(), status: z.string(), txid: z.string().nullable() })
/** A payment of the ledger, the fields that the demo uses. */
export type Payment = z.infer<typeof Payment>

const Events = z.object({ data: z.array(z.object({ type: z.string(), splice: z.string().nullable() })) })

/** An order of the demo's client. */
export type Order = { readonly idempotencyKey: string; readonly body: Readonly<Record<string, unknown>> }

/** The answer to an order. */
export type Ordered = { readonly status: number; readonly replayed: boolean; readonly splice: Splice }

/** A client of the API. */
export function apiClient({ api, key }: Endpoints) {
  const request = async (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) => {
    const answer = await fetch(api + path, {
      ...init,
      headers: { Authorization: `Bearer ${key}`, ...headers },
    })
    if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}: ${await answer.text()}`)
    return answer
  }
  return {
    async order({ idempotencyKey, body }: Order): Promise<Ordered> {
      const headers = { 'Idempotency-Key': idempotencyKey, 'Content-Type': 'application/json' }
      const answer = await request('/v1/splices', { method: 'POST', body: JSON.stringify(body) }, headers)
      const replayed = answer.headers.get('Idempotent-Replayed') === 'true'
      return { status: answer.status, replayed, splice: Splice.parse(await answer.json()) }
    },
    async splice(id: string): Promise<Splice> {
      return Splice.parse(await (await request(`/v1/splices/${id}`)).json())
    },
    /** Requests a fee bump at the node's feerate; returns the HTTP status. */
    async bump(id: string, idempotencyKey: string): Promise<number> {
      const headers = { 'Idempotency-Key': idempotencyKey }
      return (await request(`/v1/splices/${id}/bump`, { method: 'POST' }, headers)).status
    },
    /** The payment that a transaction belongs to. */
    async payment(txid: string): Promise<Payment> {
      return Payment.parse(await (await request(`/v1/payments?txid=${txid}`)).json())
    },
    /** The types of a splice's events in the log, in order. */
    async events(id: string): Promise<string[]> {
      const { data } = Events.parse(await (await request('/v1/events?after=0&limit=100')).json())
      return data.filter((event) => event.splice === id).map(({ type }) => type)
    },
  }
}
