import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { bundleOf, environment } from '../../bench/bundles.ts'
import { wiring } from '../../functions/wiring.ts'
import { putBeside } from '../../stacks/files.ts'

const run = promisify(execFile)
/** What Lambda answers at most, in bytes of JSON. */
const ANSWER_MAX_BYTES = 6 * 1024 * 1024
const Answer = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  isBase64Encoded: z.boolean(),
})

/** A request as API Gateway passes it on. */
const event = (rawPath: string, encoding: string) => ({
  version: '2.0',
  routeKey: 'GET /docs/{proxy+}',
  rawPath,
  rawQueryString: '',
  headers: { host: 'api.example', 'accept-encoding': encoding },
  requestContext: {
    domainName: 'api.example',
    http: { method: 'GET', path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    routeKey: 'GET /docs/{proxy+}',
    stage: '$default',
  },
  isBase64Encoded: false,
})

const asking = (events: readonly object[]): string => `
  const { handler } = await import('./api.mjs')
  const context = { getRemainingTimeInMillis: () => 20_000 }
  const answers = []
  for (const event of ${JSON.stringify(events)}) answers.push(await handler(event, context))
  process.stdout.write(JSON.stringify(answers), () => process.exit(0))`

/** What the API's function answers from its bundle in a folder far from this project, with files beside it. */
async function answers(files: readonly string[], events: readonly object[]) {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-docs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  await bundleOf('api', join(folder, 'api.mjs'))
  await putBeside(folder, files)
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', asking(events)], {
    cwd: folder,
    env: { ...environment, SPLICEKEEPER_LOG: 'readable' },
    maxBuffer: 2 * ANSWER_MAX_BYTES,
  })
  return z.array(Answer).parse(JSON.parse(stdout))
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test('the function of the API finds the files of /docs beside its bundle, and Lambda can carry them', async () => {
  const names = ['swagger-ui-bundle.js', 'swagger-ui.css']
  const events = names.flatMap((name) => ['gzip', 'identity'].map((each) => event(`/docs/${name}`, each)))
  const found = await answers(wiring.functions.api.files, events)
  for (const answer of found) expect(JSON.stringify(answer).length).toBeLessThan(ANSWER_MAX_BYTES)
  const sent = found.map(({ body, isBase64Encoded, headers }) => {
    const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
    return digest(headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)
  })
  const published = names.map((name) => digest(readFileSync(`node_modules/swagger-ui-dist/${name}`)))
  expect(sent).toEqual(published.flatMap((each) => [each, each]))
  expect(found.map(({ isBase64Encoded }) => isBase64Encoded)).toEqual([true, false, true, false])
})

test('without them it answers the page, and a problem for its files', async () => {
  const found = await answers([], [event('/docs', 'gzip'), event('/docs/swagger-ui.css', 'gzip')])
  expect(found.map(({ statusCode }) => statusCode)).toEqual([200, 500])
})
