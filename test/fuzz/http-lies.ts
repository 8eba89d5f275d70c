import { once } from 'node:events'
import { createServer } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import fc from 'fast-check'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { cut, cuts, hostileJson, hostileStrings, placesOf, replaced, valueAt, type Cut, type Json } from './hostile.ts'

/** What a server answers. `drop`: the connection ends in the middle of it. */
export type HttpReply = { readonly status: number; readonly body: string; readonly drop: boolean }

/** How an answer differs from the honest one. */
export type Twist =
  | { readonly kind: 'place'; readonly at: number; readonly by: Json | undefined }
  | { readonly kind: 'other'; readonly at: number }
  | { readonly kind: 'cuts'; readonly cuts: readonly Cut[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'drop' }

const fractions = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

export const twists: fc.Arbitrary<Twist> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('other'), at: fractions }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('place'),
      at: fractions,
      by: fc.oneof({ weight: 6, arbitrary: hostileJson }, fc.constantFrom(undefined, null, true, false, 0, {}, [])),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('cuts'), cuts: fc.array(cuts, { minLength: 1, maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('text'),
      text: fc.oneof(hostileStrings, fc.constantFrom('null', '[]', '{}', '0', '<html>', '0'.repeat(64), '9'.repeat(9))),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('status'),
      status: fc.constantFrom(201, 204, 301, 302, 400, 401, 403, 404, 429, 500, 502, 503),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop') }) },
)

function jsonOf(text: string): Json {
  try {
    return z.json().parse(JSON.parse(text))
  } catch {
    return text
  }
}

/** Another value of the same kind: what is well-formed, and not the truth. */
function otherOf(value: Json): Json {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? 'e'.repeat(64) : `${value}0`
  return value
}

/** The honest answer with a twist. */
export function twisted(honest: HttpReply, twist: Twist): HttpReply {
  switch (twist.kind) {
    case 'place': {
      const value = jsonOf(honest.body)
      const places = placesOf(value)
      const path = places[Math.floor(twist.at * places.length)] ?? []
      return { ...honest, body: JSON.stringify(replaced(value, path, twist.by) ?? null) }
    }
    case 'other': {
      const value = jsonOf(honest.body)
      const leaves = placesOf(value).filter((path) => otherOf(valueAt(value, path)) !== valueAt(value, path))
      const path = leaves[Math.floor(twist.at * leaves.length)] ?? []
      const other = replaced(value, path, otherOf(valueAt(value, path))) ?? null
      return { ...honest, body: typeof other === 'string' ? other : JSON.stringify(other) }
    }
    case 'cuts':
      return { ...honest, body: twist.cuts.reduce(cut, Buffer.from(honest.body)).toString('utf8') }
    case 'text':
      return { ...honest, body: twist.text }
    case 'status':
      return { ...honest, status: twist.status }
    case 'drop':
      return { ...honest, drop: true }
  }
}

export const said = (body: unknown): HttpReply => ({
  status: 200,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  drop: false,
})

/** A question that a server was asked, and what it answered. */
export type Told = { readonly route: string; readonly reply: HttpReply }

/** The replies that stand: a read that gets an incomplete reply, or one of these statuses, is sent again. */
export function standing(all: readonly Told[], repeatOn: readonly number[]): Told[] {
  return all.filter(({ reply }) => !reply.drop && !repeatOn.includes(reply.status))
}

/** An HTTP server that answers as it is told. */
export async function httpServer(answer: (route: string, body: string) => Promise<HttpReply>): Promise<string> {
  const server = createServer((request, response) => {
    void answered()
    async function answered(): Promise<void> {
      const asked = await textOf(request)
      const { status, body, drop } = await answer(`${request.method ?? ''} ${request.url ?? ''}`, asked)
      const location = status > 300 && status < 400 ? { Location: '/elsewhere' } : {}
      response.writeHead(status, { ...location, ...(drop ? { 'Content-Length': body.length + 10 } : {}) })
      if (drop) response.write(body, () => response.destroy())
      else response.end(status === 204 ? undefined : body)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}
