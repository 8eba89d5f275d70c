import { describe, expect, test } from 'vitest'
import { wiring } from '../../functions/wiring.ts'
import { aWorld } from '../../harness/api/world.ts'

const { open, guarded } = wiring.routes

/** Whether API Gateway sends a request to a route: `{proxy+}` stands for the rest of the path. */
function isReached(route: string, method: string, path: string): boolean {
  const [routeMethod, routePath = ''] = route.split(' ')
  if (routeMethod !== 'ANY' && routeMethod !== method) return false
  return routePath.endsWith('/{proxy+}') ? path.startsWith(routePath.slice(0, -'{proxy+}'.length)) : path === routePath
}

describe('every route of the API', async () => {
  const { app } = await aWorld()
  const routes = app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, 'x') }))
  const distinct = [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()]

  test('is there: the API has some', () => expect(distinct.length).toBeGreaterThan(15))

  test.each(distinct)('$method $path is reached through one route of the gateway', ({ method, path }) => {
    expect([...open, ...guarded].filter((route) => isReached(route, method, path))).toHaveLength(1)
  })

  test.each(distinct.filter(({ method, path }) => !open.some((route) => isReached(route, method, path))))(
    '$method $path answers nobody without a key',
    async ({ method, path }) => {
      const known = path.replace('/nodes/x/', '/nodes/alice/')
      const body = method === 'GET' ? {} : { body: '{}', headers: { 'Content-Type': 'application/json' } }
      const response = await app.request(known, { method, ...body })
      expect(response.status).toBe(401)
    },
  )

  test('each route of the gateway leads to one', () => {
    for (const route of [...open, ...guarded])
      expect(
        distinct.some(({ method, path }) => isReached(route, method, path)),
        route,
      ).toBe(true)
  })
})
