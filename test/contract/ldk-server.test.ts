import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ldkClient } from '../../adapters/node/ldk/client.ts'
import { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { startLdkServer } from '../../simulator/ldk/server.ts'
import { createWorld, type SimulatedNode, type World } from '../../simulator/world/world.ts'
import type { BumpRequest, ChannelSnapshot, NodeLook, SubmitRequest } from '../../core/ports/node.ts'
import type { Clock, NodePort } from '../../core/ports/ports.ts'

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'
const START = Date.UTC(2026, 10, 22)
const API_KEY = '7a'.repeat(32)

const call = { signal: new AbortController().signal }
const certificate = selfSignedCertificate()

type MakePort = (node: SimulatedNode, clock: Clock) => Promise<NodePort>

const inProcess: MakePort = async (node, clock) => ldkNode(node.rpc, { clock })

const overTheWire: MakePort = async (node, clock) => {
  const server = await startLdkServer({ rpc: node.rpc, apiKey: API_KEY, clock, certificate })
  const config = LdkConfig.parse({ ...server, auth: { scheme: 'hmac', apiKey: API_KEY } })
  const client = ldkClient(config, clock)
  onTestFinished(async () => {
    client.close()
    await server.close()
  })
  return ldkNode(client, { clock })
}

describe.each([
  ['in process', inProcess],
  ['over the wire', overTheWire],
])('an ldk-server %s', (_, makePort) => {
  let world: World
  let alice: SimulatedNode
  let port: NodePort

  beforeEach(() => {
    world = createWorld({ seed: 'contract', startAt: START, nodes: [{ name: 'alice', channels: [{}] }] })
    alice = world.node('alice')
  })

  const start = async (): Promise<void> => {
    port = await makePort(alice, world)
  }

  const look = async (): Promise<NodeLook> => {
    const answer = await port.look(call)
    if (!answer.ok) throw new Error(answer.error.message)
    return answer.value
  }

  const channel = async (): Promise<ChannelSnapshot> => {
    const found = (await look()).channels[0]
    if (found === undefined) throw new Error('no channel')
    return found
  }

  const submit = async (changes: Partial<SubmitRequest> = {}, within = call) => {
    const [own] = alice.channels()
    if (own === undefined) throw new Error('no channel')
    return port.submit(
      {
        attemptId: 'attempt-1',
        channelId: own.channelId,
        userChannelId: own.userChannelId,
        peerId: own.peerId,
        submittedOn: `${'0'.repeat(64)}:0`,
        kind: 'splice_out',
        amountSats: 50_000,
        address: ADDRESS,
        feeRateSatPerKw: null,
        signedAt: world.now(),
        maxFeeRateSatPerKw: null,
        maxFeeSats: null,
        ...changes,
      },
      within,
    )
  }

  const bump = async (changes: Partial<BumpRequest> = {}, within = call) => {
    const [own] = alice.channels()
    if (own === undefined) throw new Error('no channel')
    return port.bump(
      {
        attemptId: 'attempt-2',
        channelId: own.channelId,
        userChannelId: own.userChannelId,
        peerId: own.peerId,
        txid: own.candidates.at(-1)?.funding.txid ?? '0'.repeat(64),
        submittedOn: `${own.funding.txid}:${own.funding.vout}`,
        kind: 'splice_out',
        amountSats: 50_000,
        address: ADDRESS,
        feeRateSatPerKw: null,
        signedAt: world.now(),
        maxFeeRateSatPerKw: null,
        maxFeeSats: null,
        ...changes,
      },
      within,
    )
  }

  /** A splice-out that is signed and in the mempool; answers the channel's id. */
  const pending = async (): Promise<string> => {
    await start()
    expect(await submit()).toEqual({ type: 'taken' })
    world.advance(2_000)
    return (await channel()).channelId
  }

  const candidate = (): string => {
    const txid = alice.channels()[0]?.candidates.at(-1)?.funding.txid
    if (txid === undefined) throw new Error('no candidate')
    return txid
  }

  test('shows who it is, its tip and its channels', async () => {
    await start()
    const seen = await look()
    expect(seen).toMatchObject({
      observedAt: START,
      nodeId: alice.nodeId,
      network: 'regtest',
      tipHeight: world.chain.tip.height,
      tipHash: world.chain.tip.hash,
      synced: true,
    })
    expect(seen.spendableSats).toBeGreaterThan(9_900_000)
    expect(seen.channels).toMatchObject([
      {
        channelId: alice.channels()[0]?.channelId,
        userChannelId: alice.channels()[0]?.userChannelId,
        peerConnected: true,
        ready: true,
        closing: false,
        capacitySats: 10_000_000,
        lockDepth: 6,
      },
    ])
    expect(world.chain.spender(seen.channels[0]?.funding ?? '')).toBeNull()
  })

  test('a splice-out is taken, paid once and moves the funding when it locks', async () => {
    await start()
    const before = await channel()
    expect(await submit()).toEqual({ type: 'taken' })
    world.advance(2_000)
    expect(world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
    expect((await channel()).funding).toBe(before.funding)
    world.mine(6)
    world.advance(2_000)
    expect((await channel()).funding).not.toBe(before.funding)
    expect(world.chain.spender(before.funding ?? '')?.txid).toBe((await channel()).funding?.slice(0, 64))
  })

  test('the claimable balance moves when a splice is signed', async () => {
    await start()
    const before = await channel()
    await submit()
    world.advance(2_000)
    const after = await channel()
    expect((before.claimableSats ?? 0) - (after.claimableSats ?? 0)).toBeGreaterThanOrEqual(50_000)
  })

  test('a splice-in has a record of what it added, a splice-out to others has none', async () => {
    await start()
    const { channelId } = await channel()
    await submit({ kind: 'splice_in', amountSats: 100_000, address: null })
    world.advance(2_000)
    const added = await port.contribution(channelId, candidate(), call)
    if (!added.ok || added.value === null) throw new Error('no record')
    expect(added.value.amountSats).toBeGreaterThanOrEqual(100_000)
    expect(added.value.amountSats).toBeLessThanOrEqual(100_330)
    expect(await port.contribution('f'.repeat(64), candidate(), call)).toEqual({ ok: true, value: null })

    world.mine(6)
    world.advance(2_000)
    await submit({ signedAt: world.now() })
    world.advance(2_000)
    expect(await port.contribution(channelId, candidate(), call)).toEqual({ ok: true, value: null })
  })

  test('after a fee bump, old and new candidate have the same record', async () => {
    await start()
    const { channelId } = await channel()
    await submit({ kind: 'splice_in', amountSats: 100_000, address: null })
    world.advance(2_000)
    const first = candidate()
    expect(alice.bump(channelId)).toMatchObject({ ok: true })
    world.advance(2_000)
    const second = candidate()
    expect(second).not.toBe(first)
    for (const txid of [first, second]) {
      const record = await port.contribution(channelId, txid, call)
      expect(record.ok && record.value?.amountSats).toBeGreaterThanOrEqual(100_000)
    }
  })

  test('a fee bump is taken, replaces the candidate, and is no submission', async () => {
    const channelId = await pending()
    const first = candidate()
    expect(await bump()).toEqual({ type: 'taken' })
    world.advance(2_000)
    expect(candidate()).not.toBe(first)
    expect(world.chain.mempool().map(({ txid }) => txid)).toEqual([candidate()])
    expect(world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
    expect(world.journal.submissionsExecuted(channelId)).toBe(1)
    expect(world.journal.bumpsExecuted(channelId)).toBe(1)
  })

  test('a fee bump with nothing to replace, or behind another, is refused for now', async () => {
    await start()
    expect(await bump()).toMatchObject({ type: 'refused', class: 'not_now' })
    await submit()
    world.advance(2_000)
    expect(await bump()).toEqual({ type: 'taken' })
    expect(await bump()).toMatchObject({ type: 'refused', class: 'not_now' })
  })

  test('a server without fee bumps says so, and is still looked at', async () => {
    const channelId = await pending()
    alice.behaviour.hasFeeBump = false
    expect(await bump()).toEqual({
      type: 'refused',
      class: 'invalid',
      message: 'this ldk-server does not support fee bumps',
    })
    expect(await port.look(call)).toMatchObject({ ok: true })
    expect(world.journal.bumpsExecuted(channelId)).toBe(0)
  })

  test.each([{ feeRateSatPerKw: 2_500 }, { userChannelId: null }])(
    'a fee bump with %o is refused as invalid, and never received',
    async (changes) => {
      const channelId = await pending()
      expect(await bump(changes)).toMatchObject({ type: 'refused', class: 'invalid' })
      const received = world.journal.entries.filter(({ detail }) => detail['method'] === 'bump')
      expect(received).toEqual([])
      expect(world.journal.bumpsExecuted(channelId)).toBe(0)
    },
  )

  test('a fee bump whose reply is lost is unknown, and executed once', async () => {
    const channelId = await pending()
    alice.fault({ type: 'lose_reply' })
    expect(await bump()).toMatchObject({ type: 'unknown' })
    expect(world.journal.bumpsExecuted(channelId)).toBe(1)
  })

  test('a fee bump whose request is lost is unknown, and never executed', async () => {
    const channelId = await pending()
    alice.fault({ type: 'drop' })
    expect(await bump()).toMatchObject({ type: 'unknown' })
    world.advance(120_000)
    expect(world.journal.bumpsExecuted(channelId)).toBe(0)
  })

  test('a delayed fee bump is executed within the fence, or never', async () => {
    const channelId = await pending()
    const { fenceMs } = (await look()).capabilities
    alice.fault({ type: 'late', ms: 30_000 })
    alice.fault({ type: 'late', ms: 60_000 + 1_000 })
    expect(await bump()).toMatchObject({ type: 'unknown' })
    expect(await bump()).toMatchObject({ type: 'unknown' })
    world.advance(fenceMs ?? 0)
    expect(world.journal.bumpsExecuted(channelId)).toBe(1)
  })

  test('a fee bump that is signed too long ago is refused, and not executed', async () => {
    const channelId = await pending()
    const signedAt = world.now() - 62_000
    expect(await bump({ signedAt })).toMatchObject({ type: 'refused', class: 'config' })
    expect(world.journal.bumpsExecuted(channelId)).toBe(0)
  })

  test('a fee bump whose time is over is unknown, and not executed', async () => {
    const channelId = await pending()
    expect(await bump({}, { signal: AbortSignal.abort() })).toMatchObject({ type: 'unknown' })
    expect(world.journal.bumpsExecuted(channelId)).toBe(0)
  })

  test('a channel that is being opened is not ready, and not closing, until it is deep enough', async () => {
    await start()
    const opened = alice.openChannel({ valueSats: 2_000_000, lockDepth: 3 })
    const shown = async () => (await look()).channels.find(({ channelId }) => channelId === opened)
    const first = await shown()
    expect(first).toMatchObject({ ready: false, closing: false, peerConnected: true, lockDepth: 3 })
    const funding = alice.replaceOpen(opened)
    expect(funding).not.toBe(first?.funding)
    expect(await shown()).toEqual({ ...first, funding })
    world.mine(3)
    world.advance(1_000)
    expect(await shown()).toEqual({ ...first, funding, ready: true })
  })

  test('a second splice behind a queued one is refused for now', async () => {
    await start()
    alice.disconnectPeer()
    expect((await channel()).peerConnected).toBe(false)
    expect(await submit()).toEqual({ type: 'taken' })
    expect(await submit()).toMatchObject({ type: 'refused', class: 'not_now' })
  })

  test('a splice whose reply is lost is unknown, and executed once', async () => {
    await start()
    const { channelId } = await channel()
    alice.fault({ type: 'lose_reply' })
    expect(await submit()).toMatchObject({ type: 'unknown' })
    expect(world.journal.submissionsExecuted(channelId)).toBe(1)
    world.advance(2_000)
    expect(world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
  })

  test('a splice whose request is lost is unknown, and never executed', async () => {
    await start()
    const { channelId } = await channel()
    alice.fault({ type: 'drop' })
    expect(await submit()).toMatchObject({ type: 'unknown' })
    world.advance(120_000)
    expect(world.journal.submissionsExecuted(channelId)).toBe(0)
  })

  test('a delayed splice is executed within the fence, or never', async () => {
    await start()
    const { channelId } = await channel()
    const { fenceMs } = (await look()).capabilities
    alice.fault({ type: 'late', ms: 30_000 })
    alice.fault({ type: 'late', ms: 60_000 + 1_000 })
    expect(await submit()).toMatchObject({ type: 'unknown' })
    expect(await submit({ amountSats: 60_000 })).toMatchObject({ type: 'unknown' })
    world.advance(fenceMs ?? 0)
    expect(world.journal.submissionsExecuted(channelId)).toBe(1)
  })

  test.each([
    [3, { type: 'refused', class: 'invalid' }],
    [16, { type: 'refused', class: 'config' }],
    [9, { type: 'refused', class: 'not_now' }],
    [13, { type: 'unknown' }],
  ])('the status %i has its place in the table of results', async (status, result) => {
    await start()
    alice.fault({ type: 'refuse', status })
    expect(await submit()).toMatchObject(result)
  })

  test('a request that is signed too long ago is refused, and not executed', async () => {
    await start()
    const { channelId } = await channel()
    expect(await submit({ signedAt: START - 62_000 })).toMatchObject({ type: 'refused', class: 'config' })
    expect(world.journal.submissionsExecuted(channelId)).toBe(0)
  })

  test('a call whose time is over is unknown, and not executed', async () => {
    await start()
    const { channelId } = await channel()
    const over = { signal: AbortSignal.abort() }
    expect(await port.look(over)).toMatchObject({ ok: false, error: { class: 'unreachable' } })
    expect(await submit({}, over)).toMatchObject({ type: 'unknown' })
    expect(world.journal.submissionsExecuted(channelId)).toBe(0)
  })

  test('a node that is down is unreachable, one that knows no key of ours needs its configuration mended', async () => {
    await start()
    alice.fault({ type: 'down' }, 'always')
    expect(await port.look(call)).toMatchObject({ ok: false, error: { class: 'unreachable' } })
    alice.liftFaults()
    alice.fault({ type: 'unauthenticated' }, 'always')
    expect(await port.look(call)).toMatchObject({ ok: false, error: { class: 'config' } })
    expect(await submit()).toMatchObject({ type: 'refused', class: 'config' })
    alice.liftFaults()
    expect(await port.look(call)).toMatchObject({ ok: true })
  })

  test('every address is a fresh one', async () => {
    await start()
    const first = await port.newAddress(call)
    const second = await port.newAddress(call)
    if (!first.ok || !second.ok) throw new Error('no address')
    expect(first.value).toMatch(/^bcrt1/)
    expect(second.value).not.toBe(first.value)
  })

  test('the peer is connected again when it is asked for, if it is there to be reached', async () => {
    await start()
    alice.disconnectPeer()
    const away = await channel()
    expect(away).toMatchObject({ peerConnected: false, ready: true, closing: false })
    expect(await port.connectPeer(away, call)).toMatchObject({ ok: false, error: { class: 'unreachable' } })
    alice.connectPeer()
    alice.disconnectPeer({ returnsAfterMs: 3_600_000 })
    expect((await channel()).peerConnected).toBe(false)
    expect(await port.connectPeer(away, call)).toEqual({ ok: true, value: undefined })
    expect((await channel()).peerConnected).toBe(true)
  })

  test('a channel that is closed is gone', async () => {
    await start()
    const { channelId, funding } = await channel()
    alice.close(channelId, 'cooperative')
    expect((await look()).channels).toEqual([])
    expect(world.chain.spender(funding ?? '')).not.toBeNull()
  })
})

test('both ways show the same look at every stage of a splice', async () => {
  const world = createWorld({ seed: 'parity', startAt: START })
  const alice = world.node('alice')
  const local = await inProcess(alice, world)
  const remote = await overTheWire(alice, world)
  const compare = async (): Promise<void> => expect(await remote.look(call)).toEqual(await local.look(call))
  const [own] = alice.channels()
  if (own === undefined) throw new Error('no channel')
  await compare()
  const splice = { userChannelId: own.userChannelId, counterpartyNodeId: own.peerId, amountSats: 50_000 }
  await alice.rpc.spliceOut({ ...splice, address: ADDRESS }, call)
  for (let stage = 0; stage < 12; stage += 1) {
    world.advance(100)
    await compare()
  }
  const opened = alice.openChannel({ valueSats: 2_000_000 })
  await compare()
  alice.replaceOpen(opened)
  await alice.rpc.bumpFee({ userChannelId: own.userChannelId, counterpartyNodeId: own.peerId }, call)
  for (let stage = 0; stage < 12; stage += 1) {
    world.advance(100)
    await compare()
  }
  world.mine(6)
  world.advance(1_000)
  await compare()
})
