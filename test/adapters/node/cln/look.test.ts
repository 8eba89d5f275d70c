import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { clnNode } from '../../../../adapters/node/cln/node.ts'
import { permissionsOf } from '../../../../adapters/node/cln/permission.ts'
import type { ClnFault, ClnRpc } from '../../../../adapters/node/cln/rpc.ts'
import { err, ok } from '../../../../core/values/result.ts'

const Answer = z.record(z.string(), z.unknown())
const fixture = z
  .object({
    getinfo: Answer,
    feerates: Answer,
    listfunds: z.looseObject({ outputs: z.array(Answer) }),
    normal: Answer,
    pending: Answer,
    ghost: Answer,
  })
  .parse(JSON.parse(readFileSync(new URL('../../../fixtures/cln/look.json', import.meta.url), 'utf8')))

const NOW = 1_700_000_000_000
const ID = z.string().parse(fixture.getinfo['id'])
const PEER = z.string().parse(fixture.normal['peer_id'])
const SCID = z.string().parse(fixture.normal['short_channel_id'])
const CHANNEL = z.string().parse(fixture.normal['channel_id'])
const one = { source: ID, destination: PEER, short_channel_id: SCID }

const PENDING = '2cff7767c07d7cb77c8a91ebe0d99d73ad9735051387b18c036b7977fce5559a'
const GHOST = '6a6d47fa02bbc38951801e14150945a8f9d109fdcf9d2039017ddfa962e42b17'

type Answers = Readonly<Record<string, unknown>>
const answers = (more: Answers = {}): Answers => ({
  getinfo: fixture.getinfo,
  listpeerchannels: { channels: [fixture.normal] },
  feerates: fixture.feerates,
  listfunds: fixture.listfunds,
  'listchannels source': { channels: [one] },
  'listchannels destination': { channels: [{ ...one, source: PEER, destination: ID }] },
  ...more,
})

function nodeWith(given: Answers, fault: Readonly<Record<string, ClnFault>> = {}, permissions = permissionsOf(null)) {
  const asked: string[] = []
  const rpc: ClnRpc = {
    async call(method, params) {
      const [name] = Object.keys(params)
      const key = method === 'listchannels' ? `${method} ${name}` : method
      asked.push(key)
      const failed = fault[method]
      return failed === undefined ? ok(given[key]) : err(failed)
    },
  }
  const node = clnNode(rpc, { clock: { now: () => NOW }, network: 'regtest', permissions })
  return { node, asked }
}
const call = () => ({ signal: new AbortController().signal })
const looked = async (given: Answers, permissions = permissionsOf(null)) => {
  const look = await nodeWith(given, {}, permissions).node.look(call())
  if (!look.ok) throw new Error(look.error.message)
  return look.value
}
const channelOf = async (channel: unknown) =>
  (await looked(answers({ listpeerchannels: { channels: [channel] } }))).channels[0]

describe('a look at a real node', () => {
  test('shows who it is, its tip and what it can do', async () => {
    expect(await looked(answers())).toMatchObject({
      observedAt: NOW,
      nodeId: ID,
      network: 'regtest',
      version: 'v26.06.6',
      tipHeight: 113,
      synced: true,
      feeRateSatPerKw: 258,
      capabilities: {
        software: 'core-lightning',
        spliceIn: true,
        spliceOut: true,
        toAddress: true,
        bump: true,
        setsFeeRate: true,
        feeCap: 'enforced',
        reportsCandidates: true,
        checksFunding: true,
        overlapGuard: false,
        queuesOffline: false,
        fenceMs: 120_000,
      },
    })
  })

  test('shows the channel on its funding, six deep and announced both ways', async () => {
    expect(await channelOf(fixture.normal)).toMatchObject({
      channelId: CHANNEL,
      peerId: PEER,
      peerConnected: true,
      ready: true,
      closing: false,
      funding: `${String(fixture.normal['funding_txid'])}:0`,
      capacitySats: 1_000_000,
      // 700,000 − reserve 10,000 − commitment fee 1,405 − anchors 660
      outboundMsat: 687_935_000,
      candidates: [],
      obstacles: { unsettledPayments: 0, fundingDepth: 6, announced: true },
    })
  })

  test('shows a signed candidate while the state says that signatures were sent', async () => {
    expect(await channelOf({ ...fixture.normal, ...fixture.pending })).toMatchObject({
      ready: true,
      candidates: [{ txid: PENDING, signed: true, feeRateSatPerKw: 253 }],
    })
  })

  test('shows a ghost as a candidate that is not signed', async () => {
    expect(await channelOf({ ...fixture.normal, ...fixture.ghost })).toMatchObject({
      ready: true,
      candidates: [{ txid: GHOST, signed: false }],
    })
  })

  test('counts only what is confirmed and not reserved as spendable', async () => {
    const [first, second] = fixture.listfunds.outputs
    const outputs = [first, { ...second, reserved: true }, { ...second, status: 'unconfirmed' }]
    expect((await looked(answers({ listfunds: { outputs } }))).spendableSats).toBe(5_000_000)
  })
})

describe('what stands in the way of a splice is shown', () => {
  test.each([
    ['a payment', { htlcs: [{ state: 'SENT_ADD_HTLC' }] }, { unsettledPayments: 1 }],
    ['a funding five deep', { short_channel_id: '109x1x0' }, { fundingDepth: 5, announced: false }],
    ['a funding without a block', { short_channel_id: undefined }, { fundingDepth: 0, announced: false }],
    ['a private channel needs no announcement', { private: true }, { announced: null }],
  ])('%s', async (_what, change, obstacles) => {
    expect(await channelOf({ ...fixture.normal, ...change })).toMatchObject({ obstacles })
  })

  test('an announcement from one side only is none', async () => {
    const look = await looked(answers({ 'listchannels destination': { channels: [] } }))
    expect(look.channels[0]?.obstacles?.announced).toBe(false)
  })

  test.each([
    ['CHANNELD_SHUTTING_DOWN', { ready: false, closing: true }],
    ['AWAITING_UNILATERAL', { ready: false, closing: true }],
    ['FUNDING_SPEND_SEEN', { ready: false, closing: true }],
    ['a state of a later version', { ready: false, closing: true }],
    ['CHANNELD_AWAITING_LOCKIN', { ready: false, closing: false }],
  ])('%s', async (state, expected) => {
    expect(await channelOf({ ...fixture.normal, state })).toMatchObject(expected)
  })

  test('a channel that has gone for good is not listed', async () => {
    expect(await channelOf({ ...fixture.normal, state: 'ONCHAIN' })).toBeUndefined()
  })

  test('a peer that is connected but not reestablished is away; a zero-conf channel says so', async () => {
    expect(await channelOf({ ...fixture.normal, reestablished: false })).toMatchObject({
      peerConnected: false,
    })
    expect(await channelOf({ ...fixture.normal, features: ['option_zeroconf'] })).toMatchObject({
      lockDepth: 0,
    })
  })
})

describe('what a node can do depends on its version and the rune', () => {
  test.each([
    ['v26.06', true],
    ['v26.06.6', true],
    ['v26.09rc1', true],
    ['v27.03', true],
    ['v26.04.2', false],
    ['v25.12', false],
    ['who knows', false],
  ])('%s', async (version, able) => {
    const { capabilities } = await looked(answers({ getinfo: { ...fixture.getinfo, version } }))
    expect([capabilities.spliceIn, capabilities.spliceOut, capabilities.bump]).toEqual([able, able, able])
  })

  test('a node that is not synced says so', async () => {
    const getinfo = { ...fixture.getinfo, warning_lightningd_sync: 'Still loading latest blocks.' }
    expect((await looked(answers({ getinfo }))).synced).toBe(false)
  })

  test('with a rune for the plugin alone nothing is checked, bumped or paid out', async () => {
    const permissions = { ...permissionsOf(null), spliceIn: false, spliceOut: false }
    expect((await looked(answers(), permissions)).capabilities).toMatchObject({
      spliceIn: true,
      spliceOut: false,
      bump: false,
      checksFunding: false,
      feeCap: 'gated',
      setsFeeRate: false,
    })
  })
})

describe('a look that is not whole is none', () => {
  const faults: readonly (readonly [string, ClnFault, string])[] = [
    ['lost', { type: 'lost', message: 'gone' }, 'unreachable'],
    ['not sent', { type: 'not_sent', identity: false, message: 'ECONNREFUSED' }, 'unreachable'],
    ['another certificate', { type: 'not_sent', identity: true, message: 'x' }, 'config'],
    ['a rune that is refused', { type: 'denied', code: 1501, message: 'x' }, 'config'],
    ['an unknown command', { type: 'error', code: -32601, message: 'x' }, 'config'],
    ['an error', { type: 'error', code: -1, message: 'x' }, 'unreachable'],
  ]
  test.each(
    ['getinfo', 'listpeerchannels', 'feerates', 'listfunds', 'listchannels'].flatMap((method) =>
      faults.map(([what, fault, expected]) => [method, what, fault, expected] as const),
    ),
  )('%s: %s', async (method, _what, fault, expected) => {
    const { node } = nodeWith(answers(), { [method]: fault })
    expect(await node.look(call())).toMatchObject({ ok: false, error: { class: expected } })
  })

  test.each([
    ['getinfo', { id: 'nobody' }],
    ['getinfo', null],
    ['listpeerchannels', { channels: [{ state: 7 }] }],
    ['listpeerchannels', {}],
    ['listpeerchannels', { channels: [{ ...fixture.normal, total_msat: -1 }] }],
    ['listpeerchannels', { channels: [{ ...fixture.normal, funding_txid: 'x' }] }],
    ['feerates', { perkw: { splice: 0 } }],
    ['listfunds', { outputs: [{ amount_msat: '1' }] }],
  ])('%s answers what cannot be read', async (method, answer) => {
    const { node } = nodeWith(answers({ [method]: answer }))
    expect(await node.look(call())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })
})

describe('the rest of the port', () => {
  const pending = { listpeerchannels: { channels: [{ ...fixture.normal, ...fixture.pending }] } }

  test('what we added is the splice amount of the candidate, while it is in flight', async () => {
    const { node } = nodeWith(answers(pending))
    expect(await node.contribution(CHANNEL, PENDING, call())).toEqual(ok({ amountSats: -50_199 }))
    expect(await node.contribution(CHANNEL, 'e'.repeat(64), call())).toEqual(ok(null))
  })

  test('a new address is one of the wallet; the peer is connected by its id', async () => {
    const { node, asked } = nodeWith(answers({ newaddr: { p2tr: 'bcrt1p…' }, connect: { id: PEER } }))
    expect(await node.newAddress(call())).toEqual(ok('bcrt1p…'))
    const [channel] = (await looked(answers())).channels
    if (channel === undefined) throw new Error('no channel')
    expect(await node.connectPeer(channel, call())).toEqual(ok(undefined))
    expect(asked).toContain('connect')
  })
})

describe('what is left of an unsigned splice', () => {
  const funding = `${String(fixture.normal['funding_txid'])}:0`
  const ghostly = {
    ...fixture.normal,
    ...fixture.ghost,
    funding_txid: fixture.normal['funding_txid'],
    funding_outnum: 0,
  }
  const request = { channelId: CHANNEL, submittedOn: funding, txids: [GHOST] }
  const clear = async (channel: unknown, ask = request, permissions = permissionsOf(null)) => {
    const given = answers({ listpeerchannels: { channels: [channel] }, abort_channels: {} })
    const { node, asked } = nodeWith(given, {}, permissions)
    await node.abortUnsigned?.(ask, call())
    return asked.filter((method) => method === 'abort_channels').length
  }

  test('a ghost is aborted, twice if it stays', async () => {
    expect(await clear(ghostly)).toBe(2)
  })

  test('a wedge is aborted once, nothing being in flight', async () => {
    expect(await clear(fixture.normal, { ...request, txids: [] })).toBe(1)
  })

  test.each([
    ['a signed candidate', { ...fixture.normal, ...fixture.pending }],
    ['a state that says so, whatever is listed', { ...fixture.normal, state: 'CHANNELD_AWAITING_SPLICE' }],
    ['another funding', { ...ghostly, funding_txid: 'e'.repeat(64) }],
    ['a peer that is away', { ...ghostly, peer_connected: false }],
    [
      'a candidate that nobody vouches for',
      { ...ghostly, inflight: [{ funding_txid: 'e'.repeat(64), feerate: '1perkw', splice_amount: 1 }] },
    ],
    ['a closing channel', { ...ghostly, state: 'CHANNELD_SHUTTING_DOWN' }],
    ['another channel', { ...ghostly, channel_id: 'e'.repeat(64) }],
  ])('%s is never touched', async (_what, channel) => {
    expect(await clear(channel)).toBe(0)
  })

  test('nothing is aborted with a rune that does not allow it', async () => {
    expect(await clear(ghostly, request, { ...permissionsOf(null), abort: false })).toBe(0)
  })
})
