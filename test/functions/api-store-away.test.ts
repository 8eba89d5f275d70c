import { randomUUID } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { dynamoStore } from '../../adapters/store/dynamo.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { createApi } from '../../functions/api/app.ts'
import type { Answer } from '../../harness/api/answer.ts'
import { order, request } from '../../harness/api/request.ts'
import { CHANNEL, aBody } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { openTable, startDynalite, type Emulator } from '../../harness/emulators.ts'
import { startCuttingProxy, type Disturbance } from '../adapters/store/cutting-proxy.ts'

/** How long a request to the table may take here. In production it is seconds. */
const TIMEOUT_MS = 500
const LOCAL = { region: 'eu-central-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

let dynalite: Emulator
beforeAll(async () => {
  dynalite = await startDynalite()
})
afterAll(() => dynalite.close())

/** A world on a real table, and the same API behind a proxy that cuts and delays, whose client gives up at once. */
async function aCutWorld() {
  const { client: direct, table } = await openTable(dynalite.endpoint, `t-${randomUUID()}`)
  const proxy = await startCuttingProxy(dynalite.endpoint)
  const requestHandler = {
    connectionTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    throwOnRequestTimeout: true,
  }
  const cut = DynamoDBDocumentClient.from(
    new DynamoDBClient({ ...LOCAL, endpoint: proxy.endpoint, maxAttempts: 1, requestHandler }),
  )
  onTestFinished(async () => {
    direct.destroy()
    cut.destroy()
    await proxy.close()
  })
  const ids = { id: () => randomUUID() }
  const world = await aWorld({}, dynamoStore({ client: direct, table, ids }))
  const store = dynamoStore({ client: cut, table, ids })
  const behind: World = { ...world, app: createApi({ ...world.deps, ports: { ...world.ports, store } }) }
  return { world, behind, proxy }
}

function expectTruth(answer: Answer): void {
  if (answer.status === 202) return
  expect(answer.status).toBe(503)
  expect(answer.body).toMatchObject({ code: 'store_unavailable', retry: 'same_key' })
  expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0)
}

async function expectSplices(world: World, ids: readonly string[]): Promise<void> {
  const { body } = await request(world, 'GET', '/v1/splices?limit=100', { key: world.keys.reader })
  const listed = Array.isArray(body['data']) ? body['data'] : []
  expect(listed.map(({ id }: { id: string }) => id).toSorted()).toEqual(ids.toSorted())
  const lease = await world.store.item('lease', CHANNEL)
  expect(lease?.value.queue.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
}

describe('a table that is slow or out of reach in the middle of accepting', () => {
  const disturbances: [Disturbance['operation'], Disturbance['how']][] = [
    ['PutItem', 'cut_after_response'],
    ['PutItem', 'cut_before_forwarding'],
    ['PutItem', 'no_answer'],
    ['PutItem', 'throttle'],
    ['GetItem', 'cut_after_response'],
    ['GetItem', 'throttle'],
    ['BatchGetItem', 'cut_before_forwarding'],
    ['BatchGetItem', 'no_answer'],
  ]
  test.each(disturbances)('%s, %s: repeated with the same key, it is one splice', async (operation, how) => {
    const { world, behind, proxy } = await aCutWorld()
    proxy.disturb({ operation, how, times: 1 })
    const first = await order(behind, 'order-1')
    expectTruth(first)
    expect(first.status).toBe(503)
    const again = await order(behind, 'order-1')
    expect([200, 202]).toContain(again.status)
    await expectSplices(world, [spliceIdOf('acme', 'order-1')])
  })

  test('the line was written and the splice was cut: whichever write it was, the repetition ends it', async () => {
    const { world, behind, proxy } = await aCutWorld()
    proxy.disturb({ operation: 'PutItem', how: 'cut_after_response', times: 2 })
    // The first cut hits the line, the second the splice.
    const answers = [await order(behind, 'order-1'), await order(behind, 'order-1'), await order(behind, 'order-1')]
    answers.slice(0, 2).forEach(expectTruth)
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200])
    await expectSplices(world, [spliceIdOf('acme', 'order-1')])
  })

  test('nobody listens: the answer comes, and the order is accepted once somebody does', async () => {
    const { world, behind, proxy } = await aCutWorld()
    await proxy.close()
    const first = await order(behind, 'order-1')
    expectTruth(first)
    expect(first.status).toBe(503)
    expect((await order(world, 'order-1')).status).toBe(202)
  })

  test('of many orders at once that are cut here and there, each one is a splice once it was repeated', async () => {
    const { world, behind, proxy } = await aCutWorld()
    const keys = Array.from({ length: 20 }, (_, n) => `order-${n}`)
    const sent = (key: string) => order(behind, key, { ...aBody, amountSats: 50_000 + Number(key.slice(6)) })
    for (const how of ['cut_after_response', 'cut_before_forwarding', 'throttle'] as const)
      proxy.disturb({ operation: 'PutItem', how, times: 8 })
    let open = keys
    for (let round = 0; open.length > 0 && round < 30; round += 1) {
      const answers = await Promise.all(open.map(async (key) => ({ key, answer: await sent(key) })))
      for (const { answer } of answers) if (answer.status !== 200) expectTruth(answer)
      open = answers.filter(({ answer }) => answer.body['retry'] === 'same_key').map(({ key }) => key)
    }
    expect(open).toEqual([])
    await expectSplices(
      world,
      keys.map((key) => spliceIdOf('acme', key)),
    )
  })
})
