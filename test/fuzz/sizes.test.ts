import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { BlockTxids, MinedTransaction } from '../../adapters/chain/bitcoind/answers.ts'
import { bitcoind } from '../../adapters/chain/bitcoind/bitcoind.ts'
import { TransactionAnswer } from '../../adapters/chain/esplora/answers.ts'
import { esplora } from '../../adapters/chain/esplora/esplora.ts'
import { listOf } from '../../adapters/list.ts'
import { calls } from '../../adapters/node/ldk/calls.ts'
import type { MethodName } from '../../adapters/node/ldk/messages.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import { NOW, info } from '../../harness/nodes/ldk-rpc.ts'
import { clientOf, rawServer } from '../../harness/nodes/ldk-wire.ts'
import { callOf } from './chain-answers.ts'
import { httpServer } from './http-lies.ts'
import { HONEST, honestReply, reply } from './node-answers.ts'

/** An array that counts how often it is looked at an element. */
function watched(elements: readonly unknown[]): { list: unknown[]; looks: () => number } {
  let looks = 0
  const list = new Proxy([...elements], {
    get(target, name): unknown {
      if (typeof name === 'string' && /^\d+$/.test(name)) looks += 1
      return Reflect.get(target, name)
    },
  })
  return { list, looks: () => looks }
}

describe('a list from outside', () => {
  const Numbers = listOf(z.int(), { min: 1, max: 1_000 })

  test('is read to its first wrong element', () => {
    const { list, looks } = watched([1, 2, 'three', ...Array.from({ length: 900 }, () => 'more')])
    const { error } = Numbers.safeParse(list)
    expect(error?.issues.map(({ path }) => path)).toEqual([[2]])
    expect(looks()).toBe(3)
  })

  test.each([0, 1_001])('of a count that it cannot have is not read at all: %i', (length) => {
    const { list, looks } = watched(Array.from({ length }, () => 1))
    expect(Numbers.safeParse(list).success).toBe(false)
    expect(looks()).toBe(0)
  })

  test('that is right is read as it is, and written so', () => {
    expect(Numbers.parse([1, 2])).toEqual([1, 2])
    expect(z.encode(Numbers, [1, 2])).toEqual([1, 2])
  })
})

describe('a list of three hundred thousand wrong elements', () => {
  const wrong = Array.from({ length: 300_000 }, () => 1)
  const hash = 'a'.repeat(64)
  test.each<[string, z.ZodType, unknown]>([
    ['outputs', TransactionAnswer, { txid: hash, vout: wrong, status: { confirmed: false } }],
    ['transactions of a block', BlockTxids, { hash, tx: wrong }],
    ['inputs', MinedTransaction, { txid: hash, hex: 'aa', in_active_chain: true, vin: wrong }],
    ['channels', calls.listChannels.response, { channels: wrong }],
    ['peers', calls.listPeers.response, { peers: wrong }],
    ['payments', calls.listPayments.response, { payments: wrong }],
    ['balances', calls.getBalances.response, { spendableOnchainBalanceSats: 1n, lightningBalances: wrong }],
  ])('of %s makes few issues, not one for each', (_, schema, answer) => {
    const { error } = schema.safeParse(answer)
    expect(error?.issues.length).toBeLessThan(20)
    for (const count of [100, 5_000]) {
      const fewer = Object.entries(z.record(z.string(), z.unknown()).parse(answer)).map(
        ([key, value]) => [key, value === wrong ? wrong.slice(0, count) : value] as const,
      )
      const issues = schema.safeParse(Object.fromEntries(fewer)).error?.issues ?? []
      expect([issues.length > 0, issues.length < 20]).toEqual([true, true])
    }
  })
})

const KEY = 'key-of-ours-in-the-url'
const PASSWORD = 'correct-horse-battery'

describe('an answer that is larger than the question allows', () => {
  test.each(['tip', 'blockHash', 'feeRateSatPerKw', 'broadcast'] as const)(
    'of an Esplora to %s is not taken',
    async (question) => {
      const url = await httpServer(async () => ({ status: 200, body: '1'.repeat(70_000), drop: false }))
      const chain = esplora({ url })
      const answers = {
        tip: () => chain.tip(callOf()),
        blockHash: () => chain.blockHash(5, callOf()),
        feeRateSatPerKw: () => chain.feeRateSatPerKw(6, callOf()),
        broadcast: () => chain.broadcast('00', callOf()),
      }
      const answer = await answers[question]()
      expect(answer.ok ? '' : answer.error.message).toMatch(/: the answer is too large$/)
    },
  )

  test('of a Bitcoin Core is not taken', async () => {
    const url = await httpServer(async () => ({ status: 200, body: ' '.repeat(1_100_000), drop: false }))
    const answer = await bitcoind({ url, network: 'regtest', user: 'me', password: PASSWORD }).tip(callOf())
    expect(answer).toMatchObject({ error: { message: 'getblockchaininfo: the answer is too large' } })
  })
})

describe('a refusal that repeats what it was asked with', () => {
  const echo = (secret: string) => `sendrawtransaction RPC error: dust, at ${secret} ${encodeURIComponent(secret)}`

  test('of an Esplora tells its reason, and nothing of its address', async () => {
    const base = await httpServer(async (route) => {
      const url = `${route} http://user:${PASSWORD}@host/api/${KEY}?token=${KEY}`
      return { status: route.startsWith('POST') ? 400 : 404, body: echo(url), drop: false }
    })
    const answer = await esplora({ url: `${base}/api/${KEY}` }).broadcast('00', callOf())
    expect(answer).toMatchObject({ error: { message: 'POST /tx: HTTP 400: dust' } })
  })

  test('of an ldk-server does not tell the macaroon', async () => {
    const macaroon = 'c0ffee'.repeat(30)
    const message = `cannot use ${macaroon} (${macaroon.toUpperCase()}) for ${'d'.repeat(64)}`
    const server = await rawServer(({ stream }) => {
      reply(stream, { ...honestReply(Buffer.alloc(0)), trailerStatus: '16', message })
    })
    const answer = await clientOf(server).getNodeInfo(callOf())
    expect(answer).toMatchObject({
      error: { status: 16, message: `cannot use … (…) for ${'d'.repeat(64)}` },
    })
  })
})

describe('a text of an ldk-server that is longer than any there is', () => {
  const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)])
  /** A field of a message: a text, or another message. */
  const field = (number: number, inner: Buffer): Buffer =>
    Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(inner.length)]), inner])
  const text = (number: number, length: number): Buffer => field(number, Buffer.alloc(length, 'b'))
  const nodeWith = async (lies: Partial<Record<MethodName, Buffer>>) => {
    const server = await rawServer(({ stream, headers }) => {
      const method = (headers[':path'] ?? '').slice('/api.LightningNode/'.length)
      const lie = Object.entries(lies).find(([name]) => name === method)?.[1]
      reply(stream, honestReply(lie ?? HONEST.get(method) ?? Buffer.alloc(0)))
    })
    return ldkNode(clientOf(server), { clock: { now: () => NOW } })
  }

  test('is cut where it is a version', async () => {
    const honest = HONEST.get('GetNodeInfo') ?? Buffer.alloc(0)
    const node = await nodeWith({ GetNodeInfo: Buffer.concat([honest, text(16, 400_000)]) })
    const look = await node.look(callOf())
    expect(look).toMatchObject({ ok: true, value: { nodeId: info.nodeId, version: 'b'.repeat(100) } })
  })

  test('is a fault where it is an address', async () => {
    const node = await nodeWith({ OnchainReceive: text(1, 101) })
    expect(await node.newAddress(callOf())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
    const longest = await nodeWith({ OnchainReceive: text(1, 100) })
    expect(await longest.newAddress(callOf())).toEqual({ ok: true, value: 'b'.repeat(100) })
  })

  test("is a fault where it is a peer's address", async () => {
    const peers = (length: number) => field(1, Buffer.concat([text(1, 66), text(2, length)]))
    const longest = await nodeWith({ ListPeers: peers(260) })
    expect(await longest.look(callOf())).toMatchObject({ ok: true })
    const node = await nodeWith({ ListPeers: peers(261) })
    expect(await node.look(callOf())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })

  test('is a fault where it is the token of a page', async () => {
    const page = async (length: number) => {
      const node = await nodeWith({ GetPaymentDetails: Buffer.alloc(0), ListPayments: text(2, length) })
      return node.contribution('d'.repeat(64), 'e'.repeat(64), callOf())
    }
    expect(await page(4_096)).toEqual({ ok: true, value: null })
    expect(await page(4_097)).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })
})

test('more channels than the table keeps the names of are a fault, and as many as it keeps are not', () => {
  const list = (count: number) => ({ channels: Array.from({ length: count }, () => Channel) })
  const Channel = {
    channelId: 'd'.repeat(64),
    counterpartyNodeId: `02${'b'.repeat(64)}`,
    userChannelId: '9'.repeat(39),
    channelValueSats: 1n,
    outboundCapacityMsat: 1n,
    inboundCapacityMsat: 1n,
    isChannelReady: true,
    isUsable: true,
  }
  const { response } = calls.listChannels
  expect(response.safeParse(list(5_000)).success).toBe(true)
  expect(response.safeParse(list(5_001)).success).toBe(false)
  const other = { channels: [{ ...Channel, userChannelId: '9'.repeat(40) }] }
  expect(response.safeParse(other).success).toBe(false)
})
