import { describe, expect, test } from 'vitest'
import { clnOf, spliceInTo, type Cln } from './cln-wire.ts'
import { DISCONNECTED, SECOND, abort, init, mempool, point, splicein } from './cut-points.ts'

describe('bitcoind down at the broadcast', () => {
  test('is 350; the splice stays signed and pending, and is not broadcast again by itself', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'wallet_signed')
    cln.node.setBitcoindDown(true)
    const { code, message } = await cln.fail('splice_signed', { channel_id: cln.channelId, psbt })
    expect(code).toBe(350)
    cln.node.setBitcoindDown(false)
    cln.world.mine(5)
    cln.node.kill({ startsAfterMs: SECOND })
    cln.world.advance(10 * SECOND)
    cln.world.mine(5)
    expect(mempool(cln)).toEqual([])
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE' })
    const [, hex] = /Unsent tx discarded ([0-9a-f]+)\./.exec(message) ?? []
    expect(cln.world.chain.broadcast(hex ?? '')).toBeNull()
    cln.world.mine(1)
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_NORMAL', inflights: [] })
  })

  test('does not keep it from the mempool if the peer has a bitcoind of its own', async () => {
    const cln = await clnOf({ peerBroadcasts: true })
    const { psbt } = await spliceInTo(cln, 'wallet_signed')
    cln.node.setBitcoindDown(true)
    expect((await cln.fail('splice_signed', { channel_id: cln.channelId, psbt })).code).toBe(350)
    expect(mempool(cln)).toHaveLength(1)
  })

  test('shows the last block that the node saw', async () => {
    const cln = await clnOf()
    cln.node.setBitcoindDown(true)
    cln.world.mine(3)
    expect(await cln.get('getinfo')).toMatchObject({ blockheight: 120 })
    cln.node.setBitcoindDown(false)
    expect(await cln.get('getinfo')).toMatchObject({ blockheight: 123 })
  })
})

describe('what force-closes a channel', () => {
  const closes = async (cln: Cln): Promise<boolean> => {
    cln.world.advance(8 * SECOND)
    return (await cln.channel()).state === 'AWAITING_UNILATERAL'
  }
  const pending = async (options: Parameters<typeof clnOf>[0] = {}): Promise<Cln> => {
    const cln = await clnOf(options)
    await splicein(cln, '20000')
    return cln
  }

  test('abort_channels on a signed splice: two seconds after it answered {}', async () => {
    const cln = await pending()
    expect(await abort(cln)).toEqual({})
    expect((await cln.channel()).state).toBe('CHANNELD_AWAITING_SPLICE')
    expect(await closes(cln)).toBe(true)
    const channel = await cln.channel()
    expect(channel.status).toEqual([
      'CHANNELD_AWAITING_SPLICE:I needed to abort a splice where I have already sent my signatures',
    ])
    expect(channel.owner).toBeUndefined()
    expect(mempool(cln)).toHaveLength(2)
    expect((await splicein(cln)).error).toMatchObject(DISCONNECTED)
    cln.world.mine(1)
    expect((await cln.channel()).state).toBe('ONCHAIN')
  })

  test('a splicein that the wallet cannot pay while a splice is pending', async () => {
    const cln = await pending()
    const { error } = await splicein(cln, '9000000000')
    expect(error?.code).toBe(-32602)
    expect(error?.message).toMatch(/^addpsbtinput: {"code":301,/)
    expect(await closes(cln)).toBe(true)
  })

  test('a spliceout slightly over the balance while a splice is pending', async () => {
    const cln = await pending({ channels: [{ valueSats: 1_000_000, oursSats: 700_000, lockDepth: 1 }] })
    const { error } = await cln.ask('spliceout', { channel: cln.channelId, amount: '700000' })
    expect(error?.code).toBe(-32602)
    expect(error?.message).toMatch(/^splice_update: {"code":362,/)
    expect(await closes(cln)).toBe(true)
  })

  test('the same failures without a pending splice close nothing', async () => {
    const cln = await clnOf()
    await abort(cln)
    await splicein(cln, '9000000000')
    await cln.ask('spliceout', { channel: cln.channelId, amount: '6000000' })
    expect(await closes(cln)).toBe(false)
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test.each([
    ['a compile error', { amount: 'abc' }, 'splicein', -32602],
    ['a repeat that got as far as signing', { amount: '20000' }, 'splicein', -1],
    ['a spliceout far over the balance', { amount: '90000000' }, 'spliceout', 351],
  ] as const)('%s does not', async (_, params, method, code) => {
    const cln = await pending()
    expect((await cln.ask(method, { channel: cln.channelId, ...params })).error).toMatchObject({ code })
    expect(await closes(cln)).toBe(false)
    cln.world.mine(1)
    expect((await cln.channel()).state).toBe('CHANNELD_NORMAL')
  })

  test('a splice that meets announcement_signatures, on a channel whose last splice is not 6 deep', async () => {
    const cln = await pending({ earlySplice: 'force_close' })
    cln.world.mine(1)
    expect((await init(cln)).error).toMatchObject(DISCONNECTED)
    expect(await closes(cln)).toBe(true)
    expect((await cln.channel()).state_changes.at(-1)?.message).toContain('Received invalid message from peer: 259')
  })

  test('that usually is a disconnection: 363, or 351 of a high-level command', async () => {
    const cln = await pending()
    cln.world.mine(1)
    expect((await init(cln)).error).toMatchObject({ code: 363 })
    cln.world.advance(SECOND)
    expect((await splicein(cln)).error).toMatchObject(DISCONNECTED)
    cln.world.advance(SECOND)
    cln.world.mine(5)
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test('both sides at once, once', async () => {
    const cln = await clnOf()
    cln.node.at(point('us after STFU'), { type: 'force_close' })
    expect((await splicein(cln)).error).toMatchObject(DISCONNECTED)
    expect(await closes(cln)).toBe(true)
  })
})

describe('a splice of somebody else', () => {
  test.each([200_000, -200_000])('of the peer for %i moves the funding and not our balance', async (amountSats) => {
    const cln = await clnOf()
    const before = await cln.channel()
    const txid = cln.node.peerSplice(cln.channelId, amountSats)
    expect((await cln.channel()).inflight).toMatchObject([{ funding_txid: txid, splice_amount: 0 }])
    cln.world.mine(1)
    const after = await cln.channel()
    expect(after).toMatchObject({ funding_txid: txid, to_us_msat: before.to_us_msat, inflight: [] })
    expect(Math.sign(after.total_msat - before.total_msat)).toBe(Math.sign(amountSats))
    expect(cln.world.journal.effectiveSplices()).toMatchObject([{ txid, oursNetSats: 0 }])
  })

  test('that confirms first makes ours vanish', async () => {
    const cln = await clnOf()
    const { txid: ours } = await spliceInTo(cln, 'signed')
    cln.world.evict(ours ?? '')
    const txid = cln.node.peerSplice(cln.channelId, 200_000)
    cln.world.mine(1)
    expect(await cln.channel()).toMatchObject({ funding_txid: txid, inflight: [] })
    expect(cln.world.journal.effectiveSplices()).toMatchObject([{ txid }])
  })
})

describe('other ways to lose a negotiation', () => {
  test('both sides at once can hang the call, with the peer connected', async () => {
    const cln = await clnOf()
    cln.node.at(point('us after STFU'), { type: 'hang' })
    expect(await cln.hangs(splicein(cln))).toBe(true)
    expect(await cln.channel()).toMatchObject({ peer_connected: true, state: 'CHANNELD_NORMAL' })
    expect((await init(cln)).error).toMatchObject({ code: 355 })
  })

  test('two high-level splices at once on one node: the second fails, and has the first forgotten', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'updated')
    const { error } = await splicein(cln)
    expect(error?.code).toBe(-32602)
    expect(error?.message).toMatch(/^stfu_channels: {"code":358,/)
    expect((await cln.fail('splice_update', { channel_id: cln.channelId, psbt })).code).toBe(358)
  })

  test('a payment while a splice is negotiated drops the connection after 30 s', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'updated')
    expect(cln.node.lightningPayment(cln.channelId, -1000)).toBe('stuck')
    cln.world.advance(29 * SECOND)
    expect((await cln.channel()).peer_connected).toBe(true)
    cln.world.advance(SECOND)
    expect((await cln.channel()).peer_connected).toBe(false)
    cln.world.advance(SECOND)
    expect((await cln.fail('splice_update', { channel_id: cln.channelId, psbt })).code).toBe(358)
  })

  test('nothing is queued while the peer is away', async () => {
    const cln = await clnOf()
    cln.node.disconnectPeer({ returnsAfterMs: 60 * SECOND })
    expect((await init(cln)).error).toMatchObject(DISCONNECTED)
    expect((await splicein(cln)).error).toMatchObject(DISCONNECTED)
    cln.world.advance(120 * SECOND)
    expect(await cln.channel()).toMatchObject({
      peer_connected: true,
      state: 'CHANNELD_NORMAL',
      inflight: [],
    })
    expect(cln.world.journal.submissionsExecuted(cln.channelId)).toBe(0)
  })
})
