import { Psbt, Transaction } from 'bitcoinjs-lib'
import * as ecc from '@bitcoinerlab/secp256k1'
import { describe, expect, test } from 'vitest'
import { decodePsbt, transactionOf } from '../../../simulator/cln/psbt.ts'
import { clnOf, spliceInTo, spliceOutTo } from './cln-wire.ts'

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'

const txidIn = (base64: string): string => {
  const psbt = decodePsbt(base64)
  if (psbt === null) throw new Error('no PSBT')
  return transactionOf(psbt).getId()
}

describe('a splice-in, step by step', () => {
  test('locks with the amount in the channel, a new outpoint and a new short channel id', async () => {
    const cln = await clnOf()
    const before = await cln.channel()
    const { txid } = await spliceInTo(cln, 'signed')
    cln.world.mine(1)
    const after = await cln.channel()
    expect(after).toMatchObject({
      state: 'CHANNELD_NORMAL',
      funding_txid: txid,
      total_msat: before.total_msat + 100_000_000,
      to_us_msat: before.to_us_msat + 100_000_000,
      channel_id: before.channel_id,
      inflight: [],
    })
    expect(after.short_channel_id).toBe(`121x1x${after.funding_outnum}`)
    expect(after.state_changes.map(({ message }) => message)).toEqual(['Splice signatures sent', 'Lockin complete'])
    expect(cln.world.journal.effectiveSplices()).toEqual([
      { channelId: cln.channelId, txid, oursNetSats: 100_000, confirmed: true },
    ])
  })

  test('shows an inflight once commitments are secured, while everything else is as before', async () => {
    const cln = await clnOf()
    const before = await cln.channel()
    await spliceInTo(cln, 'updated')
    expect((await cln.channel()).inflight).toEqual([])
    const { psbt } = await spliceInTo(await clnOf(), 'secured')
    const secured = await clnOf()
    await spliceInTo(secured, 'secured')
    const channel = await secured.channel()
    expect(channel).toMatchObject({
      state: 'CHANNELD_NORMAL',
      funding_txid: before.funding_txid,
      to_us_msat: before.to_us_msat,
      inflight: [{ splice_amount: 100_000, feerate: '258perkw', total_funding_msat: before.total_msat + 100_000_000 }],
    })
    expect(channel.inflight[0]?.scratch_txid).toMatch(/^[0-9a-f]{64}$/)
    expect(channel.inflight[0]?.funding_txid).toBe(txidIn(psbt))
  })

  test('is pending after splice_signed: balances and outpoint are the old ones, and payments work', async () => {
    const cln = await clnOf()
    const before = await cln.channel()
    const { txid } = await spliceInTo(cln, 'signed')
    expect(await cln.channel()).toMatchObject({
      state: 'CHANNELD_AWAITING_SPLICE',
      funding_txid: before.funding_txid,
      to_us_msat: before.to_us_msat,
      inflight: [{ funding_txid: txid }],
    })
    expect(cln.node.lightningPayment(cln.channelId, -1_000_000)).toBe('paid')
    cln.world.mine(1)
    expect((await cln.channel()).to_us_msat).toBe(before.to_us_msat + 99_000_000)
  })

  test('has its final txid only when its parts are in the order of their serial ids', async () => {
    const cln = await clnOf()
    const { channelId: channel_id } = cln
    const { psbt: first } = await spliceInTo(cln, 'init')
    const update = await cln.get('splice_update', { channel_id, psbt: first })
    expect(update).toMatchObject({ commitments_secured: false, signatures_secured: false })
    const secured = await cln.get('splice_update', { channel_id, psbt: update['psbt'] })
    expect(secured).toMatchObject({ commitments_secured: true, signatures_secured: true })
    expect(txidIn(String(secured['psbt']))).toBe(txidIn(String(update['psbt'])))
    expect(txidIn(String(secured['psbt']))).toBe((await cln.channel()).inflight[0]?.funding_txid)
  })

  test('is a PSBT of version 0 that bitcoinjs-lib reads, with valid signatures of both sides and the wallet', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'wallet_signed')
    const read = Psbt.fromBase64(psbt)
    expect(read.validateSignaturesOfAllInputs((key, hash, signature) => ecc.verify(hash, key, signature))).toBe(true)
    expect(read.data.inputs.map((input) => input.partialSig?.length).sort()).toEqual([1, 2])
    read.finalizeAllInputs()
    const signed = await cln.get('splice_signed', { channel_id: cln.channelId, psbt })
    expect(signed['tx']).toBe(read.extractTransaction().toHex())
    expect(decodePsbt(String(signed['psbt']))?.version).toBe(2)
  })

  test('keeps the keys of the funding output', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'secured')
    const read = Psbt.fromBase64(psbt)
    const shared = read.data.inputs.find(({ witnessScript }) => witnessScript !== undefined)
    const script = Buffer.from(shared?.witnessUtxo?.script ?? []).toString('hex')
    expect(read.txOutputs.map((output) => Buffer.from(output.script).toString('hex'))).toContain(script)
  })
})

describe('a splice-out, step by step', () => {
  test('pays an address, and takes the fee from the channel', async () => {
    const cln = await clnOf()
    const before = await cln.channel()
    const { txid } = await spliceOutTo(cln, 'signed', { address: ADDRESS })
    expect((await cln.channel()).inflight).toMatchObject([{ funding_txid: txid, splice_amount: -50_300 }])
    cln.world.mine(1)
    expect((await cln.channel()).to_us_msat).toBe(before.to_us_msat - 50_300_000)
    expect(cln.world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
  })

  test('stays a PSBT of version 2 all the way', async () => {
    const cln = await clnOf()
    for (const step of ['init', 'updated', 'secured', 'signed'] as const) {
      const other = await clnOf()
      const { psbt } = await spliceOutTo(other, step, { address: ADDRESS })
      expect(decodePsbt(psbt)?.version).toBe(2)
    }
    const { psbt } = await cln.get('addpsbtoutput', { satoshi: 1000 })
    expect(String(psbt)).toMatch(/^cHNidP8BAgQC/)
  })

  test('needs no signature of the wallet', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceOutTo(cln, 'secured', { address: ADDRESS })
    expect(await cln.fail('signpsbt', { psbt })).toMatchObject({ code: -32602 })
    const { tx } = await cln.get('splice_signed', { psbt })
    expect(Transaction.fromHex(String(tx)).ins.map(({ witness }) => witness.length)).toEqual([4])
  })

  test('may go below the reserve', async () => {
    const cln = await clnOf({ channels: [{ valueSats: 1_000_000, oursSats: 600_000, lockDepth: 1 }] })
    await spliceOutTo(cln, 'signed', { address: ADDRESS, sats: 595_000 })
    cln.world.mine(1)
    expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_NORMAL', to_us_msat: 4_700_000 })
  })
})

describe('the wallet', () => {
  test('reserves what fundpsbt selects for 72 blocks, and gives it back to unreserveinputs', async () => {
    const cln = await clnOf()
    const { psbt, reservations } = await cln.get('fundpsbt', {
      satoshi: 100_000,
      feerate: 'urgent',
      startweight: 800,
      excess_as_change: true,
    })
    expect(reservations).toMatchObject([{ was_reserved: false, reserved: true, reserved_to_block: 192 }])
    expect((await cln.get('listfunds'))['outputs']).toContainEqual(
      expect.objectContaining({ reserved: true, reserved_to_block: 192 }),
    )
    expect((await cln.get('unreserveinputs', { psbt }))['reservations']).toMatchObject([
      { was_reserved: true, reserved: false },
    ])
    expect((await cln.get('listfunds'))['outputs']).not.toContainEqual(expect.objectContaining({ reserved: true }))
  })

  test('forgets a reservation after 72 blocks', async () => {
    const cln = await clnOf({ walletCoinsSats: [500_000] })
    await spliceInTo(cln, 'funded')
    const again = { satoshi: 100_000, feerate: 'urgent', startweight: 800 }
    expect((await cln.fail('fundpsbt', again)).code).toBe(301)
    cln.world.mine(72)
    expect(await cln.get('fundpsbt', again)).toHaveProperty('reservations')
  })

  test('does not sign what is not reserved', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'funded')
    await cln.get('unreserveinputs', { psbt })
    const { code, message } = await cln.fail('signpsbt', { psbt })
    expect(code).toBe(-32602)
    expect(message).toContain('is not reserved')
  })

  test('tells of the change of a pending splice, and keeps its input until a block spends it', async () => {
    const cln = await clnOf()
    const outputs = async (): Promise<unknown> => (await cln.get('listfunds'))['outputs']
    const { txid } = await spliceInTo(cln, 'signed')
    expect(await outputs()).toContainEqual(expect.objectContaining({ txid, status: 'unconfirmed' }))
    expect(await outputs()).toContainEqual(expect.objectContaining({ reserved: true }))
    cln.world.mine(1)
    expect(await outputs()).toContainEqual(expect.objectContaining({ txid, status: 'confirmed', blockheight: 121 }))
    expect(await outputs()).not.toContainEqual(expect.objectContaining({ reserved: true }))
  })
})

describe('a splice on a pending one is a replacement', () => {
  test('with a higher fee it takes the place of the first; the winner locks, the other vanishes', async () => {
    const cln = await clnOf()
    const { txid: first } = await spliceInTo(cln, 'signed')
    const { txid: second } = await spliceInTo(cln, 'signed', { feerate: '2000perkw' })
    expect((await cln.channel()).inflight.map(({ funding_txid }) => funding_txid)).toEqual([first, second])
    expect(cln.world.chain.mempool().map(({ txid }) => txid)).toEqual([second])
    cln.world.mine(1)
    expect(await cln.channel()).toMatchObject({
      funding_txid: second,
      inflight: [],
      total_msat: 10_100_000_000,
    })
    expect(cln.world.journal.bumpsExecuted(cln.channelId)).toBe(1)
    expect(cln.world.journal.submissionsExecuted(cln.channelId)).toBe(1)
  })

  test('with too small a fee it answers 350, adds another signed inflight and reserves more inputs', async () => {
    const cln = await clnOf()
    const { txid: first } = await spliceInTo(cln, 'signed')
    const { psbt } = await spliceInTo(cln, 'wallet_signed')
    const { code, message } = await cln.fail('splice_signed', { channel_id: cln.channelId, psbt })
    expect(code).toBe(350)
    const { inflight, state } = await cln.channel()
    expect(state).toBe('CHANNELD_AWAITING_SPLICE')
    expect(inflight).toHaveLength(2)
    expect(message).toMatch(
      new RegExp(
        `error code: -26\\\\nerror message:\\\\ninsufficient fee, rejecting replacement ${inflight[1]?.funding_txid}`,
      ),
    )
    expect(cln.world.chain.mempool().map(({ txid }) => txid)).toEqual([first])
    const { outputs } = await cln.get('listfunds')
    const reserved = JSON.stringify(outputs).match(/"reserved":true/g)
    expect(reserved).toHaveLength(2)
    cln.world.mine(1)
    expect(await cln.channel()).toMatchObject({ funding_txid: first, inflight: [] })
  })

  test('counts from the funding that stands, not from the pending splice', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    await spliceInTo(cln, 'signed', { sats: 30_000, feerate: '2000perkw' })
    cln.world.mine(1)
    expect((await cln.channel()).total_msat).toBe(10_030_000_000)
  })
})

describe('splicein and spliceout', () => {
  test('splicein puts exactly the amount into the channel and answers txid and PSBT', async () => {
    const cln = await clnOf()
    const result = await cln.get('splicein', { channel: cln.channelId, amount: '100000' })
    expect(Object.keys(result)).toEqual(['psbt', 'txid'])
    expect((await cln.channel()).inflight).toMatchObject([
      { funding_txid: result['txid'], splice_amount: 100_000, feerate: '253perkw' },
    ])
  })

  test('spliceout adds the fee to what leaves the channel', async () => {
    const cln = await clnOf()
    await cln.get('spliceout', { channel: cln.channelId, amount: '50000' })
    expect((await cln.channel()).inflight[0]?.splice_amount).toBeLessThan(-50_000)
    expect((await cln.channel()).inflight[0]?.splice_amount).toBeGreaterThan(-50_300)
  })

  test('spliceout to an address is refused, although it is documented', async () => {
    const cln = await clnOf()
    const to = { channel: cln.channelId, amount: '50000', destination: ADDRESS }
    expect(await cln.fail('spliceout', to)).toEqual({
      code: -32602,
      message: 'Dynamic bitcoin address amounts not supported for now',
    })
  })

  test.each([
    ['an unknown channel', { channel: '00'.repeat(32), amount: '1000' }, 'Channel id not one of our channels.'],
    ['a short channel id', { channel: '108x1x0', amount: '1000' }, 'Failed to parse sat amount'],
    ['no amount', { amount: 'abc' }, 'Failed to parse sat amount'],
    ['a negative amount', { amount: -1 }, 'Failed to parse sat amount'],
  ])('%s is an error of the compiler', async (_, params, why) => {
    const cln = await clnOf()
    const { error } = await cln.ask('splicein', { channel: cln.channelId, ...params })
    expect(error).toMatchObject({ code: -32602, message: 'Splice script compile failed' })
    expect(error).toHaveProperty('compiler_error', expect.arrayContaining([why]))
  })
})

describe('what the node refuses', () => {
  const zeros = '00'.repeat(32)

  test('a channel that it does not know: 352, and a malformed id: -32602', async () => {
    const cln = await clnOf()
    const splice = { channel_id: zeros, relative_amount: 10_000 }
    expect(await cln.fail('splice_init', splice)).toEqual({ code: 352, message: `Unknown channel ${zeros}` })
    expect(await cln.fail('splice_init', { ...splice, channel_id: 'zz' })).toEqual({
      code: -32602,
      message: `channel_id: should be a channel id: invalid token '"zz"'`,
    })
  })

  test('a call without a required parameter, or with one that it does not know', async () => {
    const cln = await clnOf()
    expect(await cln.fail('splicein', { channel: zeros })).toEqual({
      code: -32602,
      message: 'missing required parameter: amount',
    })
    expect((await cln.fail('getinfo', { deep: true })).code).toBe(-32602)
  })

  test('an update or a signature without a negotiation: 358', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'funded')
    const params = { channel_id: cln.channelId, psbt }
    expect(await cln.fail('splice_update', params)).toEqual({
      code: 358,
      message: "Can't accept a splice PSBT update because this channel hasn't begun a splice.",
    })
    expect(await cln.fail('splice_signed', params)).toEqual({
      code: 358,
      message: "Can't accept a signed splice PSBT because this channel hasn't begun a splice.",
    })
  })

  test('a second splice while one is negotiated: 358', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'init')
    expect((await cln.fail('splice_init', { channel_id: cln.channelId, relative_amount: 1 })).code).toBe(358)
  })

  test('more than the balance: 362 at the update, and the negotiation is over', async () => {
    const cln = await clnOf({ channels: [{ valueSats: 1_000_000, oursSats: 700_000, lockDepth: 1 }] })
    const made = await cln.get('addpsbtoutput', { satoshi: 755_000 })
    const init = { channel_id: cln.channelId, relative_amount: -760_000, initialpsbt: made['psbt'] }
    let psbt = (await cln.get('splice_init', init))['psbt']
    psbt = (await cln.get('splice_update', { channel_id: cln.channelId, psbt }))['psbt']
    expect(await cln.fail('splice_update', { channel_id: cln.channelId, psbt })).toEqual({
      code: 362,
      message:
        'Intiator is attempting to splice out -760000sat funds out of channel while only having 700000sat funds attributable to them.',
    })
    expect((await cln.fail('splice_update', { channel_id: cln.channelId, psbt })).code).toBe(358)
  })

  test('more than the whole channel: 363 and a disconnection, with nothing closed', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    const far = { channel_id: cln.channelId, relative_amount: -900_000_000 }
    expect(await cln.fail('splice_init', far)).toEqual({
      code: 363,
      message: 'Splice command failed: Unable to add opener funding',
    })
    expect((await cln.channel()).peer_connected).toBe(false)
    cln.world.advance(10_000)
    cln.world.mine(1)
    expect(await cln.channel()).toMatchObject({ state: 'CHANNELD_NORMAL', inflight: [] })
  })

  test('an amount that the wallet does not have: 301', async () => {
    const cln = await clnOf({ walletCoinsSats: [400_000, 300_000] })
    const much = { satoshi: '9000000sat', feerate: 'urgent', startweight: 0 }
    expect(await cln.fail('fundpsbt', much)).toEqual({
      code: 301,
      message: 'Could not afford 9000000sat using all 2 available UTXOs: 8300137sat short',
    })
  })

  test('a peer without splicing: 354; a channel that waits for its first lock: 353', async () => {
    const splice = { relative_amount: 1000 }
    const old = await clnOf({ peerSplices: false })
    expect((await old.fail('splice_init', { channel_id: old.channelId, ...splice })).code).toBe(354)
    const young = await clnOf({ channels: [{ awaitsLockin: true }] })
    expect((await young.fail('splice_init', { channel_id: young.channelId, ...splice })).code).toBe(353)
  })

  test('a fee under the feerate, and one over the highest acceptable unless it is forced', async () => {
    const low = await clnOf()
    const { psbt } = await spliceOutTo(low, 'updated', { address: ADDRESS, feeSats: 100 })
    expect((await low.fail('splice_update', { channel_id: low.channelId, psbt })).code).toBe(359)
    const high = await clnOf()
    const far = await spliceOutTo(high, 'updated', { address: ADDRESS, feeSats: 5000 })
    expect((await high.fail('splice_update', { channel_id: high.channelId, psbt: far.psbt })).code).toBe(360)
    const careless = await clnOf({ ignoreFeeLimits: true })
    expect((await spliceOutTo(careless, 'signed', { address: ADDRESS, feeSats: 5000 })).txid).not.toBeNull()
  })

  test('a PSBT whose transaction is not the one that was agreed', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'secured')
    const { psbt } = await spliceInTo(await clnOf({ channels: [{ valueSats: 5_000_000 }] }), 'secured')
    expect((await cln.fail('splice_signed', { channel_id: cln.channelId, psbt })).code).toBe(356)
  })

  test('a splice that the wallet did not sign: 358, and it can still be signed', async () => {
    const cln = await clnOf()
    const { psbt } = await spliceInTo(cln, 'secured')
    expect((await cln.fail('splice_signed', { channel_id: cln.channelId, psbt })).code).toBe(358)
    const { signed_psbt } = await cln.get('signpsbt', { psbt })
    expect(await cln.get('splice_signed', { psbt: signed_psbt })).toHaveProperty('txid')
  })
})
