import { describe, expect, onTestFinished, test } from 'vitest'
import { bitcoind } from '../../adapters/chain/bitcoind/bitcoind.ts'
import { esplora } from '../../adapters/chain/esplora/esplora.ts'
import { severalSources } from '../../adapters/chain/several-sources.ts'
import type { SpenderIndex } from '../../simulator/chain/bitcoind-method.ts'
import { startBitcoindServer } from '../../simulator/chain/bitcoind-server.ts'
import { startEsploraServer } from '../../simulator/chain/esplora-server.ts'
import { type ChainView, clearView, createWorld, simulatedChainPort, type World } from '../../simulator/world/world.ts'
import { NO_HINT, type SpendHint } from '../../core/ports/chain.ts'
import { outpointOf } from '../../core/bitcoin/outpoint.ts'
import type { ChainPort } from '../../core/ports/ports.ts'

const START = Date.UTC(2026, 10, 22)
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const CREDENTIALS = { user: 'splicekeeper', password: 'of the contract' }
const ANCHOR_SATS = 10_000_000
const NOWHERE = '0'.repeat(64)
const call = { signal: new AbortController().signal }
const aborted = { signal: AbortSignal.abort() }
const fault = { ok: false, error: { class: 'unreachable' } }

type Source = { readonly world: World; readonly view: ChainView; readonly port: ChainPort }
type MakeSource = () => Promise<Source>

const inProcess: MakeSource = async () => {
  const world = createWorld({ seed: 'contract', startAt: START })
  const view = clearView()
  return { world, view, port: simulatedChainPort(world.chain, view) }
}

async function overEsplora({ port }: Source): Promise<ChainPort> {
  const server = await startEsploraServer({ chain: port })
  onTestFinished(() => server.close())
  return esplora({ url: server.url })
}

const overBitcoind =
  (spenderIndex: SpenderIndex = 'absent') =>
  async ({ world, port }: Source): Promise<ChainPort> => {
    const server = await startBitcoindServer({ source: port, chain: world.chain, spenderIndex, ...CREDENTIALS })
    onTestFinished(() => server.close())
    return bitcoind({ url: server.url, network: 'regtest', ...CREDENTIALS })
  }

const overHttp =
  (...servers: readonly ((source: Source) => Promise<ChainPort>)[]): MakeSource =>
  async () => {
    const source = await inProcess()
    const [first, ...others] = await Promise.all(servers.map((serve) => serve(source)))
    if (first === undefined) throw new Error('no server')
    return { ...source, port: severalSources([first, ...others]) }
  }

function anchorOf(world: World): string {
  const funding = world.node('alice').channels()[0]?.funding
  if (funding === undefined) throw new Error('no channel')
  return outpointOf(funding.txid, funding.vout)
}

/** Hands a splice-out to the node, until its transaction is in the mempool; answers funding outpoint and transaction. */
async function spliced(world: World): Promise<{ submittedOn: string; txid: string; hex: string }> {
  const alice = world.node('alice')
  const channel = alice.channels()[0]
  if (channel === undefined) throw new Error('no channel')
  const { txid: fundingTxid, vout } = channel.funding
  const { userChannelId, peerId, channelId } = channel
  await alice.rpc.spliceOut({ userChannelId, counterpartyNodeId: peerId, amountSats: 50_000, address: ADDRESS }, call)
  world.advance(2_000)
  const txid = alice.channel(channelId).candidates[0]?.funding.txid
  const transaction = txid === undefined ? null : world.chain.transaction(txid)
  if (transaction === null) throw new Error('no candidate')
  return { submittedOn: outpointOf(fundingTxid, vout), txid: transaction.txid, hex: transaction.hex }
}

describe.each([
  ['in process', inProcess],
  ['as an Esplora over HTTP', overHttp(overEsplora)],
  ['as a Bitcoin Core over HTTP', overHttp(overBitcoind())],
  ['as a Bitcoin Core 31 with an index of spenders', overHttp(overBitcoind('synced'))],
  ['as a Bitcoin Core 31 that still builds its index of spenders', overHttp(overBitcoind('building'))],
  ['as an Esplora and a Bitcoin Core together', overHttp(overEsplora, overBitcoind())],
])('a chain source %s', (_, make) => {
  test('tells the tip and the hashes below it', async () => {
    const { world, port } = await make()
    const { height, hash } = world.chain.tip
    expect(await port.tip(call)).toEqual({ ok: true, value: { height, hash } })
    expect(await port.blockHash(height, call)).toEqual({ ok: true, value: hash })
    const below = world.chain.block(height - 1)?.hash
    expect(await port.blockHash(height - 1, call)).toEqual({ ok: true, value: below })
    expect(await port.blockHash(height + 1, call)).toEqual({ ok: true, value: null })
  })

  test('a reorg shows in the hashes', async () => {
    const { world, port } = await make()
    const { height, hash } = world.chain.tip
    world.reorg(2)
    expect(await port.blockHash(height, call)).not.toEqual({ ok: true, value: hash })
    expect(await port.tip(call)).toMatchObject({ ok: true, value: { height: height + 1 } })
  })

  test('an funding outpoint goes from unspent over the mempool into a block, and back by a reorg', async () => {
    const { world, port } = await make()
    const before = { own: 'confirmed', valueSats: ANCHOR_SATS }
    expect(await port.spend(anchorOf(world), NO_HINT, call)).toEqual({
      ok: true,
      value: { ...before, spender: null },
    })

    const { submittedOn, txid, hex } = await spliced(world)
    const feeSats = world.chain.transaction(txid)?.feeSats
    const waiting = { ok: true, value: { ...before, spender: { txid, hex, block: null, feeSats } } }
    expect(await port.spend(submittedOn, NO_HINT, call)).toEqual(waiting)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: waiting.value.spender })

    world.mine(1)
    const { height, hash, time } = world.chain.tip
    const mined = { txid, hex, feeSats, block: { height, hash, time } }
    const spent = { ok: true, value: { ...before, spender: mined } }
    expect(await port.spend(submittedOn, NO_HINT, call)).toEqual(spent)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: mined })

    world.reorg(1, { include: 'none' })
    expect(await port.spend(submittedOn, NO_HINT, call)).toEqual(waiting)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: waiting.value.spender })
  })

  const stranger = { txid: 'e'.repeat(64), blockHash: 'f'.repeat(64) }
  test.each<[string, (mined: { txid: string; height: number; hash: string; tip: string }) => SpendHint]>([
    ['no hint', () => NO_HINT],
    ['a height', ({ height }) => ({ unspentThroughHeight: height - 1, spender: null })],
    // Noted while the block was on its way.
    ['its own height', ({ height }) => ({ unspentThroughHeight: height, spender: null })],
    ['itself', ({ txid, hash }) => ({ unspentThroughHeight: null, spender: { txid, blockHash: hash } })],
    [
      'itself and a height',
      ({ txid, height, hash }) => ({ unspentThroughHeight: height - 1, spender: { txid, blockHash: hash } }),
    ],
    [
      'itself in another block',
      ({ txid, height, tip }) => ({ unspentThroughHeight: height - 1, spender: { txid, blockHash: tip } }),
    ],
    [
      'itself in a block that nobody knows',
      ({ txid }) => ({ unspentThroughHeight: null, spender: { ...stranger, txid } }),
    ],
    [
      'another transaction in its block',
      ({ hash }) => ({ unspentThroughHeight: null, spender: { ...stranger, blockHash: hash } }),
    ],
    ['nothing that is right', () => ({ unspentThroughHeight: null, spender: stranger })],
  ])('a spender in a block, several blocks back, is found with %s as hint', async (_hint, hintOf) => {
    const { world, port } = await make()
    const { submittedOn, txid, hex } = await spliced(world)
    world.mine(1)
    const { height, hash, time } = world.chain.tip
    world.mine(20)
    const feeSats = world.chain.transaction(txid)?.feeSats
    const hint = hintOf({ txid, height, hash, tip: world.chain.tip.hash })
    expect(await port.spend(submittedOn, hint, call)).toEqual({
      ok: true,
      value: {
        own: 'confirmed',
        valueSats: ANCHOR_SATS,
        spender: { txid, hex, feeSats, block: { height, hash, time } },
      },
    })
  })

  test('a hint at a transaction that spends something else misleads nobody', async () => {
    const { world, port } = await make()
    const { txid } = await spliced(world)
    const other = world.node('alice').channels()[1]?.funding
    if (other === undefined) throw new Error('no channel')
    world.mine(1)
    const hint = { unspentThroughHeight: null, spender: { txid, blockHash: world.chain.tip.hash } }
    expect(await port.spend(outpointOf(other.txid, other.vout), hint, call)).toMatchObject({
      ok: true,
      value: { own: 'confirmed', spender: null },
    })
  })

  test('a spender that a reorg moved is found in its new block, whatever was known before', async () => {
    const { world, port } = await make()
    const { submittedOn, txid } = await spliced(world)
    world.mine(3)
    const old = world.chain.block(world.chain.tip.height - 2)
    const hint = {
      unspentThroughHeight: world.chain.tip.height - 3,
      spender: { txid, blockHash: old?.hash ?? '' },
    }
    const first = await port.spend(submittedOn, hint, call)
    expect(first).toMatchObject({ ok: true, value: { spender: { block: { hash: old?.hash } } } })
    world.reorg(3)
    const { block } = world.chain.transaction(txid) ?? {}
    expect(block?.hash).not.toBe(old?.hash)
    expect(await port.spend(submittedOn, hint, call)).toMatchObject({
      ok: true,
      value: { own: 'confirmed', valueSats: ANCHOR_SATS, spender: { txid, block: { hash: block?.hash } } },
    })
  })

  test('a spender that a reorg dropped is gone, and its outpoint unspent again', async () => {
    const { world, port } = await make()
    world.node('alice').behaviour.broadcasts = 'once'
    const { submittedOn, txid } = await spliced(world)
    world.mine(2)
    const block = world.chain.transaction(txid)?.block
    const hint = { unspentThroughHeight: null, spender: { txid, blockHash: block?.hash ?? '' } }
    expect(await port.spend(submittedOn, hint, call)).toMatchObject({ value: { spender: { txid } } })
    world.reorg(2, { drop: [txid] })
    expect(await port.spend(submittedOn, hint, call)).toEqual({
      ok: true,
      value: { own: 'confirmed', valueSats: ANCHOR_SATS, spender: null },
    })
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: null })
  })

  test('the outpoint of a transaction in the mempool is known as such', async () => {
    const { world, port } = await make()
    const { txid } = await spliced(world)
    const valueSats = world.chain.transaction(txid)?.outputs[0]?.amountSats
    expect(await port.spend(outpointOf(txid, 0), NO_HINT, call)).toEqual({
      ok: true,
      value: { own: 'mempool', valueSats, spender: null },
    })
  })

  test('what it does not know is unknown, and never unspent', async () => {
    const { world, port } = await make()
    const { submittedOn, txid } = await spliced(world)
    const unknown = { ok: true, value: { own: 'unknown', valueSats: null, spender: null } }
    expect(await port.transaction(NOWHERE, call)).toEqual({ ok: true, value: null })
    expect(await port.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(unknown)
    expect(await port.spend(outpointOf(txid, 9), NO_HINT, call)).toEqual(unknown)
    expect(await port.spend(outpointOf(submittedOn.slice(0, 64), 4_294_967_295), NO_HINT, call)).toEqual(unknown)
  })

  test('an evicted transaction can be broadcast again, and what is there already is no fault', async () => {
    const { world, port } = await make()
    const { submittedOn, txid, hex } = await spliced(world)
    world.evict(txid)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: null })
    expect(await port.spend(submittedOn, NO_HINT, call)).toMatchObject({ ok: true, value: { spender: null } })
    expect(await port.broadcast(hex, call)).toEqual({ ok: true, value: undefined })
    expect(await port.spend(submittedOn, NO_HINT, call)).toMatchObject({
      ok: true,
      value: { spender: { txid } },
    })
  })

  test('a broadcast that is refused is a fault, and nothing is there', async () => {
    const { world, port } = await make()
    const { txid, hex } = await spliced(world)
    world.evict(txid)
    world.chain.setRelayRule({ minRelaySatPerVb: 1_000 })
    expect(await port.broadcast(hex, call)).toMatchObject(fault)
    expect(await port.broadcast('00', call)).toMatchObject(fault)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: null })
  })

  test('a broadcast of what is in a block already is no fault', async () => {
    const { world, port } = await make()
    const { hex } = await spliced(world)
    world.mine(1)
    expect(await port.broadcast(hex, call)).toEqual({ ok: true, value: undefined })
  })

  test('feerates are those of the chain, or none', async () => {
    const { world, port } = await make()
    expect(await port.feeRateSatPerKw(6, call)).toEqual({ ok: true, value: 1_000 })
    world.chain.setFeeRate(253)
    expect(await port.feeRateSatPerKw(12, call)).toEqual({ ok: true, value: 253 })
    world.chain.setFeeRate(null)
    expect(await port.feeRateSatPerKw(6, call)).toEqual({ ok: true, value: null })
  })

  test('a source that is behind shows its own tip, one that is down shows nothing', async () => {
    const { world, view, port } = await make()
    const { height } = world.chain.tip
    world.mine(2)
    view.lagBlocks = 2
    expect(await port.tip(call)).toMatchObject({ ok: true, value: { height } })
    expect(await port.blockHash(height + 1, call)).toEqual({ ok: true, value: null })
    view.down = true
    expect(await port.tip(call)).toMatchObject(fault)
    expect(await port.blockHash(1, call)).toMatchObject(fault)
    expect(await port.transaction(NOWHERE, call)).toMatchObject(fault)
    expect(await port.spend(`${NOWHERE}:0`, NO_HINT, call)).toMatchObject(fault)
    expect(await port.feeRateSatPerKw(6, call)).toMatchObject(fault)
    expect(await port.broadcast('00', call)).toMatchObject(fault)
  })

  test('a call whose time is over has no answer', async () => {
    const { world, port } = await make()
    const { submittedOn, txid, hex } = await spliced(world)
    expect(await port.tip(aborted)).toMatchObject(fault)
    expect(await port.blockHash(1, aborted)).toMatchObject(fault)
    expect(await port.transaction(txid, aborted)).toMatchObject(fault)
    expect(await port.spend(submittedOn, NO_HINT, aborted)).toMatchObject(fault)
    expect(await port.feeRateSatPerKw(6, aborted)).toMatchObject(fault)
    expect(await port.broadcast(hex, aborted)).toMatchObject(fault)
  })
})

test('the server answers in the shapes of Esplora', async () => {
  const { world, port } = await inProcess()
  const { submittedOn, txid, hex } = await spliced(world)
  const server = await startEsploraServer({ chain: port })
  onTestFinished(() => server.close())
  const { url } = server
  const json = async (route: string): Promise<unknown> => (await fetch(url + route)).json()
  const text = async (route: string): Promise<string> => (await fetch(url + route)).text()
  const [anchorTxid, vout] = submittedOn.split(':')
  const weight = world.chain.transaction(txid)?.weight

  expect(await json(`/tx/${txid}`)).toMatchObject({
    txid,
    vin: [{ txid: anchorTxid, vout: Number(vout), prevout: { value: 10_000_000 }, is_coinbase: false }],
    weight,
    size: hex.length / 2,
    fee: world.chain.transaction(txid)?.feeSats,
    status: { confirmed: false },
  })
  expect(await json(`/tx/${txid}/status`)).toEqual({ confirmed: false })
  expect(await json(`/tx/${NOWHERE}/status`)).toEqual({ confirmed: false })
  expect(await json(`/tx/${NOWHERE}/outspend/0`)).toEqual({ spent: false })
  expect(await json(`/tx/${anchorTxid ?? ''}/outspend/${vout ?? ''}`)).toEqual({
    spent: true,
    txid,
    vin: 0,
    status: { confirmed: false },
  })
  expect(await text('/blocks/tip/height')).toBe(String(world.chain.tip.height))
  expect(await text('/blocks/tip/hash')).toBe(world.chain.tip.hash)
  expect(await json('/fee-estimates')).toMatchObject({ '1': 4, '25': 4, '1008': 4 })
  expect((await fetch(`${url}/tx/${NOWHERE}`)).status).toBe(404)
  expect((await fetch(`${url}/tx`, { method: 'POST', body: '00' })).status).toBe(400)
  world.evict(txid)
  const posted = await fetch(`${url}/tx`, { method: 'POST', body: hex })
  expect([posted.status, await posted.text()]).toEqual([200, txid])

  world.mine(1)
  const { height, hash, time } = world.chain.tip
  const status = { confirmed: true, block_height: height, block_hash: hash, block_time: time }
  expect(await json(`/tx/${txid}`)).toMatchObject({ status })
  expect(await json(`/tx/${txid}/status`)).toEqual(status)
})
