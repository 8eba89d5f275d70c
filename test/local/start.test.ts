import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { startChild, type Child } from '../../local/child.ts'
import { Endpoints } from '../../local/endpoints.ts'
import { until } from '../../local/until.ts'
import { aProduct, aRefusal, lever, order, request, statusOf, temporaryFolder } from '../../harness/local-product.ts'

const shell = promisify(execFile)
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const Splice = z.object({ id: z.string(), status: z.string() })
const Tip = z.object({ height: z.int() })

const listens = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

describe('npm start', () => {
  test('prints three lines that work when they are pasted', async () => {
    const product = await aProduct(temporaryFolder(), { BLOCK_SECONDS: '0.2' })
    // It is up before it says so.
    const lines = await until('three lines', 10_000, () => {
      const printed = product.output().split('\n').slice(0, -1)
      const found = printed.filter((line) => line.startsWith('curl '))
      return found.length === 3 ? found : null
    })
    const paste = async (n: number): Promise<unknown> => JSON.parse((await shell('sh', ['-c', lines[n] ?? ''])).stdout)
    const posted = Splice.parse(await paste(0))
    expect(posted.status).toBe('queued')
    expect(Splice.parse(await paste(1)).id).toBe(posted.id)
    const list = z.object({ data: z.array(Splice) }).parse(await paste(2))
    expect(list.data.map(({ id }) => id)).toEqual([posted.id])
    await until('the splice to settle', 20_000, async () =>
      Splice.parse(await paste(1)).status === 'settled' ? true : null,
    )
    expect(Splice.parse(await paste(0))).toMatchObject({ id: posted.id, status: 'settled' })
  })

  test('mines by itself', async () => {
    const product = await aProduct(temporaryFolder(), { BLOCK_SECONDS: '0.1' })
    const tip = await lever(product, 'mine', Tip)
    await until('more blocks', 10_000, async () =>
      (await lever(product, 'mine', Tip)).height > tip.height + 3 ? true : null,
    )
  })

  test('stops at Ctrl-C: exit code 0, and no port is left', async () => {
    const folder = temporaryFolder()
    const product = await aProduct(folder)
    const { api, sim, esplora, table, queues, nodeUrl } = product.endpoints
    expect(await product.end('SIGINT')).toBe(0)
    for (const url of [api, sim, esplora, table, queues, nodeUrl]) expect(await listens(url ?? '')).toBe(false)
    expect(existsSync(join(folder, 'endpoints.json'))).toBe(false)
    expect(product.output()).not.toMatch(/alarm|Error/)
  })

  test('keeps its keys, and what it has accepted, across a stop', async () => {
    const folder = temporaryFolder()
    const first = await aProduct(folder)
    await lever(first, 'disconnect-peer', z.unknown())
    const id = await order(first, ADDRESS)
    await first.end('SIGTERM')
    const second = await aProduct(folder)
    expect(second.endpoints.key).toBe(first.endpoints.key)
    expect(second.endpoints.operatorKey).toBe(first.endpoints.operatorKey)
    expect(second.endpoints.channels).toEqual(first.endpoints.channels)
    expect(await statusOf(second, id)).not.toBe('failed')
  })

  test('limits a key to the rate that it is started with, and says so', async () => {
    const product = await aProduct(temporaryFolder(), { REQUESTS_PER_SECOND: '1' })
    const ask = () =>
      fetch(`${product.endpoints.api}/v1/splices`, { headers: { Authorization: `Bearer ${product.endpoints.key}` } })
    const answers = []
    for (let n = 0; n < 20; n += 1) answers.push(await ask())
    const refused = answers.find(({ status }) => status === 429)
    expect(await refused?.json()).toMatchObject({ code: 'rate_limited' })
    for (const { headers } of answers) expect(headers.get('RateLimit-Policy')).toBe('"default";q=5;w=5')
    expect(refused?.headers.get('RateLimit')).toMatch(/^"default";r=0;t=[45]$/)
  })

  test.each([
    [{ PORT: 'http' }, 'PORT'],
    [{ PORT: '70000' }, 'PORT'],
    [{ BLOCK_SECONDS: '-1' }, 'BLOCK_SECONDS'],
    [{ REQUESTS_PER_SECOND: '0' }, 'REQUESTS_PER_SECOND'],
  ])('names the setting that is wrong: %j', async (environment, name) => {
    const { code, output } = await aRefusal(temporaryFolder(), environment)
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`^${name}: `))
  })
})

describe('a product that runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-test-'))
  let product: Child

  beforeAll(async () => {
    product = await startChild(folder, { BLOCK_SECONDS: '0' })
  })
  afterAll(async () => {
    await product.end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  test('tells where everything is, to its owner alone', async () => {
    const { endpoints } = product
    const path = join(folder, 'endpoints.json')
    expect(Endpoints.parse(JSON.parse(readFileSync(path, 'utf8')))).toEqual(endpoints)
    expect(endpoints).toMatchObject({ node: 'alice', channels: { length: 4 } })
    for (const name of ['endpoints.json', 'keys.json', 'world.json'])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o077).toBe(0)
    for (const url of [endpoints.api, endpoints.sim, endpoints.esplora, endpoints.table, endpoints.queues])
      expect(await listens(url ?? '')).toBe(true)
  })

  test('has an operator key beside the key', async () => {
    const path = `/v1/channels/${product.endpoints.channels[0] ?? ''}/unfreeze`
    const body = JSON.stringify({ note: 'test' })
    const unfreeze = (key: string) =>
      request(product, path, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body,
      })
    expect(await unfreeze(product.endpoints.key)).toMatchObject({ status: 403 })
    expect(await unfreeze(product.endpoints.operatorKey)).toMatchObject({ status: 409 })
  })

  test('says so where its port is taken, and touches nothing', async () => {
    const { port } = new URL(product.endpoints.api)
    const { code, output } = await aRefusal(temporaryFolder(), { PORT: port })
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`^port ${port} is in use: .*PORT.*\n$`))
    expect((await request(product, '/health')).status).toBe(200)
  })

  test('says so where another one is running on its data', async () => {
    const { code, output } = await aRefusal(folder, {})
    expect(code).toBe(1)
    expect(output).toContain(`another one is running on ${folder}`)
    expect((await request(product, '/v1/splices')).status).toBe(200)
    expect(existsSync(join(folder, 'endpoints.json'))).toBe(true)
  })
})
