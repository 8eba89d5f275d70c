import { describe, expect, test } from 'vitest'
import { NO_HINT } from '../../../../core/ports/chain.ts'
import { Network } from '../../../../core/bitcoin/network.ts'
import type { ChainPort } from '../../../../core/ports/ports.ts'
import { ok } from '../../../../core/values/result.ts'
import { ChainRpcError } from '../../../../simulator/chain/bitcoind-method.ts'
import { NOWHERE, anchorOf, asked, call, faultOf, node, unreachable, type RawAnswer } from './stage.ts'

describe('an answer', () => {
  const info = { chain: 'regtest', blocks: 120, bestblockhash: 'a'.repeat(64), initialblockdownload: false }
  const reply = (result: unknown, id: unknown): string => JSON.stringify({ result, error: null, id })

  test('is taken in the form of JSON-RPC 2.0, too', async () => {
    const raw: RawAnswer = (response, id) => response.end(JSON.stringify({ jsonrpc: '2.0', result: info, id }))
    const { chain } = await node({ raw: { getblockchaininfo: raw } })
    expect(await chain.tip(call)).toEqual(ok({ height: 120, hash: info.bestblockhash }))
  })

  test.each<[string, RawAnswer]>([
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a page', (response) => response.end('<html>')],
    ['an empty answer', (response) => response.end()],
    ['an answer to another question', (response) => response.end(reply(info, 'other'))],
    ['a result with a wrong status', (response, id) => response.writeHead(500).end(reply(info, id))],
    ['an error without a code', (response, id) => response.end(JSON.stringify({ error: 'no', id }))],
    ...[
      null,
      'regtest',
      {},
      { ...info, blocks: -1 },
      { ...info, blocks: '120' },
      { ...info, bestblockhash: 'a'.repeat(63) },
      { ...info, initialblockdownload: 'no' },
    ].map((result): [string, RawAnswer] => [JSON.stringify(result), (response, id) => response.end(reply(result, id))]),
  ])('%s is a fault, and is not asked for again', async (_, answer) => {
    const source = await node({ raw: { getblockchaininfo: answer } })
    expect(await source.chain.tip(call)).toMatchObject(unreachable)
    expect(source.calls.map(({ method }) => method)).toEqual(['getblockchaininfo'])
  })

  test.each<[string, RawAnswer]>([
    ['a limit', (response) => response.writeHead(503).end('Work queue depth exceeded')],
    ['a cut connection', (response) => response.destroy()],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'content-length': '10' })
        response.write('{"', () => response.destroy())
      },
    ],
  ])('%s is asked for again, up to four times in all, and a broadcast never', async (_, answer) => {
    let failures = 3
    const passing: RawAnswer = (response, id) =>
      (failures -= 1) < 0 ? void response.end(reply(info, id)) : answer(response, id)
    const { chain } = await node({ raw: { getblockchaininfo: passing } })
    expect(await chain.tip(call)).toEqual(ok({ height: 120, hash: info.bestblockhash }))
    const failing = await node({ raw: { getblockchaininfo: answer } })
    expect(await failing.chain.tip(call)).toMatchObject(unreachable)
    expect(asked(failing, 'getblockchaininfo')).toBe(4)
    const deaf = await node({ raw: { sendrawtransaction: answer } })
    expect(await deaf.chain.broadcast('00', call)).toMatchObject(unreachable)
    expect(asked(deaf, 'sendrawtransaction')).toBe(1)
  })

  test.each<[string, RawAnswer, ReturnType<typeof faultOf>]>([
    [
      'a node that still starts',
      (response, id) =>
        response
          .writeHead(500)
          .end(JSON.stringify({ result: null, error: { code: -28, message: 'Loading block index…' }, id })),
      faultOf('getblockchaininfo: the node is still starting', 'not_ready'),
    ],
    [
      'a wrong password',
      (response) => response.writeHead(401).end(),
      faultOf('getblockchaininfo: HTTP 401, the user or the password is wrong', 'config'),
    ],
    [
      'an address or a method that is not allowed',
      (response) => response.writeHead(403).end(),
      faultOf('getblockchaininfo: HTTP 403, our address or this method is not allowed', 'config'),
    ],
  ])('because of %s is a fault of its own, and is not asked for again', async (_, answer, fault) => {
    const source = await node({ raw: { getblockchaininfo: answer } })
    expect(await source.chain.tip(call)).toEqual(fault)
    expect(source.calls.map(({ method }) => method)).toEqual(['getblockchaininfo'])
  })

  test('beyond the limit is not read to its end', async () => {
    const ended = Promise.withResolvers<true>()
    const endless: RawAnswer = (response) => {
      const more = (): void =>
        void response.write('1'.repeat(1024), (error) => {
          if (!error) more()
        })
      response.once('close', () => ended.resolve(true))
      more()
    }
    const { chain } = await node({ raw: { getblockchaininfo: endless }, config: { maxBodyBytes: 4096 } })
    expect(await chain.tip(call)).toMatchObject(unreachable)
    await ended.promise
  })

  test('that never comes is given up with the call, and the connection ends', async () => {
    const controller = new AbortController()
    const ended = Promise.withResolvers<true>()
    const silent: RawAnswer = (response) => {
      response.once('close', () => ended.resolve(true))
      controller.abort()
    }
    const { chain } = await node({ raw: { getblockchaininfo: silent } })
    expect(await chain.tip({ signal: controller.signal })).toMatchObject(unreachable)
    await ended.promise
  })
})

test('a node is never asked more than four things at once: it refuses what waits in too long a queue', async () => {
  let [asking, most] = [0, 0]
  const slow: RawAnswer = (response, id) => {
    asking += 1
    most = Math.max(most, asking)
    const later = (turns: number): void =>
      void setImmediate(() => {
        if (turns > 0) return later(turns - 1)
        asking -= 1
        response.end(JSON.stringify({ result: null, error: null, id }))
      })
    later(20)
  }
  const { chain } = await node({ raw: { getblockchaininfo: slow } })
  const answers = await Promise.all(Array.from({ length: 30 }, () => chain.tip(call)))
  expect(answers).toHaveLength(30)
  expect(most).toBe(4)
})

describe('a node that is no source', () => {
  const every = async (chain: ChainPort) => [
    await chain.tip(call),
    await chain.blockHash(1, call),
    await chain.transaction(NOWHERE, call),
    await chain.spend(`${NOWHERE}:0`, NO_HINT, call),
    await chain.feeRateSatPerKw(6, call),
    await chain.broadcast('00', call),
  ]

  test('because it is on another network, has no answer to anything', async () => {
    const { another } = await node()
    for (const answer of await every(another({ network: 'signet' })))
      expect(answer).toEqual(faultOf('the node is not on signet', 'config'))
  })

  test('because it still downloads the chain, has no answer to anything', async () => {
    const { chain } = await node({
      answers: {
        getblockchaininfo: async (truth) => Object.assign({}, await truth(), { initialblockdownload: true }),
      },
    })
    for (const answer of await every(chain))
      expect(answer).toEqual(faultOf('the node is still downloading the chain', 'not_ready'))
  })

  test.each([
    [
      'that still reads its mempool in',
      { getmempoolinfo: () => ({ loaded: false }) },
      faultOf('the node is still reading its mempool in', 'not_ready'),
    ],
    [
      'that takes no transactions in',
      { getnetworkinfo: () => ({ localrelay: false }) },
      faultOf('the node takes no transactions into its mempool', 'config'),
    ],
  ])('for who spends an outpoint: one %s', async (_, answers, fault) => {
    const { world, chain } = await node({ answers })
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toEqual(fault)
  })

  test.each<[Network, string]>([
    ['bitcoin', 'main'],
    ['testnet', 'test'],
    ['testnet4', 'testnet4'],
    ['signet', 'signet'],
    ['regtest', 'regtest'],
  ])('on any other network than %s, which it calls %s', async (network, name) => {
    const { another } = await node({
      answers: { getblockchaininfo: async (truth) => Object.assign({}, await truth(), { chain: name }) },
    })
    for (const wanted of Network.options)
      expect(await another({ network: wanted }).tip(call)).toMatchObject(
        wanted === network ? { ok: true } : faultOf(`the node is not on ${wanted}`, 'config'),
      )
  })
})

describe('an amount', () => {
  const holding = (value: unknown) =>
    node({ answers: { gettxout: async (truth) => Object.assign({}, await truth(), { value }) } })

  test.each([
    [0.1, 10_000_000],
    [0.29, 29_000_000],
    [1.1, 110_000_000],
    [0.00000001, 1],
    [2.675, 267_500_000],
    [20_999_999.97690001, 2_099_999_997_690_001],
    [20_999_999.99999999, 2_099_999_999_999_999],
    [0, 0],
  ])('of %d bitcoin is %i sat', async (bitcoin, valueSats) => {
    const { world, chain } = await holding(bitcoin)
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toMatchObject(ok({ valueSats }))
  })

  test.each([0.000000015, 21_000_000.00000001, -0.1, '0.1', null, 1e300])('%j is none', async (value) => {
    const { world, chain } = await holding(value)
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toMatchObject(unreachable)
  })
})

test('a height that the node has no block for is null, any other error a fault', async () => {
  const { chain } = await node()
  expect(await chain.blockHash(10_000, call)).toEqual(ok(null))
  const failing = await node({
    answers: {
      getblockhash: () => {
        throw new ChainRpcError(-1, 'out of memory')
      },
    },
  })
  expect(await failing.chain.blockHash(1, call)).toEqual(faultOf('getblockhash: error -1'))
})
