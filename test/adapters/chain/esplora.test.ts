import { NO_HINT } from '../../../core/ports/chain.ts'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { Transaction } from 'bitcoinjs-lib'
import { expect, onTestFinished, test } from 'vitest'
import { esplora } from '../../../adapters/chain/esplora/esplora.ts'
import type { ChainPort } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'

const call = { signal: new AbortController().signal }
const hash = (digit: string): string => digit.repeat(64)

/** A transaction that spends an output, with two outputs of its own. */
function spending(txid: string, vout: number): { txid: string; hex: string } {
  const tx = new Transaction()
  tx.addInput(Buffer.from(txid, 'hex').reverse(), vout)
  tx.addOutput(Buffer.from(`0020${'11'.repeat(32)}`, 'hex'), 5_000n)
  tx.addOutput(Buffer.from(`0014${'22'.repeat(20)}`, 'hex'), 1_000n)
  return { txid: tx.getId(), hex: tx.toHex() }
}

const own = spending(hash('1'), 0)
const spender = spending(own.txid, 1)
const confirmed = { confirmed: true, block_height: 100, block_hash: hash('b'), block_time: 1_700_000_000 }
const shown = (txid: string, status: unknown = { confirmed: false }) =>
  JSON.stringify({ txid, vout: [{ value: 5_000 }, { value: 1_000 }], fee: 310, status })

/** What a route answers: a body, a status, or something of its own; `earlier`: how often it was asked before. */
type Answer = string | number | ((response: ServerResponse, earlier: number) => void)

/** A server that answers by route; anything else is 404. */
async function source(
  routes: Readonly<Record<string, Answer>>,
  config: { readonly maxBodyBytes?: number } = {},
): Promise<{ chain: ChainPort; requests: string[]; url: string }> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const route = `${request.method ?? ''} ${(request.url ?? '').replace(/^\/api/, '')}`
    const earlier = requests.filter((each) => each === route).length
    requests.push(route)
    const answer = routes[route] ?? 404
    if (typeof answer === 'function') answer(response, earlier)
    else if (typeof answer === 'number') response.writeHead(answer).end('refused')
    else response.end(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/api`
  return { chain: esplora({ url: `${url}/`, ...config }), requests, url }
}

const unreachable = { ok: false, error: { class: 'unreachable' } }

test('the tip is a height and the hash at that height', async () => {
  const { chain } = await source({
    'GET /blocks/tip/height': '120',
    'GET /block-height/120': `${hash('a')}\n`,
    'GET /blocks/tip/hash': hash('b'),
  })
  expect(await chain.tip(call)).toEqual(ok({ height: 120, hash: hash('a') }))
})

test('a height above the tip has no block', async () => {
  const { chain } = await source({ 'GET /blocks/tip/height': '120' })
  expect(await chain.blockHash(121, call)).toEqual(ok(null))
})

test('a missing block at or below the tip is a fault, not a reorg', async () => {
  const { chain } = await source({ 'GET /blocks/tip/height': '120' })
  expect(await chain.blockHash(120, call)).toMatchObject(unreachable)
  const wrongAddress = await source({})
  expect(await wrongAddress.chain.blockHash(120, call)).toMatchObject(unreachable)
})

test('a transaction comes with its bytes, its block and its fee', async () => {
  const { chain } = await source({
    [`GET /tx/${own.txid}`]: shown(own.txid, confirmed),
    [`GET /tx/${own.txid}/hex`]: own.hex,
    [`GET /tx/${spender.txid}`]: shown(spender.txid),
    [`GET /tx/${spender.txid}/hex`]: spender.hex,
  })
  const block = { height: 100, hash: hash('b'), time: 1_700_000_000 }
  expect(await chain.transaction(own.txid, call)).toEqual(ok({ ...own, block, feeSats: 310 }))
  expect(await chain.transaction(spender.txid, call)).toEqual(ok({ ...spender, block: null, feeSats: 310 }))
  expect(await chain.transaction(hash('9'), call)).toEqual(ok(null))
})

test.each<[string, Answer, Answer]>([
  ['is another one', shown(hash('9')), own.hex],
  ['has the bytes of another one', shown(own.txid), spender.hex],
  ['has bytes that are cut short', shown(own.txid), own.hex.slice(0, -2)],
  ['has bytes that are no hex', shown(own.txid), '<html>'],
  ['has no bytes any more', shown(own.txid), 404],
  ['is confirmed in no block', shown(own.txid, { confirmed: true }), own.hex],
  ['has a status that is no status', shown(own.txid, 'confirmed'), own.hex],
  ['has no outputs', JSON.stringify({ txid: own.txid, vout: [], status: { confirmed: false } }), own.hex],
  ['is cut short', shown(own.txid).slice(0, -5), own.hex],
])('a transaction that %s is a fault', async (_, json, hex) => {
  const { chain } = await source({ [`GET /tx/${own.txid}`]: json, [`GET /tx/${own.txid}/hex`]: hex })
  expect(await chain.transaction(own.txid, call)).toMatchObject(unreachable)
})

const outspend = `GET /tx/${own.txid}/outspend/1`
const known = { 'GET /blocks/tip/hash': hash('a'), [`GET /tx/${own.txid}`]: shown(own.txid, confirmed) }
const spent = JSON.stringify({ spent: true, txid: spender.txid, vin: 0, status: confirmed })

test('an outpoint of a known transaction is unspent if the source says so', async () => {
  const { chain } = await source({ ...known, [outspend]: '{"spent":false}' })
  expect(await chain.spend(`${own.txid}:1`, NO_HINT, call)).toEqual(
    ok({ own: 'confirmed', valueSats: 1_000, spender: null }),
  )
  const young = await source({
    ...known,
    [`GET /tx/${own.txid}`]: shown(own.txid),
    [outspend]: '{"spent":false}',
  })
  expect(await young.chain.spend(`${own.txid}:1`, NO_HINT, call)).toEqual(
    ok({ own: 'mempool', valueSats: 1_000, spender: null }),
  )
})

test('an outpoint of an unknown transaction is unknown, although Esplora calls it unspent', async () => {
  const { chain } = await source({ 'GET /blocks/tip/hash': hash('a'), [outspend]: '{"spent":false}' })
  expect(await chain.spend(`${own.txid}:1`, NO_HINT, call)).toEqual(
    ok({ own: 'unknown', valueSats: null, spender: null }),
  )
})

test('an output that its transaction does not have is unknown', async () => {
  const { chain } = await source({ ...known, [`GET /tx/${own.txid}/outspend/2`]: '{"spent":false}' })
  expect(await chain.spend(`${own.txid}:2`, NO_HINT, call)).toEqual(
    ok({ own: 'unknown', valueSats: null, spender: null }),
  )
})

test('a block that arrives during the question leaves absence unproven', async () => {
  const { chain } = await source({
    ...known,
    'GET /blocks/tip/hash': (response, earlier) => response.end(hash(earlier === 0 ? 'a' : 'b')),
    [outspend]: '{"spent":false}',
  })
  expect(await chain.spend(`${own.txid}:1`, NO_HINT, call)).toMatchObject(unreachable)
})

test('a spender is told with its bytes, in the mempool or in a block', async () => {
  const routes = { ...known, [outspend]: spent, [`GET /tx/${spender.txid}/hex`]: spender.hex }
  const waiting = await source({ ...routes, [`GET /tx/${spender.txid}`]: shown(spender.txid) })
  expect(await waiting.chain.spend(`${own.txid}:1`, NO_HINT, call)).toEqual(
    ok({ own: 'confirmed', valueSats: 1_000, spender: { ...spender, block: null, feeSats: 310 } }),
  )
  const mined = { ...routes, [`GET /tx/${spender.txid}`]: shown(spender.txid, confirmed) }
  const settled = await source({ ...mined, 'GET /blocks/tip/height': '100' })
  expect(await settled.chain.spend(`${own.txid}:1`, NO_HINT, call)).toMatchObject({
    ok: true,
    value: { spender: { block: { height: 100 } } },
  })
  const above = await source({ ...mined, 'GET /blocks/tip/height': '99' })
  expect(await above.chain.spend(`${own.txid}:1`, NO_HINT, call)).toMatchObject(unreachable)
})

test('a spender that the source does not know, or that spends something else, is a fault', async () => {
  const missing = await source({ ...known, [outspend]: spent })
  expect(await missing.chain.spend(`${own.txid}:1`, NO_HINT, call)).toMatchObject(unreachable)
  const wrong = await source({
    ...known,
    [`GET /tx/${own.txid}/outspend/0`]: spent,
    [`GET /tx/${spender.txid}`]: shown(spender.txid),
    [`GET /tx/${spender.txid}/hex`]: spender.hex,
  })
  expect(await wrong.chain.spend(`${own.txid}:0`, NO_HINT, call)).toMatchObject(unreachable)
})

test.each([
  [1, 5_000],
  [2, 5_000],
  [5, 2_500],
  [6, 253],
  [1000, 253],
])('the estimate to confirm within %i blocks is %i sat per 1000 weight', async (target, feeRateSatPerKw) => {
  const { chain } = await source({ 'GET /fee-estimates': '{"6":1.012,"2":20,"3":10}' })
  expect(await chain.feeRateSatPerKw(target, call)).toEqual(ok(feeRateSatPerKw))
})

test('without estimates there is none', async () => {
  const { chain } = await source({ 'GET /fee-estimates': '{}' })
  expect(await chain.feeRateSatPerKw(6, call)).toEqual(ok(null))
})

test.each(['[]', '{"6":"1"}', '{"6":-1}', '{"soon":1}', 'null'])('%s are no estimates', async (body) => {
  const { chain } = await source({ 'GET /fee-estimates': body })
  expect(await chain.feeRateSatPerKw(6, call)).toMatchObject(unreachable)
})

test('a transaction is broadcast once', async () => {
  const { chain, requests } = await source({ 'POST /tx': own.txid })
  expect(await chain.broadcast(own.hex, call)).toEqual(ok(undefined))
  expect(requests).toEqual(['POST /tx'])
})

test('a refused broadcast of what the source has already is none', async () => {
  const refusal = 400
  const there = await source({ 'POST /tx': refusal, [`GET /tx/${own.txid}`]: shown(own.txid) })
  expect(await there.chain.broadcast(own.hex, call)).toEqual(ok(undefined))
  const absent = await source({ 'POST /tx': refusal })
  expect(await absent.chain.broadcast(own.hex, call)).toMatchObject(unreachable)
  expect(await absent.chain.broadcast('00', call)).toMatchObject(unreachable)
})

const halfAnAnswer: Answer = (response) => {
  response.writeHead(200, { 'content-length': '10' })
  response.write('12', () => response.destroy())
}

test.each<[string, Answer]>([
  ['a limit', 429],
  ['a refusal', 400],
  ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['a page', '<html>'],
  ['an empty answer', ''],
  ['a height that is no number', '120x'],
])('%s is a fault, and is not asked for again', async (_, answer) => {
  const { chain, requests } = await source({ 'GET /blocks/tip/height': answer })
  expect(await chain.tip(call)).toMatchObject(unreachable)
  expect(requests).toEqual(['GET /blocks/tip/height'])
})

test.each<[string, Answer]>([
  ['an error of the source', 500],
  ['an error of a proxy', 502],
  ['a source that is overloaded', 503],
  ['a source that is late', 504],
  ['a cut connection', (response) => response.destroy()],
  ['half an answer', halfAnAnswer],
])('%s is asked for again, up to four times in all, and a broadcast never', async (_, answer) => {
  const once: Answer = (response, earlier) => {
    if (earlier === 3) response.end('120')
    else if (typeof answer === 'function') answer(response, earlier)
    else response.writeHead(Number(answer)).end()
  }
  const passing = await source({ 'GET /blocks/tip/height': once, 'GET /block-height/120': hash('a') })
  expect(await passing.chain.tip(call)).toEqual(ok({ height: 120, hash: hash('a') }))
  const failing = await source({ 'GET /blocks/tip/height': answer, 'POST /tx': answer })
  expect(await failing.chain.tip(call)).toMatchObject(unreachable)
  expect(failing.requests).toEqual(Array(4).fill('GET /blocks/tip/height'))
  expect(await failing.chain.broadcast(own.hex, call)).toMatchObject(unreachable)
  expect(failing.requests.filter((request) => request.startsWith('POST'))).toEqual(['POST /tx'])
})

test('an answer beyond the limit is not read to its end', async () => {
  const ended = Promise.withResolvers<true>()
  const endless: Answer = (response) => {
    const more = (): void =>
      void response.write('1'.repeat(1024), (error) => {
        if (!error) more()
      })
    response.once('close', () => ended.resolve(true))
    more()
  }
  const { chain } = await source({ 'GET /blocks/tip/height': endless }, { maxBodyBytes: 4096 })
  expect(await chain.tip(call)).toMatchObject(unreachable)
  await ended.promise
})

test('megabytes of hex that are no transaction are a fault', async () => {
  const { chain } = await source({
    [`GET /tx/${own.txid}`]: shown(own.txid, confirmed),
    [`GET /tx/${own.txid}/hex`]: 'ab'.repeat(4_500_000),
  })
  expect(await chain.transaction(own.txid, call)).toMatchObject(unreachable)
})

test('a source that never answers is given up with the call, and sees its connection end', async () => {
  const controller = new AbortController()
  const ended = Promise.withResolvers<true>()
  const { chain } = await source({
    'GET /blocks/tip/height': (response) => {
      response.once('close', () => ended.resolve(true))
      controller.abort()
    },
  })
  expect(await chain.tip({ signal: controller.signal })).toMatchObject(unreachable)
  await ended.promise
})

test('a call whose time is over before it starts sends nothing', async () => {
  const { chain, requests } = await source({ 'GET /blocks/tip/height': '1' })
  expect(await chain.tip({ signal: AbortSignal.abort() })).toMatchObject(unreachable)
  expect(requests).toEqual([])
})

test('a fault names the route and not the address', async () => {
  const { chain, url } = await source({})
  const answer = await chain.tip(call)
  expect(answer).toEqual(err({ class: 'unreachable', message: 'GET /blocks/tip/height: HTTP 404' }))
  expect(JSON.stringify(answer)).not.toContain(url)
})
