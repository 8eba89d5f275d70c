import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { webhookReceiver } from '../../docs/examples/webhook-receiver.ts'
import { addressOf } from '../../local/emulators.ts'
import { until } from '../../local/until.ts'
import { aProduct, lever, order, request, temporaryFolder } from '../../harness/local-product.ts'

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const WAIT_MS = 20_000
const Made = z.object({ id: z.string(), secret: z.string() })
const Payload = z.object({ type: z.string(), data: z.object({ sequence: z.int() }) })
const Log = z.object({ data: z.array(z.object({ sequence: z.int(), id: z.string(), type: z.string() })) })

test('npm start tells the receiver of the docs of a splice, in order, also what came while it was down', async () => {
  const product = await aProduct(temporaryFolder())
  const json = { 'Content-Type': 'application/json' }
  const taken: { id: string; sequence: number; type: string }[] = []
  let fails = 2
  let secret = ''
  // The secret is known only once the endpoint is made, and its port before.
  const receiver = () =>
    webhookReceiver(secret, async ({ id, payload }) => {
      if ((fails -= 1) >= 0) throw new Error('down')
      const { type, data } = Payload.parse(payload)
      taken.push({ id, sequence: data.sequence, type })
    })
  const reserved = webhookReceiver('whsec_AAAA', async () => undefined).listen(0, '127.0.0.1')
  await once(reserved, 'listening')
  const url = `${addressOf(reserved)}/splices`
  reserved.close()
  const made = await request(product, '/v1/webhooks', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ url }),
  })
  expect(made.status).toBe(201)
  const hook = Made.parse(made.body)
  secret = hook.secret
  const id = await order(product, ADDRESS)
  await until('the first failure', WAIT_MS, async () => {
    const { body } = await request(product, `/v1/webhooks/${hook.id}`)
    return z.object({ failing: z.object({}).nullable() }).parse(body).failing
  })
  const server = receiver().listen(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void server.close())
  await until('pending', WAIT_MS, async () => (taken.some(({ type }) => type === 'splice.pending') ? true : null))
  await lever(product, 'mine 6', z.unknown())
  await until('settled', WAIT_MS, async () => (taken.some(({ type }) => type === 'splice.settled') ? true : null))
  const log = Log.parse((await request(product, '/v1/events?after=0')).body).data
  expect(taken).toEqual(log)
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, n) => n + 1))
  const tested = await request(product, `/v1/webhooks/${hook.id}/test`, { method: 'POST' })
  expect(tested.body).toMatchObject({ delivered: false, status: 500 })
  expect(id).toMatch(/^spl_/)
}, 90_000)
