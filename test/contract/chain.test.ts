import { describe, expect, onTestFinished, test } from 'vitest'
import { esplora } from '../../adapters/chain/esplora/esplora.ts'
import { startEsploraServer } from '../../adapters/node/simulated/esplora-server.ts'
import {
  type ChainView,
  clearView,
  createWorld,
  simulatedChainPort,
  type World,
} from '../../adapters/node/simulated/world.ts'
import type { ChainPort } from '../../core/ports.ts'
import { outpointOf } from '../../core/outpoint.ts'

const START = Date.UTC(2026, 10, 22)
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const call = { signal: new AbortController().signal }

type Source = { readonly world: World; readonly view: ChainView; readonly port: ChainPort }
type MakeSource = () => Promise<Source>

const inProcess: MakeSource = async () => {
  const world = createWorld({ seed: 'contract', startAt: START })
  const view = clearView()
  return { world, view, port: simulatedChainPort(world.chain, view) }
}

const overHttp: MakeSource = async () => {
  const source = await inProcess()
  const server = await startEsploraServer({ chain: source.port })
  onTestFinished(() => server.close())
  return { ...source, port: esplora({ url: server.url }) }
}

/** Hands a splice-out to the node, until its transaction is in the mempool; answers anchor and transaction. */
async function spliced(world: World): Promise<{ anchor: string; txid: string; hex: string }> {
  const alice = world.node('alice')
  const channel = alice.channels()[0]
  if (channel === undefined) throw new Error('no channel')
  const { txid: fundingTxid, vout } = channel.funding
  const { userChannelId, peerId, channelId } = channel
  await alice.rpc.spliceOut(
    { userChannelId, counterpartyNodeId: peerId, amountSats: 50_000, address: ADDRESS },
    call,
  )
  world.advance(2_000)
  const txid = alice.channel(channelId).candidates[0]?.funding.txid
  const transaction = txid === undefined ? null : world.chain.transaction(txid)
  if (transaction === null) throw new Error('no candidate')
  return { anchor: outpointOf(fundingTxid, vout), txid: transaction.txid, hex: transaction.hex }
}

describe.each([
  ['in process', inProcess],
  ['as an Esplora over HTTP', overHttp],
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

  test('an anchor goes from unspent over the mempool into a block, and back by a reorg', async () => {
    const { world, port } = await make()
    const { funding } = world.node('alice').channels()[0] ?? { funding: null }
    if (funding === null) throw new Error('no channel')
    const unspent = { ok: true, value: { own: 'confirmed', spender: null } }
    expect(await port.spend(outpointOf(funding.txid, funding.vout), call)).toEqual(unspent)

    const { anchor, txid, hex } = await spliced(world)
    const feeSats = world.chain.transaction(txid)?.feeSats
    const waiting = { ok: true, value: { own: 'confirmed', spender: { txid, hex, block: null, feeSats } } }
    expect(await port.spend(anchor, call)).toEqual(waiting)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: waiting.value.spender })

    world.mine(1)
    const { height, hash, time } = world.chain.tip
    const mined = { txid, hex, feeSats, block: { height, hash, time } }
    expect(await port.spend(anchor, call)).toEqual({ ok: true, value: { own: 'confirmed', spender: mined } })
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: mined })

    world.reorg(1, { include: 'none' })
    expect(await port.spend(anchor, call)).toEqual(waiting)
  })

  test('the outpoint of a transaction in the mempool is known as such', async () => {
    const { world, port } = await make()
    const { txid } = await spliced(world)
    expect(await port.spend(outpointOf(txid, 0), call)).toEqual({
      ok: true,
      value: { own: 'mempool', spender: null },
    })
  })

  test('what it does not know is unknown, and never unspent', async () => {
    const { port } = await make()
    expect(await port.transaction('0'.repeat(64), call)).toEqual({ ok: true, value: null })
    expect(await port.spend(`${'0'.repeat(64)}:0`, call)).toEqual({
      ok: true,
      value: { own: 'unknown', spender: null },
    })
  })

  test('an evicted transaction can be broadcast again, and what is there already is no fault', async () => {
    const { world, port } = await make()
    const { anchor, txid, hex } = await spliced(world)
    world.evict(txid)
    expect(await port.transaction(txid, call)).toEqual({ ok: true, value: null })
    expect(await port.spend(anchor, call)).toMatchObject({ ok: true, value: { spender: null } })
    expect(await port.broadcast(hex, call)).toEqual({ ok: true, value: undefined })
    expect(await port.spend(anchor, call)).toMatchObject({ ok: true, value: { spender: { txid } } })
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
    const fault = { ok: false, error: { class: 'unreachable' } }
    expect(await port.tip(call)).toMatchObject(fault)
    expect(await port.blockHash(1, call)).toMatchObject(fault)
    expect(await port.transaction('0'.repeat(64), call)).toMatchObject(fault)
    expect(await port.spend(`${'0'.repeat(64)}:0`, call)).toMatchObject(fault)
    expect(await port.feeRateSatPerKw(6, call)).toMatchObject(fault)
    expect(await port.broadcast('00', call)).toMatchObject(fault)
  })

  test('a call whose time is over has no answer', async () => {
    const { port } = await make()
    expect(await port.tip({ signal: AbortSignal.abort() })).toMatchObject({ ok: false })
  })
})

test('the server answers in the shapes of Esplora', async () => {
  const { world, port } = await inProcess()
  const { anchor, txid, hex } = await spliced(world)
  const server = await startEsploraServer({ chain: port })
  onTestFinished(() => server.close())
  const { url } = server
  const json = async (route: string): Promise<unknown> => (await fetch(url + route)).json()
  const text = async (route: string): Promise<string> => (await fetch(url + route)).text()
  const [anchorTxid, vout] = anchor.split(':')
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
  expect(await json(`/tx/${'0'.repeat(64)}/status`)).toEqual({ confirmed: false })
  expect(await json(`/tx/${'0'.repeat(64)}/outspend/0`)).toEqual({ spent: false })
  expect(await json(`/tx/${anchorTxid ?? ''}/outspend/${vout ?? ''}`)).toEqual({
    spent: true,
    txid,
    vin: 0,
    status: { confirmed: false },
  })
  expect(await text('/blocks/tip/height')).toBe(String(world.chain.tip.height))
  expect(await text('/blocks/tip/hash')).toBe(world.chain.tip.hash)
  expect(await json('/fee-estimates')).toMatchObject({ '1': 4, '25': 4, '1008': 4 })
  expect((await fetch(`${url}/tx/${'0'.repeat(64)}`)).status).toBe(404)
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
