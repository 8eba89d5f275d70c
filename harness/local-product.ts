import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { NotStarted, startChild, type Child } from '../local/child.ts'
import { send } from '../local/control-client.ts'

/** A data directory that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The local product in a process of its own, with blocks by hand; killed when the test is over. */
export async function aProduct(folder: string, environment: Record<string, string> = {}): Promise<Child> {
  const product = await startChild(folder, { BLOCK_SECONDS: '0', ...environment })
  onTestFinished(async () => {
    await product.end('SIGKILL')
  })
  return product
}

/** A start that is refused: its exit code, and what it printed. */
export async function aRefusal(folder: string, environment: Record<string, string>): Promise<NotStarted> {
  try {
    await (await startChild(folder, environment)).end('SIGKILL')
  } catch (error) {
    if (error instanceof NotStarted) return error
    throw error
  }
  throw new Error('it started')
}

/** Pulls a lever of the product's world; answers what it says, as a schema wants it. */
export async function lever<T>(product: Child, words: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await send(z.string().parse(product.endpoints.sim), words.split(' ')))
}

/** A request to the product's API under its key; answers the status and the body. */
export async function request(
  { endpoints }: Child,
  path: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = new Headers(init.headers)
  if (!headers.has('Authorization')) headers.set('Authorization', `Bearer ${endpoints.key}`)
  const answer = await fetch(endpoints.api + path, { ...init, headers })
  return { status: answer.status, body: await answer.json() }
}

const Splice = z.object({ id: z.string(), status: z.string() })

/** Orders a splice-out of 50,000 sat on the first channel. */
export async function order(product: Child, address: string): Promise<string> {
  const { status, body } = await request(product, '/v1/splices', {
    method: 'POST',
    headers: { 'Idempotency-Key': 'test', 'Content-Type': 'application/json' },
    body: JSON.stringify({
      node: 'alice',
      channel: product.endpoints.channels[0],
      kind: 'splice_out',
      amountSats: 50_000,
      address,
    }),
  })
  if (status !== 202) throw new Error(`HTTP ${status}: ${JSON.stringify(body)}`)
  return Splice.parse(body).id
}

export async function statusOf(product: Child, id: string): Promise<string> {
  return Splice.parse((await request(product, `/v1/splices/${id}`)).body).status
}
