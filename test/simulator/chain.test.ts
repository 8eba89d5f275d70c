import { NO_HINT } from '../../core/ports/chain.ts'
import { describe, expect, test } from 'vitest'
import { clearView, simulatedChainPort } from '../../simulator/world/world.ts'
import { CALL } from '../../harness/values.ts'
import { Scenario } from '../../harness/simulator/scenario.ts'

async function pending(): Promise<{ scenario: Scenario; txid: string; submittedOn: string }> {
  const scenario = Scenario.of()
  const submittedOn = `${scenario.channel.funding.txid}:0`
  await scenario.out()
  scenario.settle()
  return { scenario, txid: scenario.candidate(), submittedOn }
}

describe('a reorg', () => {
  test('returns transactions to the mempool and mines them again, in blocks with other hashes', async () => {
    const { scenario, txid } = await pending()
    scenario.world.mine(2)
    const { height, hash } = scenario.world.chain.tip
    scenario.world.reorg(2)
    expect(scenario.world.chain.tip.height).toBe(height + 1)
    expect(scenario.world.chain.block(height)?.hash).not.toBe(hash)
    expect(scenario.world.chain.confirmations(txid)).toBe(3)
  })

  test('leaves them in the mempool where its blocks are empty', async () => {
    const { scenario, txid } = await pending()
    scenario.world.mine(2)
    scenario.world.reorg(2, { include: 'none', newLength: 5 })
    expect(scenario.world.chain.confirmations(txid)).toBe(0)
  })

  test('forgets what it drops; the node broadcasts it again if it does that', async () => {
    const { scenario, txid } = await pending()
    scenario.alice.behaviour.broadcasts = 'once'
    scenario.world.mine(1)
    scenario.world.reorg(1, { drop: [txid] })
    expect(scenario.world.chain.confirmations(txid)).toBeNull()
    scenario.alice.behaviour.broadcasts = 'always'
    scenario.world.mine(1)
    expect(scenario.world.chain.confirmations(txid)).toBe(0)
  })

  test('may mine a rival instead', async () => {
    const { scenario, txid } = await pending()
    scenario.world.evict(txid)
    scenario.alice.bump(scenario.id)
    scenario.settle()
    const [first, second] = scenario.channel.candidates
    scenario.world.mine(1)
    expect(scenario.world.chain.confirmations(second?.funding.txid ?? '')).toBe(1)
    scenario.world.reorg(1, { transactions: [first?.funding.hex ?? ''] })
    expect(scenario.world.chain.confirmations(first?.funding.txid ?? '')).toBe(2)
    expect(scenario.world.chain.confirmations(second?.funding.txid ?? '')).toBeNull()
    expect(scenario.payouts()).toBe(1)
  })
})

describe('what is signed but not in the mempool', () => {
  test('is broadcast again at each block', async () => {
    const { scenario, txid } = await pending()
    scenario.world.evict(txid)
    scenario.world.mine(1)
    expect(scenario.world.chain.confirmations(txid)).toBe(0)
    scenario.world.mine(1)
    expect(scenario.world.chain.confirmations(txid)).toBe(1)
  })

  test('stays away where the node does not broadcast', async () => {
    const scenario = Scenario.of({ broadcasts: 'never' })
    await scenario.out()
    scenario.settle()
    scenario.world.mine(3)
    expect(scenario.channel.candidates).toHaveLength(1)
    expect(scenario.payouts()).toBe(0)
    expect(scenario.events.map(({ type }) => type)).toEqual(['splice_negotiated'])
  })

  test('is mined where somebody else broadcasts it', async () => {
    const scenario = Scenario.of({ broadcasts: 'never' })
    await scenario.out()
    scenario.settle()
    expect(scenario.world.chain.broadcast(scenario.channel.candidates[0]?.funding.hex ?? '')).toBeNull()
    scenario.world.mine(6)
    scenario.settle()
    expect(scenario.channel.candidates).toEqual([])
  })
})

describe('the mempool', () => {
  test('refuses a rival that pays no more', async () => {
    const { scenario, txid } = await pending()
    scenario.alice.bump(scenario.id)
    scenario.settle()
    const [first] = scenario.channel.candidates
    expect(first?.funding.txid).toBe(txid)
    expect(scenario.world.chain.broadcast(first?.funding.hex ?? '')).toBe('insufficient fee')
    expect(scenario.world.journal.entries.filter(({ type }) => type === 'evicted')).toMatchObject([{ txid }])
  })

  test('refuses what pays less than is relayed', async () => {
    const scenario = Scenario.of({}, { minRelaySatPerVb: 5 })
    await scenario.out()
    scenario.settle()
    expect(scenario.payouts()).toBe(0)
    scenario.world.chain.setRelayRule({ minRelaySatPerVb: 1 })
    scenario.world.mine(1)
    expect(scenario.payouts()).toBe(1)
  })

  test('refuses what spends the unknown and the spent', async () => {
    const { scenario } = await pending()
    const chain = scenario.world.chain
    const hex = scenario.channel.candidates[0]?.funding.hex ?? ''
    scenario.alice.bump(scenario.id)
    scenario.settle()
    scenario.world.mine(1)
    expect(chain.broadcast(hex)).toBe('missing-inputs')
    const other = Scenario.of({}, { seed: 'other' })
    expect(other.world.chain.broadcast(hex)).toBe('missing-inputs')
  })
})

describe('a miner', () => {
  test('leaves out what is withheld until it is released', async () => {
    const { scenario, txid } = await pending()
    scenario.world.chain.withhold(txid)
    scenario.world.mine(10)
    expect(scenario.world.chain.confirmations(txid)).toBe(0)
    scenario.world.chain.release(txid)
    scenario.world.mine(1)
    expect(scenario.world.chain.confirmations(txid)).toBe(1)
  })
})

describe('a chain source', () => {
  test('knows an unspent outpoint, its spender in the mempool, and its spender in the chain', async () => {
    const scenario = Scenario.of()
    const submittedOn = `${scenario.channel.funding.txid}:0`
    const port = simulatedChainPort(scenario.world.chain)
    expect(await port.spend(submittedOn, NO_HINT, CALL)).toEqual({
      ok: true,
      value: { own: 'confirmed', valueSats: 10_000_000, spender: null },
    })
    await scenario.out()
    scenario.settle()
    const txid = scenario.candidate()
    const { vout, valueSats } = scenario.channel.candidates[0]?.funding ?? { vout: 0, valueSats: 0 }
    expect(await port.spend(submittedOn, NO_HINT, CALL)).toMatchObject({
      value: { own: 'confirmed', spender: { txid, block: null } },
    })
    expect(await port.spend(`${txid}:${vout}`, NO_HINT, CALL)).toEqual({
      ok: true,
      value: { own: 'mempool', valueSats, spender: null },
    })
    scenario.world.mine(1)
    const { height, hash } = scenario.world.chain.tip
    expect(await port.spend(submittedOn, NO_HINT, CALL)).toMatchObject({
      value: { spender: { txid, block: { height, hash } } },
    })
    expect(await port.transaction(txid, CALL)).toMatchObject({ value: { txid, feeSats: 722 } })
    const nowhere = `${'0'.repeat(64)}:0`
    expect(await port.spend(nowhere, NO_HINT, CALL)).toEqual({
      ok: true,
      value: { own: 'unknown', valueSats: null, spender: null },
    })
  })

  test('that is blind sees no mempool', async () => {
    const { scenario, submittedOn, txid } = await pending()
    const port = simulatedChainPort(scenario.world.chain, { ...clearView(), blind: true })
    expect(await port.spend(submittedOn, NO_HINT, CALL)).toEqual({
      ok: true,
      value: { own: 'confirmed', valueSats: 10_000_000, spender: null },
    })
    expect(await port.transaction(txid, CALL)).toEqual({ ok: true, value: null })
    expect(await port.spend(`${txid}:0`, NO_HINT, CALL)).toEqual({
      ok: true,
      value: { own: 'unknown', valueSats: null, spender: null },
    })
  })

  test('that lags is behind at every question', async () => {
    const { scenario, submittedOn, txid } = await pending()
    const view = { ...clearView(), lagBlocks: 2 }
    const port = simulatedChainPort(scenario.world.chain, view)
    scenario.world.mine(2)
    const { height } = scenario.world.chain.tip
    expect(await port.tip(CALL)).toMatchObject({ value: { height: height - 2 } })
    expect(await port.blockHash(height, CALL)).toEqual({ ok: true, value: null })
    expect(await port.spend(submittedOn, NO_HINT, CALL)).toMatchObject({
      value: { spender: { txid, block: null } },
    })
    view.lagBlocks = 0
    expect(await port.spend(submittedOn, NO_HINT, CALL)).toMatchObject({
      value: { spender: { block: { height: height - 1 } } },
    })
  })

  test('that is down answers nothing', async () => {
    const { scenario } = await pending()
    const port = simulatedChainPort(scenario.world.chain, { ...clearView(), down: true })
    expect(await port.tip(CALL)).toMatchObject({ ok: false, error: { class: 'unreachable' } })
    expect((await port.broadcast('00', CALL)).ok).toBe(false)
  })

  test('gives the estimate of a target, or none', async () => {
    const { scenario } = await pending()
    const port = simulatedChainPort(scenario.world.chain)
    scenario.world.chain.setFeeRate(2_000)
    scenario.world.chain.setFeeRate(null, 144)
    expect(await port.feeRateSatPerKw(12, CALL)).toEqual({ ok: true, value: 2_000 })
    expect(await port.feeRateSatPerKw(144, CALL)).toEqual({ ok: true, value: null })
  })

  test('takes a transaction that fell out of the mempool', async () => {
    const { scenario, txid } = await pending()
    const hex = scenario.world.chain.transaction(txid)?.hex ?? ''
    scenario.world.evict(txid)
    const port = simulatedChainPort(scenario.world.chain)
    expect((await port.broadcast(hex, CALL)).ok).toBe(true)
    expect(scenario.world.chain.confirmations(txid)).toBe(0)
  })
})
