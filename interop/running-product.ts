import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import type { NodeEntry } from '../adapters/node/configured.ts'
import type { SpliceKind } from '../core/splice/splice.ts'
import { startChild, type Child } from '../local/child.ts'
import type { Pace } from './settings.ts'

const PRODUCT = fileURLToPath(new URL('product.ts', import.meta.url))
const ASK_MS = 20_000
/** Generous, because a few nodes run on the same machine. */
const START_MS = 120_000
const RETRY_MS = 200

/** The fields of a splice that are read. They show when it ended and what the service claims; they prove nothing. */
const View = z.object({
  id: z.string(),
  status: z.string(),
  candidates: z.array(z.object({ txid: z.string() })),
  bumps: z.array(z.object({ status: z.string(), txid: z.string().nullable() })),
  waitingFor: z.string().nullable(),
  failure: z.object({ code: z.string(), proof: z.string() }).nullable(),
  attention: z.object({ code: z.string() }).nullable(),
  timeline: z.array(z.object({ status: z.string(), why: z.string() })),
})
export type View = z.infer<typeof View>

export type Body = {
  readonly kind: SpliceKind
  readonly amountSats: number
  readonly address?: string
  readonly deadline: Date
}

/** The service in a process of its own. Its data directory outlives the process. */
export class Service {
  readonly #folder = mkdtempSync(join(tmpdir(), 'splicekeeper-interop-'))
  readonly #pace: Pace
  #child: Promise<Child>
  #output = ''

  constructor(entry: NodeEntry, pace: Pace) {
    this.#pace = pace
    const nodes = JSON.stringify([entry])
    writeFileSync(this.#nodesFile, nodes, { mode: 0o600 })
    this.#child = this.#start()
  }

  get #nodesFile(): string {
    return join(this.#folder, 'nodes.json')
  }

  #start(): Promise<Child> {
    const environment = { NODES_FILE: this.#nodesFile, INTEROP_PACE: this.#pace }
    return startChild(join(this.#folder, 'data'), environment, { script: PRODUCT, startMs: START_MS })
  }

  async ready(): Promise<void> {
    await this.#child
  }

  /** Sends SIGKILL and starts a new process on the same data. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
    this.#child = this.#start()
    await this.#child
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = await this.#child
    await child.end(signal)
    this.#output += child.output()
  }

  /** Ends the service and removes its data. Returns everything that it printed. */
  async close(): Promise<string> {
    await this.end('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
    return this.#output
  }

  /** `channel` is null for a node that picks the channel itself. */
  async post(channel: string | null, { deadline, ...body }: Body): Promise<View> {
    const budget = { deadline: deadline.toISOString() }
    const named = channel === null ? {} : { channel }
    return this.#send('/v1/splices', { node: 'node', ...named, ...body, budget })
  }

  async bump(id: string, feeRateSatPerVb: number | null): Promise<View> {
    return this.#send(`/v1/splices/${id}/bump`, feeRateSatPerVb === null ? {} : { feeRateSatPerVb })
  }

  async read(id: string): Promise<View> {
    return this.#ask(`/v1/splices/${id}`, {})
  }

  #send(path: string, body: unknown): Promise<View> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() }
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /**
   * If the process dies during the request, waits for the new one and repeats it. The idempotency key makes this safe.
   */
  async #ask(path: string, init: RequestInit): Promise<View> {
    for (;;) {
      const child = await this.#child
      const { api, key } = child.endpoints
      const headers = new Headers(init.headers)
      headers.set('Authorization', `Bearer ${key}`)
      const signal = AbortSignal.timeout(ASK_MS)
      const answer = await fetch(api + path, { ...init, headers, signal }).catch(() => null)
      if (answer === null) {
        if (child === (await this.#child)) await pause(RETRY_MS)
        continue
      }
      const body: unknown = await answer.json()
      if (answer.ok) return View.parse(body)
      throw new Error(`${path}: HTTP ${answer.status}: ${JSON.stringify(body).slice(0, 300)}`)
    }
  }
}
