import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import { aWorld } from '../../harness/api/world.ts'
import { answerTo, aWatchedWorld, type Watched } from './api-answers.ts'
import { ROUTES, plain, requests, type RouteCase } from './api-requests.ts'
import { mutants, type Mutant } from './hostile.ts'

const withBody = ROUTES.filter((route) => route.valid !== null)

test('every route of the document is sent to', async () => {
  const document: unknown = await (await (await aWorld()).app.request('/openapi.json')).json()
  const { paths } = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(document)
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const sentTo = ROUTES.map(({ method, path }) => `${method} ${path}`)
  expect(sentTo.concat('GET /openapi.json').sort()).toEqual(routes.sort())
})

describe('any request', () => {
  test('is answered with JSON or a known problem, stores nothing in error, tells no secret and costs little', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 4 }), async (all) => {
        const world = await aWatchedWorld()
        for (const sent of all) await answerTo(world, sent)
      }),
      { seed: 11, numRuns: 800 },
    )
  })
})

describe.each(withBody.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  test('takes its body, or refuses it for what the splice is, not for its form', async () => {
    const { status } = await answerTo(await aWatchedWorld(), plain(route, route.valid))
    expect(status).not.toBe(400)
  })

  test('a body that is wrong in one place is refused there, and what is taken can be read', async () => {
    await fc.assert(
      fc.asyncProperty(mutants(route.valid), async (mutant) => {
        const world = await aWatchedWorld()
        const { status, body } = await answerTo(world, plain(route, mutant.value))
        if (body['code'] === 'invalid_request') expectNamed(String(body['field']), mutant)
        if (status < 400) await expectReadable(world)
      }),
      { seed: 12, numRuns: 150 },
    )
  })
})

/** The field that is named is the one that was changed, one in it, or one around it. */
function expectNamed(field: string, { path }: Mutant): void {
  const changed = path.map(String).join('.')
  const related =
    field === 'body' ||
    changed === '' ||
    field === changed ||
    field.startsWith(`${changed}.`) ||
    changed.startsWith(`${field}.`)
  expect(related, `${field} is named, ${changed} was changed`).toBe(true)
}

async function expectReadable(world: Watched): Promise<void> {
  for (const message of world.heard.nodeEvents)
    expect(NodeEventMessage.parse(JSON.parse(JSON.stringify(message)))).toEqual(message)
  const { ids } = await world.store.byTenant('acme', 100, null)
  expect(await world.store.loadMany(ids)).toHaveLength(ids.length)
  const read: RouteCase = { method: 'GET', path: '/v1/splices', valid: null }
  const { status } = await answerTo(world, { ...plain(read, null), body: null, query: '?limit=100' })
  expect(status).toBe(200)
}
