import { describe, expect, test } from 'vitest'
import { ClnPoint } from '../../../simulator/cln/state.ts'
import type { SimulatedClnNode } from '../../../simulator/world/world.ts'
import { clnOf, spliceInTo, spliceOutTo, type Cln, type Reply } from './cln-wire.ts'

type Point = Parameters<SimulatedClnNode['at']>[0]

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const SECOND = 1_000
const ABORTED = {
  code: -32602,
  message: 'splice_update: {"code":362,"message":"next_funding_txid not recognized."}',
}
const BUSY = 'Currently waiting on previous splice command to finish.'
const DISCONNECTED = { code: 351, message: 'Channel is disconnected' }

const point = (text: string): Point => {
  const [by, when, message] = text.split(' ')
  return ClnPoint.parse({ by, when, message })
}

const splicein = (cln: Cln, amount = '17000'): Promise<Reply> => cln.ask('splicein', { channel: cln.channelId, amount })
const abort = (cln: Cln): Promise<unknown> => cln.get('abort_channels', { channel_ids: [cln.channelId] })
const init = (cln: Cln): Promise<Reply> =>
  cln.ask('splice_init', { channel_id: cln.channelId, relative_amount: 10_000 })
const mempool = (cln: Cln): string[] => cln.world.chain.mempool().map(({ txid }) => txid)

/** A node whose splice stopped between commitments and signatures, with the peer back. */
async function leftUnsigned(cut: (cln: Cln) => void): Promise<{ readonly cln: Cln; readonly psbt: string }> {
  const cln = await clnOf()
  const { psbt } = await spliceInTo(cln, 'wallet_signed')
  cut(cln)
  cln.world.advance(10 * SECOND)
  return { cln, psbt }
}
const killPeer = ({ node }: Cln): void => node.disconnectPeer({ returnsAfterMs: SECOND })
const killNode = ({ node }: Cln): void => node.kill({ startsAfterMs: SECOND })
const CUTS = [
  ['the peer is killed', killPeer],
  ['the node is killed', killNode],
] as const

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
