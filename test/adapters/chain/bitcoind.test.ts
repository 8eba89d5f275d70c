import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { bitcoind, type BitcoindConfig } from '../../../adapters/chain/bitcoind/bitcoind.ts'
import { chainRpc } from '../../../simulator/chain/bitcoind-methods.ts'
import { ChainRpcError } from '../../../simulator/chain/bitcoind-method.ts'
import { createWorld, simulatedChainPort, type World } from '../../../simulator/world/world.ts'
import { NO_HINT, type SpendHint } from '../../../core/ports/chain.ts'
import { outpointOf } from '../../../core/bitcoin/outpoint.ts'
import type { ChainPort } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'

const START = Date.UTC(2026, 10, 22)
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const USER = 'splicekeeper'
const PASSWORD = 'correct-horse-battery'
const NOWHERE = '0'.repeat(64)
const call = { signal: new AbortController().signal }
const unreachable = { ok: false, error: { class: 'unreachable' } }
const faultOf = (message: string) => err({ class: 'unreachable', message })
const unknown = ok({ own: 'unknown', valueSats: null, spender: null })

/** What a method answers instead of the truth: a result, or something of its own. */
type Answer = (truth: Truth, params: readonly unknown[], earlier: number) => unknown
type Truth = (params?: readonly unknown[]) => Promise<unknown>
type RawAnswer = (response: ServerResponse, id: unknown) => void

type Node = {
  readonly world: World
  readonly chain: ChainPort
  readonly url: string
  /** Methods in the order in which they were called, and what each was asked. */
  readonly calls: { readonly method: string; readonly params: readonly unknown[] }[]
  /** Requests whose credentials were refused. */
  readonly refused: () => number
  readonly another: (config: Partial<BitcoindConfig>) => ChainPort
}

type Lies = {
  readonly answers?: Readonly<Record<string, Answer>>
  readonly raw?: Readonly<Record<string, RawAnswer>>
  readonly password?: () => string
  readonly config?: Partial<BitcoindConfig>
}

const Request = z.object({ id: z.unknown(), method: z.string(), params: z.array(z.unknown()) })

/** A Bitcoin Core over a simulated chain that tells the truth, but for what a test has it say. */
async function node(lies: Lies = {}): Promise<Node> {
  const world = createWorld({ seed: 'bitcoind', startAt: START })
  const methods = chainRpc({ source: simulatedChainPort(world.chain), chain: world.chain })
  const calls: Node['calls'][number][] = []
  let refused = 0
  const server = createServer((request, response) => {
    const expected = `Basic ${Buffer.from(`${USER}:${lies.password?.() ?? PASSWORD}`).toString('base64')}`
    if (request.headers.authorization !== expected) {
      refused += 1
      response.writeHead(401).end()
      return
    }
    void answered()
    async function answered(): Promise<void> {
      const { id, method, params } = Request.parse(JSON.parse(await text(request)))
      const earlier = calls.filter((each) => each.method === method).length
      calls.push({ method, params })
      const raw = lies.raw?.[method]
      if (raw !== undefined) return raw(response, id)
      const truth: Truth = async (other) => methods[method]?.(other ?? params, call)
      try {
        const answer = lies.answers?.[method]
        const result = answer === undefined ? await truth() : await answer(truth, params, earlier)
        response.end(JSON.stringify({ result, error: null, id }))
      } catch (error) {
        if (!(error instanceof ChainRpcError)) throw error
        const { code, message } = error
        response.writeHead(500).end(JSON.stringify({ result: null, error: { code, message }, id }))
      }
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/`
  const another = (config: Partial<BitcoindConfig>): ChainPort =>
    bitcoind({ url, network: 'regtest', user: USER, password: PASSWORD, ...config })
  return { world, chain: another(lies.config ?? {}), url, calls, refused: () => refused, another }
}

function channelOf(world: World) {
  const channel = world.node('alice').channels()[0]
  if (channel === undefined) throw new Error('no channel')
  return channel
}

const anchorOf = (world: World): string => {
  const { txid, vout } = channelOf(world).funding
  return outpointOf(txid, vout)
}

/** A splice-out of the channel whose transaction is in the mempool; answers what it spends and its txid. */
async function spliced(world: World): Promise<{ submittedOn: string; txid: string }> {
  const { userChannelId, peerId, channelId } = channelOf(world)
  const submittedOn = anchorOf(world)
  const request = { userChannelId, counterpartyNodeId: peerId, amountSats: 50_000, address: ADDRESS }
  await world.node('alice').rpc.spliceOut(request, call)
  world.advance(2_000)
  const txid = world.node('alice').channel(channelId).candidates[0]?.funding.txid
  if (txid === undefined) throw new Error('no candidate')
  return { submittedOn, txid }
}

/** Two splices one after the other: the second spends an output of the first, whose payout stays unspent. */
async function splicedTwice(world: World): Promise<{ submittedOn: string; txid: string }> {
  await spliced(world)
  world.mine(7)
  world.advance(2_000)
  return spliced(world)
}

const asked = ({ calls }: Node, method: string): number =>
  calls.filter((each) => each.method === method).length

describe('who asks', () => {
  function cookie(content: string): { path: string; write: (content: string) => void } {
    const folder = mkdtempSync(join(tmpdir(), 'cookie-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, '.cookie')
    writeFileSync(path, content)
    return { path, write: (renewed) => writeFileSync(path, renewed) }
  }
  const withCookie = (cookieFile: string): BitcoindConfig => ({ url: '', network: 'regtest', cookieFile })

  test('a cookie is read again when it is refused: bitcoind writes a new one at each start', async () => {
    let password = 'a1'
    const { path, write } = cookie(`${USER}:${password}`)
    const source = await node({ password: () => password })
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    password = 'b2'
    write(`${USER}:${password}\n`)
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    expect(source.refused()).toBe(1)
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    expect(source.refused()).toBe(1)
  })

  test('a cookie that is refused and has not changed is not tried twice', async () => {
    const { path } = cookie(`${USER}:old`)
    const source = await node()
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toEqual(faultOf('getblockchaininfo: HTTP 401, and no answer'))
    expect(source.refused()).toBe(1)
  })

  test('a renewed cookie that is refused, too, is the end of it', async () => {
    const { path, write } = cookie(`${USER}:old`)
    const source = await node({ password: () => 'never' })
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toMatchObject(unreachable)
    write(`${USER}:new`)
    expect(await chain.tip(call)).toMatchObject(unreachable)
    expect(source.refused()).toBe(3)
  })

  test.each([
    ['empty', ''],
    ['without a colon', 'cookie'],
    ['of two words', `${USER}:one two`],
    ['far too long', `${USER}:${'x'.repeat(2_000)}`],
  ])('a cookie file that is %s holds no cookie', async (_, content) => {
    const { path } = cookie(content)
    const source = await node()
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toEqual(faultOf('getblockchaininfo: the cookie file cannot be read'))
    expect([source.refused(), source.calls]).toEqual([0, []])
  })

  test('a cookie file that comes later is found', async () => {
    const { path, write } = cookie('')
    const source = await node()
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toMatchObject(unreachable)
    write(`${USER}:${PASSWORD}`)
    expect(await chain.tip(call)).toMatchObject({ ok: true })
  })

  test('a user that is refused is not tried again', async () => {
    const source = await node({ password: () => 'another' })
    expect(await source.chain.tip(call)).toMatchObject(unreachable)
    expect(source.refused()).toBe(1)
  })

  test('no fault tells the address or who we are', async () => {
    const hostile: RawAnswer = (response) => response.writeHead(500).end(`${USER} ${PASSWORD}`)
    const source = await node({ raw: { getblockchaininfo: hostile } })
    const gone = source.another({ url: 'http://127.0.0.1:1' })
    const denied = source.another({ password: `${PASSWORD}!` })
    const faults = await Promise.all([source.chain, gone, denied].map((chain) => chain.tip(call)))
    for (const fault of faults) {
      expect(fault).toMatchObject(unreachable)
      for (const secret of [USER, PASSWORD, source.url, '127.0.0.1'])
        expect(JSON.stringify(fault)).not.toContain(secret)
    }
  })
})

describe('an answer', () => {
  const info = { chain: 'regtest', blocks: 120, bestblockhash: 'a'.repeat(64), initialblockdownload: false }
  const reply = (result: unknown, id: unknown): string => JSON.stringify({ result, error: null, id })

  test('is taken in the form of JSON-RPC 2.0, too', async () => {
    const raw: RawAnswer = (response, id) =>
      response.end(JSON.stringify({ jsonrpc: '2.0', result: info, id }))
    const { chain } = await node({ raw: { getblockchaininfo: raw } })
    expect(await chain.tip(call)).toEqual(ok({ height: 120, hash: info.bestblockhash }))
  })

  test.each<[string, RawAnswer]>([
    ['a limit', (response) => response.writeHead(503).end('Work queue depth exceeded')],
    ['a whitelist', (response) => response.writeHead(403).end()],
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a page', (response) => response.end('<html>')],
    ['an empty answer', (response) => response.end()],
    ['an answer to another question', (response) => response.end(reply(info, 'other'))],
    ['a result with a wrong status', (response, id) => response.writeHead(500).end(reply(info, id))],
    ['a cut connection', (response) => response.destroy()],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'content-length': '10' })
        response.write('{"', () => response.destroy())
      },
    ],
    [
      'a node that still starts',
      (response, id) =>
        response
          .writeHead(500)
          .end(JSON.stringify({ result: null, error: { code: -28, message: 'Loading block index…' }, id })),
    ],
    ['an error without a code', (response, id) => response.end(JSON.stringify({ error: 'no', id }))],
    ...[
      null,
      'regtest',
      {},
      { ...info, blocks: -1 },
      { ...info, blocks: '120' },
      { ...info, bestblockhash: 'a'.repeat(63) },
      { ...info, initialblockdownload: 'no' },
    ].map((result): [string, RawAnswer] => [
      JSON.stringify(result),
      (response, id) => response.end(reply(result, id)),
    ]),
  ])('%s is a fault, and is not asked for again', async (_, answer) => {
    const source = await node({ raw: { getblockchaininfo: answer } })
    expect(await source.chain.tip(call)).toMatchObject(unreachable)
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
      expect(answer).toEqual(faultOf('the node is not on signet'))
  })

  test('because it still downloads the chain, has no answer to anything', async () => {
    const { chain } = await node({
      answers: {
        getblockchaininfo: async (truth) => Object.assign({}, await truth(), { initialblockdownload: true }),
      },
    })
    for (const answer of await every(chain))
      expect(answer).toEqual(faultOf('the node is still downloading the chain'))
  })

  test.each([
    ['that still reads its mempool in', { getmempoolinfo: () => ({ loaded: false }) }],
    ['that takes no transactions in', { getnetworkinfo: () => ({ localrelay: false }) }],
  ])('for who spends an outpoint: one %s', async (_, answers) => {
    const { world, chain } = await node({ answers })
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toMatchObject(unreachable)
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

describe('an outpoint that is not spent', () => {
  test('is known as such by one answer of chain and mempool together', async () => {
    const source = await node()
    const submittedOn = anchorOf(source.world)
    expect(await source.chain.spend(submittedOn, NO_HINT, call)).toEqual(
      ok({ own: 'confirmed', valueSats: 10_000_000, spender: null }),
    )
    expect([asked(source, 'gettxout'), asked(source, 'getblock')]).toEqual([1, 0])
  })

  test('is not known as such where the tip moved meanwhile', async () => {
    let mine = (): void => {}
    const source = await node({
      answers: {
        gettxout: async (truth) => {
          const answer = await truth()
          mine()
          return answer
        },
      },
    })
    mine = () => source.world.mine(1)
    expect(await source.chain.spend(anchorOf(source.world), NO_HINT, call)).toEqual(
      faultOf('the tip moved meanwhile'),
    )
    expect(await source.chain.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(
      faultOf('the tip moved meanwhile'),
    )
  })

  test('is not unspent because the mempool spender left between two questions', async () => {
    const { world, chain } = await node({
      answers: { gettxout: (truth, [, , withMempool]) => (withMempool === true ? null : truth()) },
    })
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toEqual(
      faultOf('the mempool changed meanwhile'),
    )
  })
})

describe('a spender in the mempool', () => {
  test.each<[string, Record<string, Answer>]>([
    [
      'of another outpoint',
      { gettxspendingprevout: () => [{ txid: NOWHERE, vout: 0, spendingtxid: 'a'.repeat(64) }] },
    ],
    [
      'that is not there',
      {
        getmempoolentry: (_, [txid]) => {
          throw new ChainRpcError(-5, String(txid))
        },
      },
    ],
    [
      'without bytes',
      {
        getrawtransaction: () => {
          throw new ChainRpcError(-5, 'gone')
        },
      },
    ],
    ['with the bytes of another', { getrawtransaction: () => '0200000000' }],
    ['with a fee of another type', { getmempoolentry: () => ({ fees: { base: '0.1' } }) }],
    [
      'in a list of two',
      {
        gettxspendingprevout: async (truth) => {
          const [first] = z.array(z.unknown()).parse(await truth())
          return [first, first]
        },
      },
    ],
  ])('%s is a fault', async (_, answers) => {
    const { world, chain } = await node({ answers })
    const { submittedOn } = await spliced(world)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(unreachable)
  })

  test('that spends something else is a fault', async () => {
    let wrong = ''
    const { world, chain } = await node({
      answers: {
        gettxout: () => null,
        gettxspendingprevout: (_, [outpoints]) => [
          { ...z.array(z.looseObject({})).parse(outpoints)[0], spendingtxid: wrong },
        ],
      },
    })
    wrong = (await spliced(world)).txid
    const other = world.node('alice').channels()[1]?.funding
    expect(await chain.spend(outpointOf(other?.txid ?? '', other?.vout ?? 0), NO_HINT, call)).toEqual(
      faultOf('gettxspendingprevout: a spender that is none'),
    )
  })
})

describe('a spender in a block', () => {
  test('that is deeper than what is searched is a fault where the outpoint is known, and never unspent', async () => {
    const { world, chain, another } = await node({ config: { scanBlocks: 3 } })
    const { submittedOn, txid } = await splicedTwice(world)
    world.mine(5)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(
      faultOf('the outpoint is spent, and its spender was not found'),
    )
    expect(await another({ scanBlocks: 5 }).spend(submittedOn, NO_HINT, call)).toMatchObject(
      ok({ own: 'confirmed', spender: { txid } }),
    )
  })

  test('of an outpoint of which nothing is left leaves it unknown, and never unspent', async () => {
    const { world, chain } = await node({ config: { scanBlocks: 3 } })
    const { submittedOn } = await spliced(world)
    world.mine(5)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(unknown)
  })

  test('is not looked for in blocks from before the outpoint', async () => {
    let lost = ''
    const source = await node({
      answers: {
        gettxout: (truth, [txid, vout]) => (outpointOf(String(txid), Number(vout)) === lost ? null : truth()),
      },
    })
    const { txid } = await spliced(source.world)
    source.world.mine(5)
    lost = outpointOf(txid, 0)
    expect(await source.chain.spend(lost, NO_HINT, call)).toEqual(
      faultOf('the outpoint is spent, and its spender was not found'),
    )
    expect(asked(source, 'getblock')).toBe(5)
  })

  test('whose block has left the best chain meanwhile is a fault', async () => {
    const { world, chain } = await node({
      answers: { getblockheader: async (truth) => Object.assign({}, await truth(), { confirmations: -1 }) },
    })
    const { submittedOn } = await spliced(world)
    world.mine(1)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(
      faultOf('a block left the best chain meanwhile'),
    )
  })

  const [another, none, wrong] = ['another block, or none', 'not a block', 'transactions of another block']
  test.each<[string, (hex: string, parent: string) => unknown, string]>([
    ['the one before', (_, parent) => parent, another],
    ['cut short in its header', (hex) => hex.slice(0, 100), another],
    ['cut short in its transactions', (hex) => hex.slice(0, -40), none],
    ['no hex', (hex) => `${hex.slice(0, -2)}zz`, another],
    ['half a byte short', (hex) => hex.slice(0, -1), another],
    ['nothing', () => '', another],
    ['of another type', () => ({ tx: [] }), 'not what Bitcoin Core answers'],
    ['with another transaction in it', (hex) => `${hex.slice(0, -8)}01000000`, wrong],
  ])('in one that is told as %s is a fault', async (_, lie, message) => {
    let last = ''
    let parent = ''
    const { world, chain } = await node({
      answers: {
        getblock: async (truth, [hash]) => {
          const hex = String(await truth())
          return hash === last ? lie(hex, String(await truth([parent, 0]))) : hex
        },
      },
    })
    const { submittedOn } = await spliced(world)
    parent = world.chain.tip.hash
    world.mine(1)
    last = world.chain.tip.hash
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(faultOf(`getblock: ${message}`))
  })

  test.each<[string, (truth: object) => unknown]>([
    ['another transaction', (truth) => ({ ...truth, hex: '0200000000' })],
    ['in a block that is not in the best chain', (truth) => ({ ...truth, in_active_chain: false })],
    ['without inputs', (truth) => ({ ...truth, vin: null })],
    ['with a fee that is no amount', (truth) => ({ ...truth, fee: -1 })],
  ])('that is told as %s is a fault', async (_, lie) => {
    const { world, chain } = await node({
      answers: {
        getrawtransaction: async (truth, params) =>
          params.length === 3 ? lie(z.looseObject({}).parse(await truth())) : truth(),
      },
    })
    const { submittedOn } = await spliced(world)
    world.mine(1)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(unreachable)
  })

  test('whose block is pruned is a fault, although the hint names it', async () => {
    const { world, chain } = await node({
      answers: {
        getrawtransaction: (truth, params) => {
          if (params.length === 3) throw new ChainRpcError(-1, 'Block not available')
          return truth()
        },
      },
    })
    const { submittedOn, txid } = await spliced(world)
    world.mine(1)
    const hint: SpendHint = { unspentThroughHeight: null, spender: { txid, blockHash: world.chain.tip.hash } }
    expect(await chain.spend(submittedOn, hint, call)).toMatchObject(unreachable)
  })

  test('comes without fee and value from a version 24, which leaves both out', async () => {
    const { world, chain } = await node({
      answers: {
        getrawtransaction: async (truth, params) => {
          const answer = await truth()
          if (params.length < 3) return answer
          const { txid, hex } = z.looseObject({}).parse(answer)
          return { txid, hex, in_active_chain: true, vin: [{ coinbase: '00' }] }
        },
      },
    })
    const { submittedOn, txid } = await spliced(world)
    world.mine(7)
    const spent = { own: 'confirmed', spender: { txid, feeSats: null } }
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(ok({ ...spent, valueSats: null }))
    world.advance(2_000)
    const second = await spliced(world)
    const valueSats = world.chain.transaction(txid)?.outputs[Number(second.submittedOn.slice(65))]?.amountSats
    world.mine(1)
    expect(await chain.spend(second.submittedOn, NO_HINT, call)).toMatchObject(ok({ valueSats }))
  })
})

describe('a long search', () => {
  test('goes on where the last call ended, and is a fault until its end', async () => {
    const source = await node({ config: { maxBlocksPerCall: 10 } })
    const { world, chain } = source
    const unspentThroughHeight = world.chain.tip.height
    const { submittedOn, txid } = await spliced(world)
    world.mine(25)
    const hint: SpendHint = { unspentThroughHeight, spender: null }
    const unfinished = faultOf(`the blocks from ${unspentThroughHeight - 5} on are not all searched yet`)
    expect(await chain.spend(submittedOn, hint, call)).toEqual(unfinished)
    world.mine(2)
    expect(await chain.spend(submittedOn, hint, call)).toEqual(unfinished)
    expect(await chain.spend(submittedOn, hint, call)).toMatchObject(ok({ spender: { txid } }))
    expect(asked(source, 'getblock')).toBe(27)
    expect(await chain.spend(submittedOn, hint, call)).toMatchObject(ok({ spender: { txid } }))
    expect(asked(source, 'getblock')).toBe(27)
  })

  test('that found nothing asks only for new blocks the next time', async () => {
    const source = await node()
    expect(await source.chain.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(unknown)
    const before = asked(source, 'getblock')
    expect(before).toBe(source.world.chain.tip.height + 1)
    source.world.mine(2)
    expect(await source.chain.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(unknown)
    expect(asked(source, 'getblock')).toBe(before + 2)
  })

  test('counts for nothing any more once a reorg has replaced what it went through', async () => {
    const { world, chain } = await node()
    world.node('alice').behaviour.broadcasts = 'once'
    const { submittedOn, txid } = await splicedTwice(world)
    const hexOf = (id: string) => world.chain.transaction(id)?.hex ?? ''
    const first = submittedOn.slice(0, 64)
    const transactions = [hexOf(first), hexOf(txid)]
    world.reorg(7, { drop: [first], include: 'none' })
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(unknown)
    world.mine(1)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(unknown)
    for (const hex of transactions) expect(world.chain.broadcast(hex)).toBeNull()
    world.reorg(3)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(
      ok({ own: 'confirmed', spender: { txid, block: { height: world.chain.tip.height - 3 } } }),
    )
  })

  test('ends with its call, and keeps what it has searched', async () => {
    const controller = new AbortController()
    const source = await node({
      answers: {
        getblock: async (truth, _, earlier) => {
          if (earlier === 4) controller.abort()
          return truth()
        },
      },
    })
    const nowhere = `${NOWHERE}:0`
    const { height } = source.world.chain.tip
    expect(await source.chain.spend(nowhere, NO_HINT, { signal: controller.signal })).toMatchObject(
      unreachable,
    )
    expect(asked(source, 'getblock')).toBe(5)
    expect(await source.chain.spend(nowhere, NO_HINT, call)).toEqual(unknown)
    expect(asked(source, 'getblock')).toBe(height + 1 + 1)
  })
})

describe('a transaction', () => {
  test('is found by an unspent output, without a search', async () => {
    const source = await node()
    const { txid } = await spliced(source.world)
    source.world.mine(50)
    expect(await source.chain.transaction(txid, call)).toMatchObject(ok({ txid, feeSats: 722 }))
    expect(asked(source, 'getblock')).toBe(0)
  })

  test('of which nothing is left is found in the latest blocks, and not below them', async () => {
    const { world, chain, another } = await node()
    const { txid } = channelOf(world).funding
    await spliced(world)
    world.mine(1)
    expect(await chain.transaction(txid, call)).toMatchObject(ok({ txid, block: { height: 111 } }))
    expect(await another({ scanBlocks: 5 }).transaction(txid, call)).toEqual(ok(null))
  })

  test('is found by the index of a node that has one', async () => {
    let hash = ''
    const source = await node({
      answers: {
        getrawtransaction: async (truth, [txid, verbosity]) =>
          verbosity === 1 ? { txid, blockhash: hash } : truth(),
      },
    })
    const { txid } = channelOf(source.world).funding
    await spliced(source.world)
    source.world.mine(1)
    hash = source.world.chain.block(111)?.hash ?? ''
    expect(await source.chain.transaction(txid, call)).toMatchObject(ok({ txid, block: { hash } }))
    expect(asked(source, 'getblock')).toBe(0)
  })

  test.each<[string, Record<string, Answer>]>([
    [
      'a list of another block',
      { getblock: async (truth) => ({ ...z.looseObject({}).parse(await truth()), hash: NOWHERE }) },
    ],
    [
      'a block without a predecessor',
      {
        getblock: async (truth) => ({
          ...z.looseObject({}).parse(await truth()),
          previousblockhash: undefined,
        }),
      },
    ],
    ['what is no list', { getblock: () => ({ tx: 'all' }) }],
    ['another transaction', { getrawtransaction: () => ({ txid: 'a'.repeat(64) }) }],
  ])('is a fault where the node tells %s', async (_, answers) => {
    const { chain } = await node({ answers })
    expect(await chain.transaction(NOWHERE, call)).toMatchObject(unreachable)
  })

  test('is not absent where a block came meanwhile', async () => {
    let mine = (): void => {}
    const { world, chain } = await node({
      answers: {
        getblock: (truth) => {
          mine()
          return truth()
        },
      },
    })
    mine = () => {
      world.mine(1)
      mine = () => {}
    }
    expect(await chain.transaction(NOWHERE, call)).toEqual(faultOf('the tip moved meanwhile'))
  })
})

describe('a feerate', () => {
  const estimating = (answer: unknown) => node({ answers: { estimatesmartfee: () => answer } })

  test.each([
    [0.00001, 250],
    [0.00001013, 254],
    [0.00001012, 253],
    [0.2, 5_000_000],
  ])('of %d bitcoin per 1000 vB is %i sat per 1000 weight, rounded up', async (feerate, expected) => {
    const { chain } = await estimating({ feerate, blocks: 6 })
    expect(await chain.feeRateSatPerKw(6, call)).toEqual(ok(expected))
  })

  test('without an estimate there is none', async () => {
    const { chain } = await estimating({ errors: ['Insufficient data or no feerate found'], blocks: 2 })
    expect(await chain.feeRateSatPerKw(6, call)).toEqual(ok(null))
  })

  test.each([null, [], { feerate: '0.1' }, { feerate: -1 }])('%j is no estimate', async (answer) => {
    const { chain } = await estimating(answer)
    expect(await chain.feeRateSatPerKw(6, call)).toMatchObject(unreachable)
  })

  test('is asked for targets that Bitcoin Core takes', async () => {
    const { chain, calls } = await node()
    expect(await chain.feeRateSatPerKw(5_000, call)).toEqual(ok(1_000))
    expect(await chain.feeRateSatPerKw(0, call)).toEqual(ok(1_000))
    expect(
      calls.filter(({ method }) => method === 'estimatesmartfee').map(({ params }) => params[0]),
    ).toEqual([1_008, 1])
  })
})

describe('a broadcast', () => {
  test('that is refused tells the reason, and nothing else of what the node says', async () => {
    const { chain } = await node({
      answers: {
        sendrawtransaction: () => {
          throw new ChainRpcError(-26, `insufficient fee, rejecting ${PASSWORD} ${'x'.repeat(1_000)}`)
        },
      },
    })
    const answer = await chain.broadcast('00', call)
    expect(answer).toEqual(faultOf('sendrawtransaction: error -26: insufficient fee'))
  })

  test('of what is in the chain with nothing of it left is no fault', async () => {
    const { world, chain } = await node()
    const first = channelOf(world).funding.hex
    await spliced(world)
    world.mine(1)
    expect(await chain.broadcast(first, call)).toEqual(ok(undefined))
  })

  test('that is answered with another txid is a fault', async () => {
    const { world, chain } = await node({ answers: { sendrawtransaction: () => NOWHERE } })
    expect(await chain.broadcast(channelOf(world).funding.hex, call)).toMatchObject(unreachable)
  })

  test('is sent once', async () => {
    const source = await node()
    const { txid } = await spliced(source.world)
    const hex = source.world.chain.transaction(txid)?.hex ?? ''
    source.world.evict(txid)
    expect(await source.chain.broadcast(hex, call)).toEqual(ok(undefined))
    expect(asked(source, 'sendrawtransaction')).toBe(1)
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
