import * as z from 'zod'
import type { Answer } from './answer.ts'
import type { World } from './world.ts'

const Described = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        responses: z.record(
          z.string(),
          z.object({
            content: z.record(z.string(), z.looseObject({ examples: z.looseObject({}).optional() })).optional(),
          }),
        ),
      }),
    ),
  ),
})

let described: z.infer<typeof Described>['paths'] | null = null

/** Every problem that a test meets must stand in the document, with its code, for the route that answered it. */
export async function assertDocumented(
  { app }: Pick<World, 'app'>,
  { method, path }: { method: string; path: string },
  { status, body }: Pick<Answer, 'status' | 'body'>,
): Promise<void> {
  const code = body['code']
  if (status < 400 || typeof code !== 'string' || code === 'not_found') return
  described ??= Described.parse(await (await app.request('/openapi.json')).json()).paths
  const [pathname = ''] = path.split('?')
  const routes = Object.entries(described).filter(([template]) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]*')}$`).test(pathname),
  )
  const operations = routes.flatMap(([, operation]) => operation[method.toLowerCase()] ?? [])
  const codes = operations.flatMap(({ responses }) =>
    Object.keys(responses[status]?.content?.['application/problem+json']?.examples ?? {}),
  )
  if (operations.length > 0 && !codes.includes(code))
    throw new Error(`${method} ${pathname} answered ${status} ${code}, which its document does not name`)
}
