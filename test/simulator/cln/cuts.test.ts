import { describe, expect, test } from 'vitest'
import { clnOf, spliceInTo, spliceOutTo } from './cln-wire.ts'
import {
  ADDRESS,
  BUSY,
  CUTS,
  DISCONNECTED,
  SECOND,
  abort,
  init,
  killPeer,
  leftUnsigned,
  mempool,
  point,
  splicein,
} from './cut-points.ts'

describe('a cut before commitments', () => {
  test.each(CUTS.flatMap(([who, cut]) => [['init', who, cut] as const, ['updated', who, cut] as const]))(
    'at %s, when %s, loses the splice without a trace, and a fresh one works',
    async (step, _, cut) => {
      const cln = await clnOf()
      const { psbt } = await spliceInTo(cln, step)
      cut(cln)
      cln.world.advance(10 * SECOND)
      const wire = await cln.open()
      const reply = await wire.ask('splice_update', { channel_id: cln.channelId, psbt })
      expect(reply.error).toMatchObject({ code: 358 })
      expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_NORMAL', inflights: [] })
      expect(mempool(cln)).toEqual([])
      const fresh = await wire.ask('splicein', { channel: cln.channelId, amount: '13000' })
      expect(fresh.result).toHaveProperty('txid')
    },
  )

  test('while the peer is away every step answers 351, and the input stays reserved', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'updated')
    cln.node.disconnectPeer()
    const update = { channel_id: cln.channelId, psbt }
    expect(await cln.fail('splice_update', update)).toEqual(DISCONNECTED)
    expect((await init(cln)).error).toMatchObject(DISCONNECTED)
    expect((await splicein(cln)).error).toMatchObject(DISCONNECTED)
    expect((await cln.get('listfunds'))['outputs']).toContainEqual(expect.objectContaining({ reserved: true }))
    const channel = await cln.channel()
    expect(channel).toMatchObject({ state: 'CHANNELD_NORMAL', peer_connected: false })
    expect(channel.owner).toBeUndefined()
  })
})

describe('a cut between commitments and our signatures', () => {
  test.each(CUTS)('when %s leaves an unsigned splice that no chain knows', async (_, cut) => {
    const { cln, psbt } = await leftUnsigned(cut)
    const { channels } = (await (await cln.open()).ask('listpeerchannels')).result ?? {}
    expect(channels).toMatchObject([
      { state: 'CHANNELD_NORMAL', peer_connected: true, inflight: [{ splice_amount: 100_000 }] },
    ])
    expect(mempool(cln)).toEqual([])
    const late = await (await cln.open()).ask('splice_signed', { channel_id: cln.channelId, psbt })
    expect(late.error).toMatchObject({ code: 358 })
    cln.world.mine(10)
    expect(cln.node.channel(cln.channelId).inflights).toHaveLength(1)
  })

  test('leaves an unsigned splice on which splice_init hangs, then answers 355, until abort_channels clears both', async () => {
    const { cln } = await leftUnsigned(killPeer)
    expect(await cln.hangs(init(cln))).toBe(true)
    expect((await init(cln)).error).toMatchObject({ code: 355, message: BUSY })
    expect((await init(cln)).error).toMatchObject({ code: 355 })
    await abort(cln)
    expect((await cln.channel()).inflight).toEqual([])
    expect((await splicein(cln)).result).toHaveProperty('txid')
    expect(cln.journal('blocked', 'inflight_dropped', 'unblocked')).toEqual([
      'blocked',
      'unblocked',
      'inflight_dropped',
    ])
  })

  test('while the peer is away splice_signed answers 351', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'wallet_signed')
    cln.node.disconnectPeer()
    expect(await cln.fail('splice_signed', { channel_id: cln.channelId, psbt })).toEqual(DISCONNECTED)
  })

  test.each(CUTS)('when %s does not stop a splice-out, which completes by itself', async (_, cut) => {
    const cln = await clnOf()
    await spliceOutTo(cln, 'secured', { address: ADDRESS })
    expect(mempool(cln)).toEqual([])
    cut(cln)
    cln.world.advance(10 * SECOND)
    const [inflight] = cln.node.channel(cln.channelId).inflights
    expect(mempool(cln)).toEqual([inflight?.funding.txid])
    expect(cln.node.channel(cln.channelId).state).toBe('CHANNELD_AWAITING_SPLICE')
    cln.world.mine(1)
    expect(cln.node.channel(cln.channelId).funding.txid).toBe(inflight?.funding.txid)
  })
})

describe('after splice_signed', () => {
  test.each(CUTS)('the splice survives when %s', async (_, cut) => {
    const cln = await clnOf()
    const { txid } = await spliceInTo(cln, 'signed')
    cut(cln)
    cln.world.advance(10 * SECOND)
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE' })
    expect(mempool(cln)).toEqual([txid])
    cln.world.mine(1)
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_NORMAL', funding: { txid } })
  })

  test('the splice survives three blocks while both are stopped, and locks when they are connected again', async () => {
    const cln = await clnOf()
    const { txid } = await spliceInTo(cln, 'signed')
    cln.node.disconnectPeer()
    cln.node.kill()
    cln.world.mine(3)
    cln.node.start()
    cln.world.advance(10 * SECOND)
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE' })
    cln.node.connectPeer()
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_NORMAL', funding: { txid } })
  })

  test.each(['us before SPLICE_LOCKED', 'peer before SPLICE_LOCKED'])(
    'a connection lost at %s puts the lock off until it is back',
    async (text) => {
      const cln = await clnOf()
      await spliceInTo(cln, 'signed')
      cln.node.at(point(text), { type: 'drop' })
      cln.world.mine(1)
      expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE', peer_connected: false })
      cln.world.advance(SECOND)
      expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_NORMAL' })
    },
  )

  test('a node that is killed before it sends SPLICE_LOCKED locks when it is back', async () => {
    const cln = await clnOf()
    const { txid } = await spliceInTo(cln, 'signed')
    cln.node.at(point('us before SPLICE_LOCKED'), { type: 'kill_node' })
    cln.world.mine(1)
    expect(cln.node.alive).toBe(false)
    cln.node.start()
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE' })
    cln.world.advance(SECOND)
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_NORMAL', funding: { txid } })
  })

  test('a peer that never sends its splice_locked leaves the splice pending, however deep', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    cln.node.setPeerLocks(cln.channelId, false)
    cln.world.mine(20)
    expect((await cln.channel()).state).toBe('CHANNELD_AWAITING_SPLICE')
    cln.node.setPeerLocks(cln.channelId, true)
    expect((await cln.channel()).state).toBe('CHANNELD_NORMAL')
  })
})
