import { assertDocumented } from './documented.ts'
import { aBody } from './values.ts'
import type { Answer } from './answer.ts'
import type { World } from './world.ts'

/** A request as a client sends it. `body` is sent as it is if it is a string. */
export async function request(
  world: World,
  method: string,
  path: string,
  options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { key, body } = options
  const headers = {
    ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...options.headers,
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await world.app.request(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: text }),
  })
  const answer = { status: response.status, headers: response.headers, body: await jsonOf(response) }
  await assertDocumented(world, { method, path }, answer)
  return answer
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const parsed: unknown = await response.json()
  if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object')
  return Object.fromEntries(Object.entries(parsed))
}

/** Orders a splice as acme's shop. */
export function order(world: World, idempotencyKey: string, body: unknown = aBody): Promise<Answer> {
  return request(world, 'POST', '/v1/splices', {
    key: world.keys.writer,
    body,
    headers: { 'Idempotency-Key': idempotencyKey },
  })
}
