import { once } from 'node:events'
import { expect, test } from 'vitest'
import { ldkNode } from '../../../../adapters/node/ldk/node.ts'
import { err, ok } from '../../../../core/values/result.ts'
import {
  balances,
  channel,
  fakeRpc,
  info,
  NOW,
  payment,
  peer,
  peerId,
  txidOf,
} from '../../../../harness/nodes/ldk-rpc.ts'
import { clientOf, rawServer, serverOf } from '../../../../harness/nodes/ldk-wire.ts'

const signal = new AbortController().signal
const splice = { userChannelId: channel.userChannelId, counterpartyNodeId: peerId, amountSats: 50_000 }
const bump = { userChannelId: channel.userChannelId, counterpartyNodeId: peerId }

test('every call carries its request and its answer over the wire unchanged', async () => {
  const channels = [
    channel,
    { ...channel, funding: null, confirmationsRequired: null, confirmations: 0, isUsable: false },
  ]
  const { rpc, seen } = fakeRpc({
    getPayment: async () => ok(payment),
    listChannels: async () => ok(channels),
  })
  const client = clientOf(await serverOf(rpc))
  const call = { signal }

  expect(await client.getNodeInfo(call)).toEqual(ok(info))
  expect(await client.listChannels(call)).toEqual(ok(channels))
  expect(await client.listPeers(call)).toEqual(ok([peer]))
  expect(await client.getBalances(call)).toEqual(ok(balances))
  expect(await client.getPayment(payment.id, call)).toEqual(ok(payment))
  expect(await client.listPayments(call)).toEqual(ok([payment]))
  expect(await client.onchainReceive(call)).toEqual(ok('bcrt1qfresh'))
  expect(await client.connectPeer(peerId, peer.address, call)).toEqual(ok(undefined))
  expect(await client.spliceIn(splice, call)).toEqual(ok(undefined))
  expect(await client.spliceOut({ ...splice, address: 'bcrt1qout' }, call)).toEqual(ok({ address: 'bcrt1qout' }))
  expect(await client.bumpFee(bump, call)).toEqual(ok(undefined))

  const requests = new Map(seen.map(({ method, request }) => [method, request]))
  expect(requests.get('getPayment')).toBe(payment.id)
  expect(requests.get('connectPeer')).toEqual({ nodeId: peerId, address: peer.address })
  expect(requests.get('spliceIn')).toEqual(splice)
  expect(requests.get('spliceOut')).toEqual({ ...splice, address: 'bcrt1qout' })
  expect(requests.get('bumpFee')).toEqual(bump)
})

test('what a server does not tell is null', async () => {
  const quiet = { ...info, lightningSyncedAtSeconds: null, version: null }
  const bare = { ...payment, amountMsat: null, feePaidMsat: null, channelIds: [] }
  const { rpc } = fakeRpc({ getNodeInfo: async () => ok(quiet), listPayments: async () => ok([bare]) })
  const client = clientOf(await serverOf(rpc))
  expect(await client.getNodeInfo({ signal })).toEqual(ok(quiet))
  expect(await client.listPayments({ signal })).toEqual(ok([bare]))
  expect(await client.getPayment(payment.id, { signal })).toEqual(ok(null))
})

test('payments are gathered from all pages', async () => {
  const many = Array.from({ length: 250 }, (_, n) => ({ ...payment, id: String(n).padStart(64, '0') }))
  const { rpc, seen } = fakeRpc({ listPayments: async () => ok(many) })
  const client = clientOf(await serverOf(rpc))
  expect(await client.listPayments({ signal })).toEqual(ok(many))
  expect(seen).toHaveLength(3)
})

test('a server that never stops giving pages is asked for ten', async () => {
  // next_page_token (2) as the message of older servers: token (1) "t".
  const endless = Buffer.from([0, 0, 0, 0, 5, 0x12, 0x03, 0x0a, 0x01, 0x74])
  const server = await rawServer(({ stream }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(endless)
  })
  expect(await clientOf(server).listPayments({ signal })).toEqual(ok([]))
  expect(server.arrived).toHaveLength(10)
  // Each page but the first is asked for with the token as it came.
  expect(server.arrived.slice(1).map(({ body }) => body.subarray(5).toString('hex'))).toEqual(
    Array.from({ length: 9 }, () => '0a030a0174'),
  )
})

test("an error in the headers is the server's status and its message", async () => {
  const { rpc } = fakeRpc({ spliceIn: async () => err({ status: 9, message: 'Failed: 100 % – né' }) })
  const client = clientOf(await serverOf(rpc))
  expect(await client.spliceIn(splice, { signal })).toEqual(err({ status: 9, message: 'Failed: 100 % – né' }))
})

test('an error in the trailers counts as well', async () => {
  const server = await rawServer(({ stream }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '3', 'grpc-message': 'bad%20amount' }))
    stream.end()
  })
  expect(await clientOf(server).spliceIn(splice, { signal })).toEqual(err({ status: 3, message: 'bad amount' }))
})

test('the connection is kept between calls', async () => {
  const server = await rawServer(({ stream }) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-status': '9' },
      { endStream: true },
    )
  })
  const client = clientOf(server)
  await client.spliceIn(splice, { signal })
  await client.spliceIn(splice, { signal })
  expect(server.arrived).toHaveLength(2)
  expect(server.sessions).toHaveLength(1)
})

test('after the server has closed the connection, the next call opens another', async () => {
  const server = await rawServer(({ stream }) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-status': '9' },
      { endStream: true },
    )
  })
  const client = clientOf(server)
  await client.spliceIn(splice, { signal })
  const [session] = server.sessions
  session?.destroy()
  if (session !== undefined && !session.destroyed) await once(session, 'close')
  // The client may or may not have heard of it yet: this call may be lost, the next one is not.
  await client.spliceIn(splice, { signal })
  expect(await client.spliceIn(splice, { signal })).toEqual(err({ status: 9, message: '' }))
  expect(server.sessions).toHaveLength(2)
})

test('the whole mapping works over the wire', async () => {
  const { rpc, seen } = fakeRpc()
  const node = ldkNode(clientOf(await serverOf(rpc)), { clock: { now: () => NOW } })
  const seenLook = await node.look({ signal })
  expect(seenLook.ok && seenLook.value.nodeId).toBe(info.nodeId)
  const request = {
    attemptId: 'attempt-1',
    channelId: channel.channelId,
    userChannelId: channel.userChannelId,
    peerId,
    submittedOn: `${txidOf('e')}:1`,
    kind: 'splice_out',
    amountSats: 50_000,
    address: 'bcrt1qout',
    feeRateSatPerKw: null,
    signedAt: NOW - 7_250,
    maxFeeRateSatPerKw: null,
    maxFeeSats: null,
  } as const
  expect(await node.submit(request, { signal })).toEqual({ type: 'taken' })
  // The fence counts from the time that the request was signed with, to the second.
  expect(seen.at(-1)?.options.signedAt).toBe(NOW - 8_000)
  const again = { ...request, txid: txidOf('f'), feeRateSatPerKw: null, signedAt: NOW - 11_250 }
  expect(await node.bump(again, { signal })).toEqual({ type: 'taken' })
  expect(seen.at(-1)).toMatchObject({ method: 'bumpFee', request: bump, options: { signedAt: NOW - 12_000 } })
})
