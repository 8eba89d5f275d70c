import { expect, test } from 'vitest'
import { ldkNode } from '../../../../adapters/node/ldk/node.ts'
import { paymentIdOf } from '../../../../adapters/node/ldk/contribution.ts'
import type { LdkPayment, LdkRpc } from '../../../../adapters/node/ldk/rpc.ts'
import { err, ok } from '../../../../core/values/result.ts'
import {
  bump,
  channel,
  fakeRpc,
  info,
  NOW,
  payment,
  peer,
  peerId,
  request,
  txidOf,
} from '../../../../harness/nodes/ldk-rpc.ts'

const clock = { now: () => NOW }
const call = { signal: new AbortController().signal }
const nodeOf = (answers: Partial<LdkRpc> = {}) => ldkNode(fakeRpc(answers).rpc, { clock })

test('a look gathers who the node is, what it can do and its channels', async () => {
  expect(await nodeOf().look(call)).toEqual(
    ok({
      observedAt: NOW,
      nodeId: info.nodeId,
      network: 'regtest',
      version: '0.1.0 (7f3276a)',
      tipHeight: 120,
      tipHash: txidOf('c'),
      synced: true,
      capabilities: {
        software: 'ldk-server',
        spliceIn: true,
        spliceOut: true,
        toAddress: true,
        bump: false,
        setsFeeRate: false,
        feeCap: 'gated',
        overlapGuard: false,
        queuesOffline: true,
        reportsCandidates: false,
        checksFunding: false,
        fenceMs: 120_000,
        nonExecutionProofs: ['refused', 'channel_closed', 'operator', 'process_restarted', 'quiet_absence'],
        leaseScope: 'channel',
      },
      channels: [
        {
          channelId: channel.channelId,
          userChannelId: channel.userChannelId,
          peerId,
          peerConnected: true,
          ready: true,
          closing: false,
          funding: `${txidOf('e')}:1`,
          capacitySats: 10_000_000,
          outboundMsat: 6_000_000_000,
          inboundMsat: 3_900_000_000,
          claimableSats: 6_000_000,
          closeFeeSats: 183,
          lockDepth: 6,
          candidates: null,
          negotiation: 'unknown',
        },
      ],
      spendableSats: 5_000_000,
      feeRateSatPerKw: null,
    }),
  )
})

test('the fence and the overlap guard follow the options', async () => {
  const options = { clock, authWindowSeconds: 30, clockSkewSeconds: 5, overlapGuard: true }
  const seen = await ldkNode(fakeRpc().rpc, options).look(call)
  if (!seen.ok) throw new Error('no look')
  expect(seen.value.capabilities.fenceMs).toBe(35_000)
  expect(seen.value.capabilities).toMatchObject({ overlapGuard: true, bump: true, setsFeeRate: false })
  expect(seen.value.capabilities.nonExecutionProofs).toContain('overlap_guard')
})

test.each([
  [NOW / 1000 - 120, true],
  [NOW / 1000 - 121, false],
  [null, false],
])('a node whose wallet synced last at %s is synced: %s', async (lightningSyncedAtSeconds, synced) => {
  const node = nodeOf({ getNodeInfo: async () => ok({ ...info, lightningSyncedAtSeconds }) })
  expect(await node.look(call)).toMatchObject({ ok: true, value: { synced } })
})

test.each([
  ['open and usable', true, true, true, { peerConnected: true, ready: true, closing: false }],
  ['usable although the peer list is older', true, true, false, { peerConnected: true, ready: true, closing: false }],
  ['without its peer', true, false, false, { peerConnected: false, ready: true, closing: false }],
  ['unusable with its peer there', true, false, true, { peerConnected: true, ready: false, closing: true }],
  ['not yet open', false, false, true, { peerConnected: true, ready: false, closing: false }],
])('a channel that is %s shows as such', async (_, isReady, isUsable, connected, expected) => {
  const node = nodeOf({
    listChannels: async () => ok([{ ...channel, isReady, isUsable }]),
    listPeers: async () => ok([{ ...peer, connected }]),
  })
  expect(await node.look(call)).toMatchObject({ ok: true, value: { channels: [expected] } })
})

test('a channel without a claimable balance has no sign of it', async () => {
  const node = nodeOf({ getBalances: async () => ok({ spendableOnchainSats: 0, claimable: [] }) })
  expect(await node.look(call)).toMatchObject({
    ok: true,
    value: { channels: [{ claimableSats: null, closeFeeSats: null }] },
  })
})

test.each([
  [7, 'config'],
  [12, 'config'],
  [16, 'config'],
  [3, 'unreachable'],
  [9, 'unreachable'],
  [13, 'unreachable'],
  [14, 'unreachable'],
  [null, 'unreachable'],
])('a read that ends with status %s is a fault of class %s', async (status, faultClass) => {
  const fault = { ok: false, error: { class: faultClass, message: 'why' } }
  const failing = async () => err({ status, message: 'why' })
  expect(await nodeOf({ listChannels: failing }).look(call)).toEqual(fault)
  expect(await nodeOf({ onchainReceive: failing }).newAddress(call)).toEqual(fault)
  expect(await nodeOf({ getPayment: failing }).contribution(channel.channelId, payment.txid, call)).toEqual(fault)
})

test('of several faults of a look, that of the configuration is told', async () => {
  const node = nodeOf({
    getNodeInfo: async () => err({ status: 14, message: 'shutting down' }),
    getBalances: async () => err({ status: 7, message: 'not permitted' }),
  })
  expect(await node.look(call)).toEqual(err({ class: 'config', message: 'not permitted' }))
})

test('a splice-in names channel, peer and amount, and is signed with the given time', async () => {
  const { rpc, seen } = fakeRpc()
  // An address has no meaning for a splice-in, and does not make it a splice-out.
  const splice = { ...request, kind: 'splice_in', signedAt: NOW - 5_000 } as const
  expect(await ldkNode(rpc, { clock }).submit(splice, call)).toEqual({ type: 'taken' })
  expect(seen).toMatchObject([
    {
      method: 'spliceIn',
      request: { userChannelId: channel.userChannelId, counterpartyNodeId: peerId, amountSats: 50_000 },
      options: { signedAt: NOW - 5_000 },
    },
  ])
})

test.each([{ userChannelId: null }, { address: null }])('a splice-out with %o is not sent', async (missing) => {
  const { rpc, seen } = fakeRpc()
  expect(await ldkNode(rpc, { clock }).submit({ ...request, ...missing }, call)).toMatchObject({
    type: 'refused',
    class: 'invalid',
  })
  expect(seen).toHaveLength(0)
})

test('a fee bump names channel and peer, and is signed with the given time', async () => {
  const { rpc, seen } = fakeRpc()
  expect(await ldkNode(rpc, { clock }).bump({ ...bump, signedAt: NOW - 5_000 }, call)).toEqual({
    type: 'taken',
  })
  expect(seen).toEqual([
    {
      method: 'bumpFee',
      request: { userChannelId: channel.userChannelId, counterpartyNodeId: peerId },
      options: { signal: call.signal, signedAt: NOW - 5_000 },
    },
  ])
})

test.each([
  [{ userChannelId: null }, 'names no user channel id'],
  [{ feeRateSatPerKw: 2_500 }, 'takes no feerate'],
])('a fee bump with %o is not sent', async (changes, message) => {
  const { rpc, seen } = fakeRpc()
  const result = await ldkNode(rpc, { clock }).bump({ ...bump, ...changes }, call)
  expect(result).toMatchObject({ type: 'refused', class: 'invalid' })
  expect(result).toHaveProperty('message', expect.stringContaining(message))
  expect(seen).toHaveLength(0)
})

test('an ldk-server without fee bumps is told from one that needs its configuration mended', async () => {
  const node = nodeOf({ bumpFee: async () => err({ status: 12, message: 'Unknown method' }) })
  expect(await node.bump(bump, call)).toEqual({
    type: 'refused',
    class: 'invalid',
    message: 'this ldk-server does not support fee bumps',
  })
})

test('a long message is cut to what a result may hold', async () => {
  const node = nodeOf({ spliceOut: async () => err({ status: 13, message: 'x'.repeat(10_000) }) })
  expect(await node.submit(request, call)).toEqual({ type: 'unknown', message: 'x'.repeat(500) })
})

test('the peer is connected at the address that the node knows, unless it is there', async () => {
  const away = { ...peer, connected: false }
  const look = await nodeOf().look(call)
  const snapshot = look.ok ? look.value.channels[0] : undefined
  if (snapshot === undefined) throw new Error('no channel')

  const absent = fakeRpc({ listPeers: async () => ok([away]) })
  expect(await ldkNode(absent.rpc, { clock }).connectPeer(snapshot, call)).toEqual(ok(undefined))
  expect(absent.seen.at(-1)).toMatchObject({
    method: 'connectPeer',
    request: { nodeId: peerId, address: '127.0.0.1:9735' },
  })
  const present = fakeRpc()
  expect(await ldkNode(present.rpc, { clock }).connectPeer(snapshot, call)).toEqual(ok(undefined))
  expect(present.seen.map(({ method }) => method)).toEqual(['listPeers'])

  const unknown = nodeOf({ listPeers: async () => ok([]) })
  expect(await unknown.connectPeer(snapshot, call)).toMatchObject({
    ok: false,
    error: { class: 'unreachable' },
  })
})

const other: LdkPayment = { ...payment, id: '11'.repeat(32), txid: '22'.repeat(32) }
const bumped: LdkPayment = { ...payment, id: paymentIdOf('33'.repeat(32)) }

test.each<[string, LdkPayment | null, LdkPayment[], number | null]>([
  ['found by its id', { ...payment, id: paymentIdOf(payment.txid) }, [], 100_002],
  ['found by its id after a bump', { ...other, id: paymentIdOf(payment.txid) }, [], 100_002],
  ['found in the list by the txid of a later candidate', null, [other, bumped], 100_002],
  ['found where no channel is named', null, [{ ...bumped, channelIds: [] }], 100_002],
  [
    'the one that names the channel, among others',
    null,
    [{ ...bumped, channelIds: [], amountMsat: 1 }, bumped],
    100_002,
  ],
  ['negative for a splice-out to the own wallet', null, [{ ...bumped, direction: 'inbound' }], -100_002],
  ['nothing if the record names another channel', null, [{ ...bumped, channelIds: [txidOf('9')] }], null],
  ['nothing without a record', null, [other], null],
  ['nothing if the record has no amount', null, [{ ...bumped, amountMsat: null }], null],
  ['nothing if two records say so', null, [bumped, { ...bumped, amountMsat: 1 }], null],
])('our contribution is %s', async (_, byId, listed, amountSats) => {
  const node = nodeOf({ getPayment: async () => ok(byId), listPayments: async () => ok(listed) })
  expect(await node.contribution(channel.channelId, payment.txid, call)).toEqual(
    ok(amountSats === null ? null : { amountSats }),
  )
})

test('a payment id is the txid in reverse order of bytes', () => {
  expect(paymentIdOf(`01${'00'.repeat(30)}ff`)).toBe(`ff${'00'.repeat(30)}01`)
})
