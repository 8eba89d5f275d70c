import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { clnOf, spliceInTo, type Cln } from './cln-wire.ts'

/** The keys of a real node's answers (Core Lightning 26.06.6), nested ones after a dot, those of list elements after `[]`. */
const fixture = new URL('../../fixtures/cln-keys.json', import.meta.url)
const KEYS = z.record(z.string(), z.array(z.string())).parse(JSON.parse(readFileSync(fixture, 'utf8')))

/** What a real node says and this one has nothing to say about. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  listpeerchannels: ['channels[].funding.psbt'],
  'listpeerchannels pending': ['channels[].funding.psbt'],
  'listpeerchannels closing': ['channels[].funding.psbt', 'channels[].last_stable_connection'],
}

function keysOf(value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((element) => keysOf(element, `${prefix.slice(0, -1)}[].`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [prefix + key, ...keysOf(inner, `${prefix}${key}.`)])
}

function expectShape(name: string, answer: unknown): void {
  const expected = (KEYS[name] ?? []).filter((key) => !(LEFT_OUT[name] ?? []).includes(key))
  expect([...new Set(keysOf(answer))].sort()).toEqual(expected.sort())
}

const channels = (cln: Cln): Promise<unknown> => cln.get('listpeerchannels')

describe('has the keys of a real answer', () => {
  test('getinfo', async () => {
    expectShape('getinfo', await (await clnOf()).get('getinfo'))
  })

  test('listpeerchannels, of a channel that was spliced, and pending, and closing', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    expectShape('listpeerchannels pending', await channels(cln))
    cln.world.mine(6)
    expectShape('listpeerchannels', await channels(cln))
    await spliceInTo(cln, 'signed')
    await cln.get('abort_channels', { channel_ids: [cln.channelId] })
    cln.world.advance(2_000)
    expectShape('listpeerchannels closing', await channels(cln))
  })

  test('listfunds', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    expectShape('listfunds', await cln.get('listfunds'))
  })

  test('feerates', async () => {
    expectShape('feerates', await (await clnOf()).get('feerates', { style: 'perkw' }))
  })

  test('help', async () => {
    expectShape('help', await (await clnOf()).get('help', { command: 'splicein' }))
  })

  test('listchannels', async () => {
    const cln = await clnOf()
    expectShape('listchannels', await cln.get('listchannels'))
  })

  test('listchainmoves, after a lock', async () => {
    const cln = await clnOf()
    await spliceInTo(cln, 'signed')
    cln.world.mine(1)
    expectShape('listchainmoves', await cln.get('listchainmoves'))
  })

  test('every step of a splice', async () => {
    const cln = await clnOf()
    const { channelId: channel_id } = cln
    const fund = { satoshi: 1000, feerate: 'urgent', startweight: 800, excess_as_change: true }
    const funded = await cln.get('fundpsbt', fund)
    expectShape('fundpsbt', funded)
    const init = { channel_id, relative_amount: 1000, initialpsbt: funded['psbt'], feerate_per_kw: 253 }
    const opened = await cln.get('splice_init', init)
    expectShape('splice_init', opened)
    const updated = await cln.get('splice_update', { channel_id, psbt: opened['psbt'] })
    expectShape('splice_update', updated)
    const secured = await cln.get('splice_update', { channel_id, psbt: updated['psbt'] })
    expectShape('splice_update', secured)
    const signed = await cln.get('signpsbt', { psbt: secured['psbt'] })
    expectShape('signpsbt', signed)
    expectShape('splice_signed', await cln.get('splice_signed', { channel_id, psbt: signed['signed_psbt'] }))
  })

  test('addpsbtoutput, unreserveinputs, splicein and abort_channels', async () => {
    const cln = await clnOf()
    expectShape('addpsbtoutput', await cln.get('addpsbtoutput', { satoshi: 1000 }))
    const { psbt } = await spliceInTo(cln, 'funded')
    expectShape('unreserveinputs', await cln.get('unreserveinputs', { psbt }))
    expectShape('splicein', await cln.get('splicein', { channel: cln.channelId, amount: '1000' }))
    expectShape('abort_channels', await cln.get('abort_channels', { channel_ids: [] }))
  })

  test('errors, on the socket and of clnrest', async () => {
    const cln = await clnOf()
    const { error } = await cln.ask('splice_init', { channel_id: '00'.repeat(32), relative_amount: 1 })
    expectShape('error', error)
    const compiled = await cln.ask('splicein', { channel: cln.channelId, amount: 'abc' })
    expectShape('error of the compiler', compiled.error)
    expectShape('error of clnrest', (await cln.post('getinfo', {}, null)).body)
  })
})

describe('what listchannels and listchainmoves prove', () => {
  test('gossip shows the new short channel id, both ways, only once the splice is 6 deep', async () => {
    const cln = await clnOf()
    const gossip = async (): Promise<string[]> => {
      const Listed = z.object({ channels: z.array(z.looseObject({ short_channel_id: z.string() })) })
      return Listed.parse(await cln.get('listchannels')).channels.map((channel) => channel.short_channel_id)
    }
    const [old] = await gossip()
    await spliceInTo(cln, 'signed')
    cln.world.mine(5)
    const { short_channel_id } = await cln.channel()
    expect(await gossip()).toEqual([old, old])
    cln.world.mine(1)
    expect(await gossip()).toEqual([short_channel_id, short_channel_id])
    expect((await cln.get('listchannels', { short_channel_id: old }))['channels']).toEqual([])
  })

  test('a lock is a channel_close tagged splice with its spending txid, then a channel_open', async () => {
    const cln = await clnOf()
    const { funding_txid, funding_outnum } = await cln.channel()
    const { txid } = await spliceInTo(cln, 'signed')
    expect(await cln.get('listchainmoves')).toEqual({ chainmoves: [] })
    cln.world.mine(1)
    const { chainmoves } = await cln.get('listchainmoves', { index: 'created', start: 3 })
    expect(chainmoves).toMatchObject([
      {
        created_index: 3,
        account_id: cln.channelId,
        primary_tag: 'channel_close',
        extra_tags: ['splice'],
        utxo: `${funding_txid}:${funding_outnum}`,
        spending_txid: txid,
        blockheight: 121,
      },
      {
        created_index: 4,
        primary_tag: 'channel_open',
        credit_msat: 6_100_000_000,
        output_msat: 10_100_000_000,
      },
    ])
  })

  test('feerates tells the default of a splice, and the highest that is accepted', async () => {
    const cln = await clnOf()
    cln.world.chain.setFeeRate(1000)
    expect(await cln.get('feerates', { style: 'perkw' })).toMatchObject({
      perkw: { opening: 1000, splice: 1005, min_acceptable: 253, max_acceptable: 10_000 },
    })
    cln.world.chain.setFeeRate(null)
    expect(await cln.get('feerates', { style: 'perkw' })).toMatchObject({
      perkw: { opening: 253, splice: 258 },
      warning_missing_feerates: 'Some fee estimates unavailable: bitcoind startup?',
    })
  })
})
