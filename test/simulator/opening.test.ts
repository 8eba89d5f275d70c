import { describe, expect, test } from 'vitest'
import type { LdkChannel, LdkPayment } from '../../adapters/node/ldk/rpc.ts'
import { worldFrom, type Channel, type OpenOptions } from '../../simulator/world/world.ts'
import { outpointOf, splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { paymentIdOf } from '../../adapters/node/ldk/contribution.ts'
import { ADDRESS, CALL } from '../../harness/values.ts'
import { Scenario } from '../../harness/simulator/scenario.ts'

/** A scenario in which a second channel was opened a moment ago. */
class Opened extends Scenario {
  opened = ''

  static with(options: Partial<OpenOptions> = {}, rule = 0.1): Opened {
    const scenario = new Opened(Scenario.of({}, { incrementalRelaySatPerVb: rule }).world)
    scenario.opened = scenario.alice.openChannel({ valueSats: 2_000_000, lockDepth: 3, ...options })
    return scenario
  }

  get kept(): Readonly<Channel> {
    return this.alice.channel(this.opened)
  }

  /** The transactions that may become its funding, oldest first. */
  get rivals(): readonly { readonly txid: string; readonly hex: string }[] {
    return this.kept.opening?.candidates.map(({ funding }) => funding) ?? []
  }

  async listed(): Promise<LdkChannel> {
    const channels = await this.alice.rpc.listChannels(CALL)
    const found = channels.ok && channels.value.find(({ channelId }) => channelId === this.opened)
    if (!found) throw new Error('not listed')
    return found
  }

  async payments(): Promise<readonly LdkPayment[]> {
    const answer = await this.alice.rpc.listPayments(CALL)
    if (!answer.ok) throw new Error('no answer')
    return answer.value
  }

  /** Asks for a splice-out of the opened channel; answers the gRPC status, 0 for taken. */
  async spliced(): Promise<number | null> {
    const { userChannelId, peerId: counterpartyNodeId } = this.kept
    const request = { userChannelId, counterpartyNodeId, amountSats: 20_000, address: ADDRESS }
    const answer = await this.alice.rpc.spliceOut(request, CALL)
    return answer.ok ? 0 : answer.error.status
  }

  mempool(): string[] {
    return this.world.chain.mempool().map(({ txid }) => txid)
  }
}

describe('a channel that is opened', () => {
  test.each(['dual', 'single'] as const)(
    'is listed at once with its funding outpoint, and ready at its lock depth: %s',
    async (funding) => {
      const scenario = Opened.with({ funding, oursSats: 1_200_000 })
      const first = await scenario.listed()
      expect(first).toMatchObject({
        valueSats: 2_000_000,
        outboundMsat: 1_180_000_000,
        inboundMsat: 780_000_000,
        confirmationsRequired: 3,
        confirmations: 0,
        isReady: false,
        isUsable: false,
      })
      const { txid, vout } = splitOutpoint(first.funding ?? '')
      expect(scenario.world.chain.transaction(txid)?.outputs[vout]?.amountSats).toBe(2_000_000)
      scenario.world.mine(2)
      scenario.settle()
      expect(await scenario.listed()).toMatchObject({ confirmations: 2, isReady: false, isUsable: false })
      scenario.world.mine(1)
      scenario.settle()
      expect(await scenario.listed()).toMatchObject({
        funding: first.funding,
        confirmations: 3,
        isReady: true,
        isUsable: true,
      })
      expect(scenario.events.map(({ type, channelId }) => [type, channelId])).toEqual([
        ['channel_state_changed', scenario.opened],
        ['channel_state_changed', scenario.opened],
      ])
    },
  )

  test('has a transaction that pays the feerate and is signed for coins of the wallets', () => {
    const scenario = Opened.with({ feeRateSatPerKw: 2_000 })
    const tx = scenario.world.chain.mempool()[0]
    if (tx === undefined) throw new Error('no transaction')
    const feeRate = ((tx.feeSats ?? 0) * 1000) / tx.weight
    expect(feeRate).toBeGreaterThanOrEqual(2_000)
    expect(feeRate).toBeLessThan(2_050)
    // Ours pay 1,200,000 sat and the fee with two coins, the peer 800,000 with one.
    expect(tx.inputs).toHaveLength(3)
    expect(tx.outputs).toHaveLength(3)
  })

  test('has an id of its own: the funding outpoint’s where one side funds it, else one that outlives a replacement', () => {
    const single = Opened.with({ funding: 'single' })
    const { txid, vout } = single.kept.funding
    const id = Buffer.from(txid, 'hex').reverse()
    id.writeUInt16BE(id.readUInt16BE(30) ^ vout, 30)
    expect(single.opened).toBe(id.toString('hex'))

    const dual = Opened.with()
    dual.alice.replaceOpen(dual.opened)
    expect(dual.kept.channelId).toBe(dual.opened)
    const second = dual.alice.openChannel({ valueSats: 1_000_000 })
    expect(new Set(dual.alice.channels().map(({ userChannelId }) => userChannelId)).size).toBe(3)
    expect(second).not.toBe(dual.opened)
  })

  test('takes no splice and no payment before it is ready, and both afterwards', async () => {
    const scenario = Opened.with()
    expect(await scenario.spliced()).toBe(9)
    expect(() => scenario.alice.peerSplice(scenario.opened, { amountSats: 1, mergeOurs: false })).toThrow('not open')
    expect(() => scenario.alice.lightningPayment(scenario.opened, -1_000)).toThrow('cannot carry')
    scenario.world.mine(3)
    scenario.settle()
    scenario.alice.lightningPayment(scenario.opened, -1_000)
    expect(await scenario.spliced()).toBe(0)
    scenario.settle()
    scenario.world.mine(3)
    scenario.settle()
    expect(scenario.payouts(20_000)).toBe(1)
    expect(scenario.kept.funding.valueSats).toBeLessThan(1_980_000)
  })

  test('waits for its peer: without it, it is not ready', async () => {
    const scenario = Opened.with()
    scenario.alice.disconnectPeer()
    scenario.world.mine(3)
    scenario.settle()
    expect((await scenario.listed()).isReady).toBe(false)
    scenario.alice.connectPeer()
    scenario.settle()
    expect(await scenario.listed()).toMatchObject({ isReady: true, isUsable: true })
  })

  test('is ready at once where it needs no confirmation, and cannot be replaced', async () => {
    const scenario = Opened.with({ lockDepth: 0 })
    expect(() => scenario.alice.replaceOpen(scenario.opened)).toThrow('can be replaced')
    scenario.settle()
    expect(await scenario.listed()).toMatchObject({ isReady: true, isUsable: true, confirmations: 0 })
  })

  test('is not ready any more after a reorg before its depth, and force-closed after one past it', async () => {
    const early = Opened.with()
    early.world.mine(2)
    early.world.reorg(2, { include: 'none' })
    early.settle()
    expect(early.kept.status).toBe('open')
    expect(await early.listed()).toMatchObject({ confirmations: 0, isReady: false })
    early.world.mine(3)
    early.settle()
    expect((await early.listed()).isReady).toBe(true)
    early.world.reorg(4, { include: 'none' })
    expect(early.kept.status).toBe('closed')
  })

  test('is broadcast again when its transaction leaves the mempool', () => {
    const scenario = Opened.with()
    const [txid = ''] = scenario.mempool()
    scenario.world.evict(txid)
    expect(scenario.mempool()).toEqual([])
    scenario.world.mine(1)
    expect(scenario.mempool()).toEqual([txid])
  })

  test('can be closed before it is confirmed', () => {
    const scenario = Opened.with()
    scenario.alice.close(scenario.opened, 'force')
    expect(scenario.mempool()).toHaveLength(2)
    scenario.world.mine(1)
    expect(
      scenario.world.chain.spender(outpointOf(scenario.kept.funding.txid, scenario.kept.funding.vout)),
    ).not.toBeNull()
  })

  test('is forgotten by a node that is restored from an older backup', () => {
    const scenario = new Opened(Scenario.of().world)
    scenario.alice.saveBackup('before')
    scenario.opened = scenario.alice.openChannel({ valueSats: 1_000_000, lockDepth: 0 })
    scenario.alice.restoreBackup('before')
    scenario.settle()
    expect(scenario.alice.channels()).toHaveLength(1)
  })

  test.each<[string, OpenOptions, RegExp]>([
    ['more than the wallet holds', { valueSats: 11_000_000, funding: 'single' }, /alice does not have enough/],
    ['more than the peer holds', { valueSats: 90_000_000, oursSats: 0 }, /bob does not have enough/],
    ['a share over the value', { valueSats: 1_000_000, oursSats: 1_000_001 }, /share/],
    ['next to nothing', { valueSats: 999 }, /too small for a channel/],
  ])('cannot be of %s', (_, options, message) => {
    const scenario = Scenario.of()
    expect(() => scenario.alice.openChannel(options)).toThrow(message)
    expect(scenario.alice.channels()).toHaveLength(1)
    expect(scenario.noted('channel_opened')).toBe(0)
  })

  test('is in the journal', () => {
    const scenario = Opened.with()
    scenario.alice.replaceOpen(scenario.opened)
    scenario.world.mine(3)
    scenario.settle()
    const [first, second] = scenario.world.journal.entries
      .filter(({ type }) => type === 'channel_opened' || type === 'open_replaced')
      .map(({ txid }) => txid)
    const about = { node: 'alice', channelId: scenario.opened }
    const entries = scenario.world.journal.entries.filter(({ type }) => /^(channel_|open_)/.test(type))
    expect(entries).toMatchObject([
      {
        ...about,
        txid: first,
        detail: { funding: 'dual', valueSats: 2_000_000, oursSats: 1_200_000, rejection: null },
      },
      { ...about, txid: second, detail: { replaces: first, feeRateSatPerKw: 1041, rejection: null } },
      { ...about, type: 'channel_ready', txid: second },
    ])
  })
})

describe('the fee bump of an open', () => {
  test('conflicts with the first transaction, and the listing shows the new funding outpoint', async () => {
    const scenario = Opened.with()
    const before = await scenario.listed()
    const first = scenario.world.chain.mempool()[0]
    const outpoint = scenario.alice.replaceOpen(scenario.opened)
    expect(outpoint).not.toBe(before.funding)
    expect(await scenario.listed()).toEqual({ ...before, funding: outpoint })
    const second = scenario.world.chain.mempool()[0]
    expect(scenario.mempool()).toEqual([splitOutpoint(outpoint).txid])
    const inputs = new Set(first?.inputs.map((input) => input.outpoint))
    expect(second?.inputs.some((input) => inputs.has(input.outpoint))).toBe(true)
    expect(second?.feeSats ?? 0).toBeGreaterThan(first?.feeSats ?? 0)
  })

  test.each([0, 1])('whichever confirms is the channel’s: the one of number %i', async (n) => {
    const scenario = Opened.with()
    scenario.alice.replaceOpen(scenario.opened, { feeRateSatPerKw: 3_000 })
    const winner = scenario.rivals[n]
    if (winner === undefined) throw new Error('no such transaction')
    scenario.world.chain.mine(1, { transactions: [winner.hex] })
    const txidNow = async () => splitOutpoint((await scenario.listed()).funding ?? '').txid
    expect(await txidNow()).toBe(winner.txid)
    scenario.world.mine(2)
    scenario.settle()
    expect(await txidNow()).toBe(winner.txid)
    expect((await scenario.listed()).isReady).toBe(true)
    expect(scenario.mempool()).toEqual([])
  })

  test('that is not relayed leaves the first transaction in the mempool, which can win', async () => {
    const scenario = Opened.with({}, 1)
    const first = await scenario.listed()
    const outpoint = scenario.alice.replaceOpen(scenario.opened)
    expect(scenario.mempool()).toEqual([splitOutpoint(first.funding ?? '').txid])
    expect((await scenario.listed()).funding).toBe(outpoint)
    scenario.world.mine(1)
    expect((await scenario.listed()).funding).toBe(first.funding)
    scenario.world.reorg(1, { include: 'none' })
    expect((await scenario.listed()).funding).toBe(outpoint)
    scenario.world.mine(3)
    scenario.settle()
    expect(await scenario.listed()).toMatchObject({ funding: first.funding, isReady: true })
  })

  test.each<[string, (scenario: Opened) => void, RegExp]>([
    ['a single-funded one', (s) => (s.opened = s.alice.openChannel({ valueSats: 900_000, funding: 'single' })), /dual/],
    ['a confirmed one', (s) => s.world.mine(1), /confirmed/],
    ['a ready one', (s) => (s.world.mine(3), s.settle()), /not being opened/],
    ['a channel from the start', (s) => (s.opened = s.id), /not being opened/],
    ['one whose peer is away', (s) => s.alice.disconnectPeer(), /not connected/],
  ])('is refused for %s', (_, prepare, message) => {
    const scenario = Opened.with()
    prepare(scenario)
    expect(() => scenario.alice.replaceOpen(scenario.opened)).toThrow(message)
    expect(scenario.noted('open_replaced')).toBe(0)
  })

  test('keeps to the least feerate of a replacement, and to what the coins hold', () => {
    const scenario = Opened.with()
    expect(() => scenario.alice.replaceOpen(scenario.opened, { feeRateSatPerKw: 1_040 })).toThrow('1041')
    expect(() => scenario.alice.replaceOpen(scenario.opened, { feeRateSatPerKw: 10_000_000 })).toThrow(
      'do not cover this feerate',
    )
    expect(scenario.rivals).toHaveLength(1)
  })
})

describe('the payment of an open', () => {
  test('is named after its first transaction over a replacement, and has the figures of the one that confirms', async () => {
    const scenario = Opened.with()
    scenario.alice.replaceOpen(scenario.opened)
    const [first, second] = scenario.rivals
    const id = paymentIdOf(first?.txid ?? '')
    const figures = { id, amountMsat: 1_200_000_000, direction: 'outbound', channelIds: [scenario.opened] }
    expect(await scenario.payments()).toMatchObject([{ ...figures, txid: second?.txid, status: 'pending' }])
    scenario.world.chain.mine(1, { transactions: [first?.hex ?? ''] })
    scenario.world.mine(5)
    expect(await scenario.payments()).toMatchObject([{ ...figures, txid: first?.txid, status: 'succeeded' }])
  })

  test('names no channel where one side funds it, and there is none where the peer does', async () => {
    const single = Opened.with({ funding: 'single', oursSats: 1_500_000 })
    expect(await single.payments()).toMatchObject([{ amountMsat: 2_000_000_000, channelIds: [] }])
    const theirs = Opened.with({ funding: 'single', isOutbound: false })
    expect(await theirs.listed()).toMatchObject({ outboundMsat: 0 })
    expect(await theirs.payments()).toEqual([])
    const joined = Opened.with({ oursSats: 0, isOutbound: false })
    expect(await joined.payments()).toEqual([])
  })
})

test('a world with an open under way is the same when it is saved and loaded', () => {
  const scenario = Opened.with({}, 1)
  scenario.alice.replaceOpen(scenario.opened)
  const loaded = worldFrom(JSON.parse(JSON.stringify(scenario.world)))
  for (const world of [scenario.world, loaded]) {
    world.node('alice').replaceOpen(scenario.opened, { feeRateSatPerKw: 5_000 })
    world.mine(3)
    world.advance(1_000)
  }
  expect(loaded.toJSON()).toEqual(scenario.world.toJSON())
  expect(loaded.node('alice').channel(scenario.opened).opening).toBeNull()
})
