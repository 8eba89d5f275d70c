import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ProblemBody, problemCodes } from '../../functions/api/problem.ts'
import { PaymentView } from '../../functions/api/payment-view.ts'
import { SpliceBody } from '../../functions/api/splice-body.ts'
import { SpliceView } from '../../functions/api/splice-view.ts'
import { DOCS_PAGES } from '../../functions/dashboard/docs-routes.ts'
import { PAGES } from '../../functions/dashboard/routes.ts'
import { aWorld } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

const Operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  tags: z.array(z.string()).length(1),
  description: z.string().optional(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(['path', 'query', 'header', 'cookie']),
        schema: z.looseObject({}),
      }),
    )
    .optional(),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.looseObject({}) })) }).optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|default)$/), z.looseObject({ description: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
})

/** The parts of the OpenAPI 3.1 schema that these routes use. */
const Document = z.object({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(METHODS), Operation)),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.string() })),
  }),
})

type Item = z.infer<typeof Document>['paths'][string]

/** The operations of a path. */
function operationsOf(item: Item): z.infer<typeof Operation>[] {
  return Object.values(item).flatMap((operation) => operation ?? [])
}

async function theDocument() {
  const world = await aWorld()
  const { body } = await request(world, 'GET', '/openapi.json')
  return { world, body, document: Document.parse(body) }
}

describe('the OpenAPI document', () => {
  test('lists every route that is served, and no other', async () => {
    const { world, document } = await theDocument()
    const listed = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const pages: readonly string[] = [...PAGES, ...DOCS_PAGES]
    const served = world.app.routes
      .filter((route) => route.method !== 'ALL' && !pages.includes(route.path))
      .map((route) => `${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(listed.sort()).toEqual([...new Set(served)].sort())
    expect(listed).toHaveLength(32)
  })

  test('names each operation once and declares each path parameter', async () => {
    const { document } = await theDocument()
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      operationsOf(item).map((operation) => ({ path, ...operation })),
    )
    const ids = operations.map((operation) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, parameters = [] } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const declared = parameters.filter((parameter) => parameter.in === 'path')
      expect(declared.map((parameter) => parameter.name)).toEqual(inPath)
    }
  })

  test('explains the groups of its operations, and no other', async () => {
    const { document } = await theDocument()
    const used = Object.values(document.paths).flatMap((item) => operationsOf(item).flatMap(({ tags }) => tags))
    expect(document.tags.map(({ name }) => name).sort()).toEqual([...new Set(used)].sort())
  })

  test('refers only to what it defines', async () => {
    const { body, document } = await theDocument()
    const referred = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
    expect(referred.length).toBeGreaterThan(10)
    for (const [, name] of referred) expect(Object.keys(document.components.schemas)).toContain(name)
    const schemes = Object.values(document.paths).flatMap((item) =>
      operationsOf(item).flatMap((operation) => (operation.security ?? []).flatMap(Object.keys)),
    )
    for (const scheme of schemes) expect(Object.keys(document.components.securitySchemes)).toContain(scheme)
  })

  test('says that a splice is retried across restarts, and that the key is required', async () => {
    const { document } = await theDocument()
    expect(document.info.description).toContain('restarts')
    const accept = document.paths['/v1/splices']?.post
    expect(JSON.stringify(accept)).toContain('retried across disconnects and restarts')
    expect(accept?.parameters?.map((parameter) => parameter.name)).toContain('Idempotency-Key')
    expect(Object.keys(accept?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '202', '400', '401', '403', '404', '409', '413', '422', '503']),
    )
  })

  test('names every code on some route, with an example that is a problem of that code and status', async () => {
    const { document } = await theDocument()
    const Example = z.object({ value: ProblemBody })
    const Content = z.looseObject({ examples: z.record(z.string(), Example) })
    const Response = z.looseObject({ content: z.object({ 'application/problem+json': Content }) })
    const named = Object.values(document.paths)
      .flatMap(operationsOf)
      .flatMap(({ responses }) => Object.entries(responses))
      .filter(([status]) => Number(status) >= 400)
      .flatMap(([status, response]) => {
        const { examples } = Response.parse(response).content['application/problem+json']
        expect(Object.keys(examples).length).toBeGreaterThan(0)
        for (const [code, { value }] of Object.entries(examples))
          expect(value).toMatchObject({ code, status: Number(status) })
        return Object.keys(examples)
      })
    // Where there is no route, there is nothing to document.
    expect([...new Set(named)].sort()).toEqual(
      problemCodes.filter((code) => code !== 'not_found' && code !== 'method_not_allowed').toSorted(),
    )
  })

  test('has examples of an order, a splice and a payment that fit what they are examples of', async () => {
    const { document } = await theDocument()
    const schemas = { SpliceRequest: SpliceBody, Splice: SpliceView.strict(), Payment: PaymentView.strict() }
    for (const [name, schema] of Object.entries(schemas)) {
      const example = document.components.schemas[name]?.['example']
      expect(schema.parse(example), name).toEqual(example)
    }
  })

  test('needs a key for all but health, itself, and the relay with its own', async () => {
    const { document } = await theDocument()
    const open = Object.entries(document.paths).flatMap(([path, item]) =>
      operationsOf(item).some((operation) => operation.security?.[0]?.key === undefined) ? [path] : [],
    )
    expect(open.sort()).toEqual(['/health', '/openapi.json', '/v1/nodes/{node}/events'])
  })
})
