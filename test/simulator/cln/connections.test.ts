import { describe, expect, test } from 'vitest'
import { clnOf, spliceInTo, type Cln } from './cln-wire.ts'
import { ABORTED, BUSY, DISCONNECTED, SECOND, abort, init, mempool, point, splicein } from './cut-points.ts'

describe('a splicein whose connection drops', () => {
  const HANGING = [
    'us before STFU',
    'us after STFU',
    'peer before STFU',
    'us before SPLICE',
    'us after SPLICE',
    'peer before SPLICE_ACK',
    'us before TX_ADD_INPUT',
  ]

  test.each(HANGING)('%s never answers, and the next one gets 355, once', async (text) => {
    const cln = await clnOf()
    cln.node.at(point(text), { type: 'drop' })
    expect(await cln.hangs(splicein(cln))).toBe(true)
    cln.world.advance(30 * SECOND)
    cln.node.disconnectPeer({ returnsAfterMs: SECOND })
    cln.world.advance(2 * SECOND)
    expect(await cln.channel()).toMatchObject({
      state: 'CHANNELD_NORMAL',
      peer_connected: true,
      inflight: [],
    })
    // The failed retry aborts inside, and so releases what barred it.
    expect((await splicein(cln)).error).toMatchObject({
      code: -32602,
      message: `stfu_channels: {"code":355,"message":"${BUSY}"}`,
    })
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test('and never answered blocks the channel until abort_channels, whatever low-level calls do', async () => {
    const cln = await clnOf()
    cln.node.at(point('peer before SPLICE_ACK'), { type: 'drop' })
    expect(await cln.hangs(splicein(cln))).toBe(true)
    for (let n = 0; n < 3; n++) {
      cln.world.advance(5 * SECOND)
      expect((await init(cln)).error).toMatchObject({ code: 355 })
    }
    await abort(cln)
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test('after the peer sent SPLICE_ACK answers 351, and the next one works', async () => {
    const cln = await clnOf()
    cln.node.at(point('peer after SPLICE_ACK'), { type: 'drop' })
    expect((await splicein(cln)).error).toMatchObject(DISCONNECTED)
    cln.world.advance(SECOND)
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test.each([
    'us after TX_COMPLETE',
    'us after COMMITMENT_SIGNED',
    'peer after COMMITMENT_SIGNED',
    'peer before TX_SIGNATURES',
  ])('%s answers 362, and no splice is left', async (text) => {
    const cln = await clnOf()
    cln.node.at(point(text), { type: 'drop' })
    expect((await splicein(cln)).error).toMatchObject(ABORTED)
    cln.world.advance(SECOND)
    expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_NORMAL', inflight: [] })
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test.each([
    ['us before COMMITMENT_SIGNED', true],
    ['peer before COMMITMENT_SIGNED', false],
  ])('%s answers 362; its unsigned splice outlives one abort (scratch: %s)', async (text, hasScratch) => {
    const cln = await clnOf()
    cln.node.at(point(text), { type: 'drop' })
    expect((await splicein(cln)).error).toMatchObject(ABORTED)
    cln.world.advance(SECOND)
    const { inflight } = await cln.channel()
    expect(inflight).toHaveLength(1)
    expect(inflight[0]?.scratch_txid !== undefined).toBe(hasScratch)
    await abort(cln)
    expect((await cln.channel()).inflight).toHaveLength(1)
    await abort(cln)
    expect((await cln.channel()).inflight).toEqual([])
  })

  test('after the peer sent TX_SIGNATURES answers -1 wrapping 351 and leaves an unsigned splice', async () => {
    const cln = await clnOf()
    cln.node.at(point('peer after TX_SIGNATURES'), { type: 'drop' })
    expect((await splicein(cln)).error).toMatchObject({
      code: -1,
      message: '{"code":351,"message":"Channel is disconnected"}',
    })
    cln.world.advance(SECOND)
    expect(await cln.channel()).toMatchObject({
      state: 'CHANNELD_NORMAL',
      inflight: [{ splice_amount: 17_000 }],
    })
    expect(mempool(cln)).toEqual([])
    await abort(cln)
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })

  test.each(['us before TX_SIGNATURES', 'us after TX_SIGNATURES'])('%s succeeds all the same', async (text) => {
    const cln = await clnOf()
    cln.node.at(point(text), { type: 'drop' })
    const { result } = await splicein(cln)
    expect(mempool(cln)).toEqual([result?.['txid']])
    expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE', peer_connected: false })
    cln.world.advance(SECOND)
    cln.world.mine(1)
    expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_NORMAL', funding_txid: result?.['txid'] })
  })
})

describe('a peer that is killed during a call', () => {
  test('stays away until it is started, and leaves what a lost connection does', async () => {
    const cln = await clnOf()
    cln.node.at(point('peer before COMMITMENT_SIGNED'), { type: 'kill_peer' })
    expect((await splicein(cln)).error).toMatchObject(ABORTED)
    cln.world.advance(60 * SECOND)
    expect(await cln.channel()).toMatchObject({
      peer_connected: false,
      inflight: [{ splice_amount: 17_000 }],
    })
    cln.node.connectPeer()
    await abort(cln)
    await abort(cln)
    expect((await splicein(cln)).result).toHaveProperty('txid')
  })
})

describe('SIGKILL during a call', () => {
  const kill = async (text: string): Promise<Cln> => {
    const cln = await clnOf()
    cln.node.at(point(text), { type: 'kill_node' })
    await expect(splicein(cln)).rejects.toThrow('the connection ended')
    cln.node.start()
    cln.world.advance(10 * SECOND)
    return cln
  }
  const looks = (cln: Cln): unknown => {
    const { state, inflights } = cln.node.channel(cln.channelId)
    return { state, inflights: inflights.length, mempool: mempool(cln).length }
  }

  test('before commitments the socket closes and the splice is lost', async () => {
    expect(looks(await kill('us after TX_ADD_OUTPUT'))).toEqual({
      state: 'CHANNELD_NORMAL',
      inflights: 0,
      mempool: 0,
    })
  })

  test('before our signatures leave it stays unsigned', async () => {
    expect(looks(await kill('us before TX_SIGNATURES'))).toEqual({
      state: 'CHANNELD_NORMAL',
      inflights: 1,
      mempool: 0,
    })
  })

  test('once our database has them it is pending', async () => {
    const cln = await kill('us before BROADCAST')
    expect(looks(cln)).toEqual({ state: 'CHANNELD_AWAITING_SPLICE', inflights: 1, mempool: 1 })
    cln.world.mine(1)
    expect(looks(cln)).toEqual({ state: 'CHANNELD_NORMAL', inflights: 0, mempool: 0 })
  })

  test('in between it is limbo: the transaction confirms, and neither side ever locks', async () => {
    const cln = await kill('us after TX_SIGNATURES')
    expect(looks(cln)).toEqual({ state: 'CHANNELD_NORMAL', inflights: 1, mempool: 1 })
    cln.world.mine(7)
    cln.node.disconnectPeer({ returnsAfterMs: SECOND })
    cln.world.advance(2 * SECOND)
    cln.node.kill({ startsAfterMs: SECOND })
    cln.world.advance(10 * SECOND)
    cln.world.mine(1)
    expect(looks(cln)).toEqual({ state: 'CHANNELD_NORMAL', inflights: 1, mempool: 0 })
    expect(cln.world.journal.effectiveSplices()).toMatchObject([{ oursNetSats: 17_000, confirmed: true }])
  })

  test('in limbo the next splicein answers 350 and adds a signed inflight that can never confirm', async () => {
    const cln = await kill('us after TX_SIGNATURES')
    cln.world.mine(7)
    const wire = await cln.open()
    const { error } = await wire.ask('splicein', { channel: cln.channelId, amount: '12000' })
    expect(error).toMatchObject({ code: -1 })
    expect(error?.message).toContain('bad-txns-inputs-missingorspent')
    expect(looks(cln)).toEqual({ state: 'CHANNELD_AWAITING_SPLICE', inflights: 2, mempool: 0 })
    cln.world.mine(3)
    expect(looks(cln)).toEqual({ state: 'CHANNELD_AWAITING_SPLICE', inflights: 2, mempool: 0 })
  })
})

describe('calls that outlive their client', () => {
  test('with the peer frozen for 70 s the call hangs, and then succeeds', async () => {
    const cln = await clnOf()
    cln.node.freezePeer(70 * SECOND)
    const call = splicein(cln)
    expect(await cln.hangs(call)).toBe(true)
    cln.world.advance(69 * SECOND)
    expect(await cln.hangs(call)).toBe(true)
    cln.world.advance(SECOND)
    expect((await call).result).toHaveProperty('txid')
  })

  test('a client that hangs up cancels nothing', async () => {
    const cln = await clnOf()
    cln.node.freezePeer(70 * SECOND)
    const wire = await cln.open()
    wire.ask('splicein', { channel: cln.channelId, amount: '17000' }).catch(() => undefined)
    await wire.ask('getinfo')
    wire.socket.destroy()
    cln.world.advance(70 * SECOND)
    expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_AWAITING_SPLICE' })
    expect(mempool(cln)).toHaveLength(1)
  })

  test('a freeze at a message begins with the call that exchanges it', async () => {
    const cln = await clnOf()
    cln.node.at(point('us before COMMITMENT_SIGNED'), { type: 'freeze_peer', ms: 40 * SECOND })
    const { psbt } = await spliceInTo(cln, 'updated')
    const call = cln.ask('splice_update', { channel_id: cln.channelId, psbt })
    expect(await cln.hangs(call)).toBe(true)
    cln.world.advance(40 * SECOND)
    expect((await call).result).toMatchObject({ commitments_secured: true })
  })

  test('a peer that goes away while it is frozen ends the call: 351', async () => {
    const cln = await clnOf()
    cln.node.freezePeer(70 * SECOND)
    const call = splicein(cln)
    expect(await cln.hangs(call)).toBe(true)
    cln.node.disconnectPeer()
    expect((await call).error).toMatchObject(DISCONNECTED)
  })

  test('a node that is killed while a call waits closes the socket, and does not remember the call', async () => {
    const cln = await clnOf()
    cln.node.freezePeer(70 * SECOND)
    const call = splicein(cln)
    expect(await cln.hangs(call)).toBe(true)
    cln.node.kill({ startsAfterMs: SECOND })
    await expect(call).rejects.toThrow('the connection ended')
    cln.world.advance(100 * SECOND)
    expect(cln.node.channel(cln.channelId)).toMatchObject({ state: 'CHANNELD_NORMAL', inflights: [] })
    expect(mempool(cln)).toEqual([])
  })
})
