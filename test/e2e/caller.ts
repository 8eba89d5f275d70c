import * as z from 'zod'
import { hasCode } from '../../local/problem.ts'
import { Line, Splice, type History, type Operation, type Order, type Outcome, type Request } from './history.ts'

const ANSWER_MS = 5_000

const Listed = z.object({ data: z.array(Splice), cursor: z.string().nullable() })
const Lines = z.object({ data: z.array(Line) })
const Refused = z.object({ code: z.string() })

/** Where requests go. */
export type Address = { readonly api: string; readonly key: string }

/** Sends requests to the API and notes each in a history, with what came of it. */
export class Caller {
  readonly #address: Address
  readonly #history: History
  /** Called when a request is about to be sent. */
  onInvoke: (request: Request) => void = () => undefined

  constructor(address: Address, history: History) {
    this.#address = address
    this.#history = history
  }

  async call(client: number, request: Request): Promise<Outcome> {
    const note = this.#history.invoke(client, request)
    this.onInvoke(request)
    const outcome = await answerTo(this.#address, request).catch(unanswered)
    note(outcome)
    return outcome
  }

  /** All splices that there are, by the pages of the list. */
  async everything(client: number): Promise<Splice[]> {
    const splices: Splice[] = []
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const response = await send(this.#address, `/v1/splices?limit=100${query}`)
      const page: z.infer<typeof Listed> = Listed.parse(await response.json())
      splices.push(...page.data)
      cursor = page.cursor
    } while (cursor !== null)
    this.#history.invoke(client, { type: 'list' })({ type: 'ok', status: 200, splices, lines: [] })
    return splices
  }

  /** The whole event log. */
  async log(): Promise<Line[]> {
    const lines: Line[] = []
    for (;;) {
      const response = await send(this.#address, `/v1/events?limit=1000&after=${lines.at(-1)?.sequence ?? 0}`)
      const { data } = Lines.parse(await response.json())
      if (data.length === 0) return lines
      lines.push(...data)
    }
  }
}

/** Whether a request was cut off, as opposed to never having reached anybody. */
export function wasCutOff({ outcome }: Operation): boolean {
  return outcome.type === 'unknown' && outcome.why !== 'ECONNREFUSED'
}

async function answerTo(address: Address, request: Request): Promise<Outcome> {
  const { path, init } = wireOf(request)
  const response = await send(address, path, init)
  const body: unknown = await response.json()
  const { status } = response
  if (status >= 500) return { type: 'unknown', why: `HTTP ${status}` }
  if (!response.ok) return { type: 'fail', status, code: Refused.parse(body).code }
  const splices =
    request.type === 'list' ? Listed.parse(body).data : request.type === 'events' ? [] : [Splice.parse(body)]
  const lines = request.type === 'events' ? Lines.parse(body).data : []
  return { type: 'ok', status, splices, lines }
}

function wireOf(request: Request): { readonly path: string; readonly init: RequestInit } {
  switch (request.type) {
    case 'order':
      return {
        path: '/v1/splices',
        init: {
          method: 'POST',
          headers: { 'Idempotency-Key': request.key, 'Content-Type': 'application/json' },
          body: JSON.stringify(bodyOf(request.key, request.order)),
        },
      }
    case 'cancel':
      return { path: `/v1/splices/${request.splice}/cancel`, init: { method: 'POST' } }
    case 'bump':
      return {
        path: `/v1/splices/${request.splice}/bump`,
        init: { method: 'POST', headers: { 'Idempotency-Key': request.key } },
      }
    case 'read':
      return { path: `/v1/splices/${request.splice}`, init: {} }
    case 'list':
      return { path: '/v1/splices?limit=100', init: {} }
    case 'events':
      return { path: `/v1/events?limit=1000&after=${request.after}`, init: {} }
  }
}

/** The key goes into the metadata, so that what is stored names the key that it was stored for. */
function bodyOf(key: string, { channel, kind, amountSats, address, maxAttempts, deadline }: Order) {
  return {
    node: 'alice',
    channel,
    kind,
    amountSats,
    ...(address === null ? {} : { address }),
    budget: { maxAttempts, deadline },
    metadata: { key },
  }
}

function send({ api, key }: Address, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Authorization', `Bearer ${key}`)
  return fetch(api + path, { ...init, headers, signal: AbortSignal.timeout(ANSWER_MS) })
}

/** A request whose answer did not come. What else goes wrong is a fault of the answer, and thrown. */
function unanswered(error: unknown): Outcome {
  if (error instanceof z.ZodError) throw error
  const cause: unknown = error instanceof Error ? error.cause : undefined
  if (hasCode(cause, 'ECONNREFUSED')) return { type: 'unknown', why: 'ECONNREFUSED' }
  return { type: 'unknown', why: error instanceof Error ? error.name : typeof error }
}
