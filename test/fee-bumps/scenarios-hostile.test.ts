import { describe, expect, test } from 'vitest'
import { openBumpOf } from '../../core/splice/replacement.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import type { KeeperOptions } from '../../harness/keeper/options.ts'

const BLOCKS = { blockMs: 10 * MINUTE }
const bumpsTaken = (keeper: Keeper): number => keeper.world.journal.bumpsExecuted(keeper.channelId)
const underCeiling = (maxFeeRateSatPerKw: number) => ({
  budget: { maxAttempts: null, deadline: null, maxFeeRateSatPerKw, maxFeeSats: null },
})

async function pending(options: KeeperOptions = {}, request = {}): Promise<{ keeper: Keeper; id: string }> {
  const keeper = await startKeeper(options)
  keeper.world.chain.setFeeRate(1_000)
  const { id } = await keeper.post(request)
  await keeper.run(2 * MINUTE)
  expect((await keeper.splice(id)).state).toBe('pending')
  return { keeper, id }
}

/** The peer's round goes first, without ours; ours replaces it. A bump is taken, and then the peer goes away. */
async function behindThePeer(options: KeeperOptions = {}): Promise<{ keeper: Keeper; id: string; theirs: string }> {
  const keeper = await startKeeper(options)
  keeper.world.chain.setFeeRate(1_000)
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await keeper.work()
  keeper.node.connectPeer()
  const round = { amountSats: 100_000, mergeOurs: false, initiator: 'peer', feeRateSatPerKw: 500 } as const
  keeper.node.peerSplice(keeper.channelId, round)
  await keeper.run(3 * MINUTE)
  const { candidates } = keeper.node.channel(keeper.channelId)
  expect(candidates.map(({ ours }) => ours !== null)).toEqual([false, true])
  keeper.world.chain.setFeeRate(3_000)
  await keeper.bump(id)
  await keeper.work()
  keeper.node.disconnectPeer()
  return { keeper, id, theirs: candidates[0]?.funding.hex ?? '' }
}

describe("the peer's own, older transaction is mined while a bump waits at the node", () => {
  test('nothing is claimed to have failed: the bump runs on the next funding, and settles the splice', async () => {
    const { keeper, id, theirs } = await behindThePeer()
    keeper.world.chain.mine(1, { transactions: [theirs] })
    await keeper.run(80 * MINUTE, BLOCKS)
    expect((await keeper.splice(id)).attention?.code).toBe('unproven')
    keeper.node.connectPeer()
    await keeper.run(5 * MINUTE)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.state).toBe('settled')
    expect(keeper.payouts).toBe(1)
    const log = await keeper.log(id)
    expect(log).not.toContain('splice.failed')
    expect(log).not.toContain('splice.corrected')
  })

  test('what it became on the next funding may leave the mempool, and has not failed', async () => {
    const { keeper, id, theirs } = await behindThePeer({
      node: { broadcasts: 'once', channels: [{ lockDepth: 3 }] },
    })
    keeper.world.chain.mine(1, { transactions: [theirs] })
    keeper.world.mine(2)
    keeper.node.connectPeer()
    await keeper.run(3 * MINUTE)
    for (const { txid } of keeper.world.chain.mempool()) keeper.world.chain.withhold(txid)
    await keeper.run(60 * MINUTE, BLOCKS)
    const newest = (await keeper.splice(id)).candidates.at(-1)?.txid ?? ''
    keeper.world.chain.setRelayRule({ minRelaySatPerVb: 500 })
    keeper.world.evict(newest)
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('pending')
  })
})

test('a late bump of a settled splice never replaces the transaction of the next one', async () => {
  const { keeper, id } = await pending()
  keeper.world.chain.setFeeRate(3_000)
  keeper.node.fault({ type: 'late', ms: 55_000 })
  await keeper.bump(id)
  const other = await keeper.post({ amountSats: 60_000 })
  await keeper.work()
  keeper.world.mine(6)
  for (let looks = 0; looks < 6; looks++) {
    keeper.world.advance(3_000)
    await keeper.sweep()
    await keeper.work()
  }
  expect((await keeper.splice(id)).state, 'its request can still arrive').toBe('confirmed')
  expect((await keeper.splice(other.id)).attempts).toEqual([])
  await keeper.run(5 * MINUTE)
  expect((await keeper.splice(id)).state).toBe('settled')
  expect((await keeper.splice(other.id)).candidates).toHaveLength(1)
})

test('a late request of a bump that is over does not run beside the next bump', async () => {
  const { keeper, id } = await pending()
  keeper.world.chain.setFeeRate(3_000)
  keeper.node.fault({ type: 'late', ms: 50_000 })
  await keeper.bump(id, 'bmp_1')
  await keeper.work()
  keeper.node.peerReplace(keeper.channelId, { feeRateSatPerKw: 1_100 })
  await keeper.run(20_000)
  await keeper.sweep()
  expect(openBumpOf(await keeper.splice(id)), "the peer's replacement is what was wanted").toBeNull()
  await keeper.run(10_000)
  await keeper.bump(id, 'bmp_2')
  await keeper.run(6 * MINUTE)
  expect((await keeper.splice(id)).candidates).toHaveLength(3)
  expect(bumpsTaken(keeper)).toBe(1)
})

test('a bump is not done by a replacement that stood before it was asked for', async () => {
  const { keeper, id } = await pending()
  keeper.world.chain.setRelayRule({ incrementalRelaySatPerVb: 1 })
  await keeper.bump(id, 'bmp_1')
  await keeper.run(10 * MINUTE)
  keeper.world.chain.setFeeRate(3_000)
  await keeper.bump(id, 'bmp_2')
  await keeper.run(5 * MINUTE)
  const [, unrelayed, best] = keeper.node.channel(keeper.channelId).candidates
  keeper.world.chain.mine(1, { transactions: [unrelayed?.funding.hex ?? ''] })
  await keeper.run(2 * MINUTE)
  keeper.world.reorg(1, { include: 'none', drop: [unrelayed?.funding.txid ?? ''] })
  keeper.world.chain.broadcast(best?.funding.hex ?? '')
  await keeper.run(2 * MINUTE)
  keeper.world.chain.setFeeRate(6_000)
  const before = bumpsTaken(keeper)
  await keeper.bump(id, 'bmp_3')
  await keeper.run(5 * MINUTE)
  expect((await keeper.splice(id)).bumps.at(-1)?.outcome?.result).toBe('done')
  expect(bumpsTaken(keeper)).toBe(before + 1)
})

test('a splice does not bump by itself at once after a reorg', async () => {
  const { keeper, id } = await pending({}, { autoBumpAfterBlocks: 3, ...underCeiling(9_000) })
  await keeper.run(40 * MINUTE, BLOCKS)
  expect((await keeper.splice(id)).state).toBe('confirmed')
  keeper.world.reorg(4, { include: 'none', newLength: 5 })
  await keeper.run(3 * MINUTE)
  expect(await keeper.splice(id)).toMatchObject({ state: 'pending', bumps: [] })
})

describe('a bump is not left open', () => {
  test('when its attempts are used, whatever the price is by then', async () => {
    const { keeper, id } = await pending({}, underCeiling(3_000))
    keeper.world.chain.setFeeRate(2_000)
    keeper.node.fault({ type: 'drop' }, 'always')
    await keeper.bump(id)
    for (let looks = 0; looks < 30 && bumpAttempts(await keeper.splice(id)) < 3; looks++) await keeper.run(MINUTE)
    keeper.world.chain.setFeeRate(9_000)
    await keeper.run(20 * MINUTE)
    expect((await keeper.splice(id)).bumps[0]?.outcome?.code).toBe('budget_spent')
  })

  test('and is asked for again, although Lightning payments move the signs', async () => {
    const node = { channels: [{ valueSats: 10_000_000, oursSats: 9_990_000 }] }
    const { keeper, id } = await pending({ node })
    keeper.world.chain.setFeeRate(3_000)
    await keeper.bump(id)
    await keeper.work()
    keeper.world.advance(100)
    keeper.node.restart()
    await keeper.run(MINUTE)
    keeper.node.lightningPayment(keeper.channelId, -40_000_000)
    await keeper.run(15 * MINUTE)
    expect((await keeper.splice(id)).bumps[0]?.outcome?.result).toBe('done')
  })
})

test('a transaction that a fee spike purged from the mempools is bumped all the same', async () => {
  const { keeper, id } = await pending()
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 8 })
  keeper.world.evict((await keeper.splice(id)).candidates[0]?.txid ?? '')
  keeper.world.chain.setFeeRate(5_000)
  await keeper.run(2 * MINUTE)
  await keeper.bump(id)
  await keeper.run(3 * MINUTE)
  expect((await keeper.splice(id)).bumps[0]?.outcome?.result).toBe('done')
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect(keeper.payouts).toBe(1)
})

test('a bump that waits for the peer writes nothing', async () => {
  const { keeper, id } = await pending()
  keeper.world.chain.setFeeRate(3_000)
  await keeper.bump(id)
  await keeper.work()
  keeper.node.disconnectPeer()
  await keeper.run(20 * MINUTE)
  const { version } = await keeper.splice(id)
  await keeper.run(5 * 60 * MINUTE)
  expect((await keeper.splice(id)).version).toBe(version)
})

describe('signed and not relayed is not said of', () => {
  test('a payment that moves the signs: the bump is asked for again', async () => {
    const node = { channels: [{ valueSats: 10_000_000, oursSats: 9_990_000 }] }
    const { keeper, id } = await pending({ node })
    keeper.world.chain.setFeeRate(3_000)
    await keeper.bump(id)
    await keeper.work()
    keeper.world.advance(100)
    keeper.node.restart()
    await keeper.run(MINUTE)
    keeper.node.lightningPayment(keeper.channelId, -20_000_000)
    await keeper.run(15 * MINUTE)
    expect((await keeper.splice(id)).bumps[0]?.outcome?.result).toBe('done')
  })

  test('a replacement that is signed slowly', async () => {
    const { keeper, id } = await pending()
    keeper.world.setPhases({ signingMs: 40 * MINUTE })
    keeper.world.chain.setFeeRate(3_000)
    await keeper.bump(id)
    await keeper.run(60 * MINUTE)
    expect((await keeper.splice(id)).bumps[0]?.outcome?.result).toBe('done')
    expect(await keeper.log(id)).not.toContain('splice.bump_failed')
  })
})

test('a replacement that a chain source shows late corrects the bump that was given up', async () => {
  const { keeper, id } = await pending()
  const first = keeper.world.chain.transaction((await keeper.splice(id)).candidates[0]?.txid ?? '')
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined || first === null) throw new Error('no node, or no transaction')
  const old = { txid: first.txid, hex: first.hex, feeSats: first.feeSats, block: null }
  const late = { on: true }
  const chain: typeof alice.chain = {
    ...alice.chain,
    spend: async (outpoint, hint, call) => {
      const shown = await alice.chain.spend(outpoint, hint, call)
      return late.on && shown.ok ? { ok: true, value: { ...shown.value, spender: old } } : shown
    },
  }
  keeper.ports = { ...keeper.ports, nodes: new Map([['alice', { ...alice, chain }]]) }
  keeper.world.chain.setFeeRate(3_000)
  await keeper.bump(id)
  await keeper.run(8 * MINUTE)
  expect((await keeper.splice(id)).bumps[0]?.outcome?.code).toBe('not_relayed')
  late.on = false
  await keeper.run(2 * MINUTE)
  expect((await keeper.splice(id)).bumps[0]?.outcome?.result).toBe('done')
  const told = (await keeper.log(id)).filter((type) => type.startsWith('splice.bump'))
  expect(told).toEqual(['splice.bump_failed', 'splice.bumped'])
})

test('what is not relayed in a flat market is not tried again and again by itself', async () => {
  const { keeper, id } = await pending({}, { autoBumpAfterBlocks: 1, ...underCeiling(20_000) })
  keeper.world.chain.setRelayRule({ incrementalRelaySatPerVb: 10 })
  keeper.world.chain.withhold((await keeper.splice(id)).candidates[0]?.txid ?? '')
  await keeper.run(5 * 60 * MINUTE, BLOCKS)
  expect((await keeper.splice(id)).bumps.map(({ outcome }) => outcome?.code)).toEqual(['not_relayed'])
  keeper.world.chain.setFeeRate(9_000)
  await keeper.run(30 * MINUTE, BLOCKS)
  expect((await keeper.splice(id)).bumps).toHaveLength(2)
})

test('a splice that lost to an older transaction of the peer ends, once a restart proves that its bump was not executed', async () => {
  const { keeper, id, theirs } = await behindThePeer()
  keeper.node.connectPeer()
  await keeper.run(10 * MINUTE)
  expect((await keeper.splice(id)).bumps[0]?.outcome?.result).toBe('done')
  keeper.world.chain.mine(1, { transactions: [theirs] })
  await keeper.run(120 * MINUTE, BLOCKS)
  expect((await keeper.splice(id)).attention?.code).toBe('unproven')
  keeper.node.restart()
  await keeper.run(30 * MINUTE, BLOCKS)
  expect((await keeper.splice(id)).failure?.proof).toBe('funding_spent')
  expect(keeper.payouts).toBe(0)
})

test('a transaction that an operator named gets its fee when it is seen, and can be bumped', async () => {
  const keeper = await startKeeper({ node: { broadcasts: 'once' }, policy: { unseenBlocks: 3 } })
  keeper.world.chain.setFeeRate(1_000)
  const { id } = await keeper.post()
  await keeper.run(2 * MINUTE)
  keeper.world.chain.setRelayRule({ incrementalRelaySatPerVb: 3 })
  keeper.node.bump(keeper.channelId)
  await keeper.run(2 * MINUTE)
  const [seen, byHand] = keeper.node.channel(keeper.channelId).candidates
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 50 })
  keeper.world.evict(seen?.funding.txid ?? '')
  await keeper.run(50 * MINUTE, BLOCKS)
  const { state, fundingHistory } = await keeper.splice(id)
  expect(state).toBe('needs_attention')
  const txid = byHand?.funding.txid ?? ''
  await keeper.change(id, { type: 'resolved_candidate', txid, spends: fundingHistory[0] ?? '', note: 'mine' })
  keeper.world.chain.setRelayRule({ minRelaySatPerVb: 1, incrementalRelaySatPerVb: 0.1 })
  keeper.world.chain.broadcast(byHand?.funding.hex ?? '')
  await keeper.run(3 * MINUTE)
  const named = (await keeper.splice(id)).candidates.find((candidate) => candidate.txid === txid)
  expect(named?.feeRateSatPerKw).toBeGreaterThan(1_000)
  const before = bumpsTaken(keeper)
  keeper.world.chain.setFeeRate(6_000)
  await keeper.bump(id)
  await keeper.run(5 * MINUTE)
  expect(bumpsTaken(keeper)).toBe(before + 1)
})

function bumpAttempts({ bumps }: Awaited<ReturnType<Keeper['splice']>>): number {
  return bumps[0]?.attempts.length ?? 0
}
