import { NO_HINT } from '../../../core/ports/chain.ts'
import { describe, expect, test } from 'vitest'
import { pathBack, walkBack, walkFundingHistory, type Walk } from '../../../core/chain/funding-history.ts'
import { outpointOf } from '../../../core/bitcoin/outpoint.ts'
import { aTxid, FUNDING, CALL, TIP } from '../../../harness/values.ts'
import {
  aCommitment,
  aSplicing,
  aTransaction,
  FUNDING_WITNESS,
  fundingOf,
  onChain,
  P2WPKH,
  P2WSH,
  type Built,
} from '../../../harness/transactions.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

/** Splices one after the other, the first on the funding outpoint. */
function splices(count: number): Built[] {
  const built: Built[] = []
  let outpoint = FUNDING
  for (let n = 0; n < count; n++) {
    const next = aSplicing(outpoint, 900_000 + n)
    built.push(next)
    outpoint = fundingOf(next)
  }
  return built
}

const outpoints = (built: readonly Built[]): string[] => [FUNDING, ...built.map(fundingOf)]
const chainOf = (built: readonly Built[], height: number | null = TIP): FakeChain =>
  new FakeChain(built.map((tx) => onChain(tx, height)))

async function walk(chain: FakeChain, given: Partial<Walk>) {
  const whole: Walk = {
    from: FUNDING,
    current: FUNDING,
    known: [FUNDING],
    hintOf: () => NO_HINT,
    effectOf: async () => 'none',
    ...given,
  }
  return walkFundingHistory(whole, chain, CALL)
}

async function walked(chain: FakeChain, given: Partial<Walk>) {
  const result = await walk(chain, given)
  if (!result.ok) throw new Error(result.error.message)
  return { ...result.value, outpoints: result.value.fundingSpends.map((hop) => hop.outpoint) }
}

describe('a walk along the funding history', () => {
  test('ends at an outpoint that nobody spends', async () => {
    const { fundingSpends, reachedFunding } = await walked(new FakeChain(), {})
    expect(fundingSpends).toEqual([{ outpoint: FUNDING, own: 'confirmed', valueSats: null, spender: null }])
    expect(reachedFunding).toBe(true)
  })

  test('goes on along the outpoints that are known, and says what each spender is', async () => {
    const built = splices(2)
    const known = outpoints(built)
    const asked: string[] = []
    const {
      fundingSpends,
      reachedFunding,
      outpoints: seen,
    } = await walked(chainOf(built), {
      known,
      current: known[2] ?? '',
      effectOf: async (spends, _value, parsed) => {
        asked.push(`${spends} ${parsed.txid}`)
        return 'ours'
      },
    })
    expect(seen).toEqual(known)
    expect(reachedFunding).toBe(true)
    expect(asked).toEqual(built.map((tx, n) => `${known[n] ?? ''} ${tx.txid}`))
    expect(fundingSpends.map((hop) => hop.spender?.effect ?? null)).toEqual(['ours', 'ours', null])
  })

  test("goes on to the node's funding though nobody told of what lies between", async () => {
    const built = splices(8)
    const all = outpoints(built)
    const { reachedFunding, outpoints: seen } = await walked(chainOf(built), { current: all.at(-1) ?? '' })
    expect(seen).toEqual(all)
    expect(reachedFunding).toBe(true)
  })

  test('finds the output that leads on among several that could', async () => {
    const forked = aTransaction({
      inputs: [{ outpoint: FUNDING, witness: FUNDING_WITNESS }],
      outputs: [
        { script: P2WPKH, amountSats: 1_000 },
        { script: P2WSH, amountSats: 2_000 },
        { script: P2WSH, amountSats: 3_000 },
      ],
    })
    const foreign = aSplicing(outpointOf(forked.txid, 1))
    const ours = aSplicing(outpointOf(forked.txid, 2))
    const { outpoints: seen } = await walked(chainOf([forked, foreign, ours]), { current: fundingOf(ours) })
    expect(seen).toEqual([FUNDING, outpointOf(forked.txid, 2), fundingOf(ours)])
  })

  test('does not say that it arrived at a funding that it cannot find', async () => {
    const built = splices(1)
    const elsewhere = `${aTxid('9')}:0`
    const { reachedFunding, outpoints: seen } = await walked(chainOf(built), { current: elsewhere })
    expect(seen).toEqual([FUNDING])
    expect(reachedFunding).toBe(false)
  })

  test('goes no further than what the node stands on and what is known', async () => {
    const built = splices(2)
    const all = outpoints(built)
    expect((await walked(chainOf(built), { current: FUNDING })).outpoints).toEqual([FUNDING])
    expect((await walked(chainOf(built), { current: FUNDING, known: all })).outpoints).toEqual(all)
  })

  test('ends at a force-close', async () => {
    const closing = aCommitment(FUNDING)
    const { outpoints: seen } = await walked(chainOf([closing]), { known: [FUNDING, fundingOf(closing)] })
    expect(seen).toEqual([FUNDING])
  })

  test('has a bound: beyond two hundred outpoints nothing is known', async () => {
    const built = splices(200)
    const known = outpoints(built)
    const within = await walked(chainOf(built.slice(0, 199)), { known, current: known[199] ?? '' })
    expect(within.reachedFunding).toBe(true)
    expect(within.outpoints).toEqual(known.slice(0, 200))
    const beyond = await walked(chainOf(built), { known, current: known[200] ?? '' })
    expect(beyond.reachedFunding).toBe(false)
    const inside = await walked(chainOf(built), { known, current: known[3] ?? '' })
    expect(inside.reachedFunding, 'the walk was cut short').toBe(false)
  })

  test('has a bound in what nobody told of, too', async () => {
    const built = splices(201)
    const all = outpoints(built)
    const near = await walked(chainOf(built.slice(0, 199)), { current: all[199] ?? '' })
    expect(near.reachedFunding).toBe(true)
    const far = chainOf(built)
    expect((await walked(far, { current: all[201] ?? '' })).reachedFunding).toBe(false)
    expect(far.calls.length, 'and asks no more than that').toBeLessThanOrEqual(402)
  })

  test('looks at each transaction once, however many ways lead through it', async () => {
    const built: Built[] = []
    let inputs = [FUNDING]
    for (let depth = 0; depth < 10; depth++) {
      const next = aTransaction({
        inputs: inputs.map((outpoint) => ({ outpoint, witness: FUNDING_WITNESS })),
        outputs: [P2WSH, P2WSH].map((script, n) => ({ script, amountSats: 9_000 + n })),
      })
      built.push(next)
      inputs = [outpointOf(next.txid, 0), outpointOf(next.txid, 1)]
    }
    const chain = chainOf(built)
    expect((await walked(chain, { current: inputs[0] ?? '' })).reachedFunding).toBe(true)
    expect(chain.calls.length).toBeLessThan(30)
  })

  test('where no node tells, every output that was spent as a funding is followed, and no others', async () => {
    const forked = aTransaction({
      inputs: [{ outpoint: FUNDING, witness: FUNDING_WITNESS }],
      outputs: [P2WSH, P2WSH, P2WSH].map((script, n) => ({ script, amountSats: 2_000 + n })),
    })
    const [first, second, third] = [0, 1, 2].map((vout) => outpointOf(forked.txid, vout))
    const wallet = aTransaction({ inputs: [{ outpoint: first ?? '' }] })
    const splicing = aSplicing(second ?? '')
    const closing = aCommitment(third ?? '')
    const chain = chainOf([forked, wallet, splicing, closing])
    const { outpoints: seen } = await walked(chain, { current: null, known: [] })
    expect(seen).toEqual([FUNDING, second, third])
  })
})

describe('the path back from the current funding to a known one', () => {
  const path = async (chain: FakeChain, current: string, known: readonly string[] = [FUNDING]) => {
    const found = await pathBack(current, known, chain, CALL)
    if (!found.ok) throw new Error(found.error.message)
    return { ...found.value, steps: found.value.steps.map(({ spends, outpoint }) => [spends, outpoint]) }
  }

  test('is every move on the way, oldest first', async () => {
    const all = outpoints(splices(3))
    const found = await path(chainOf(splices(3)), all[3] ?? '')
    const steps = [all.slice(0, 2), all.slice(1, 3), all.slice(2, 4)]
    expect(found).toEqual({ steps, complete: true })
  })

  test('leads through no more than two hundred transactions', async () => {
    const built = splices(201)
    const all = outpoints(built)
    expect((await path(chainOf(built), all[200] ?? '')).steps).toHaveLength(200)
    expect((await path(chainOf(built), all[201] ?? '')).steps).toEqual([])
  })

  test('is not known where a transaction on it is not known, or cannot be read', async () => {
    const [first, second] = splices(2)
    if (first === undefined || second === undefined) throw new Error('nothing built')
    const current = fundingOf(second)
    const unknown = { steps: [], complete: false }
    expect(await path(chainOf([second]), current)).toEqual(unknown)
    const unreadable = new FakeChain([{ ...onChain(first), hex: 'ffff' }, onChain(second)])
    expect(await path(unreadable, current)).toEqual(unknown)
  })

  test('is found from an output that the transaction does not have', async () => {
    const [first] = splices(1)
    if (first === undefined) throw new Error('nothing built')
    const made = outpointOf(first.txid, 7)
    expect(await path(chainOf([first]), made)).toEqual({ steps: [[FUNDING, made]], complete: true })
    const elsewhere = await path(chainOf([first]), made, [`${aTxid('9')}:0`])
    expect(elsewhere).toEqual({ steps: [], complete: false })
  })
})

describe('a chain source that is not to be believed ends the walk with a fault', () => {
  const [first] = splices(1)
  if (first === undefined) throw new Error('nothing built')
  const other = aSplicing(`${aTxid('9')}:0`)
  test.each([
    ['a spender that does not spend the outpoint', onChain(other)],
    ['a txid that is not that of the transaction', { ...onChain(first), txid: other.txid }],
    ['a transaction that cannot be read', { ...onChain(first), hex: 'ffff' }],
  ])('%s', async (_says, spender) => {
    const chain = new FakeChain()
    chain.spends.set(FUNDING, { own: 'confirmed', valueSats: null, spender })
    expect(await walk(chain, {})).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })

  test('no answer, at whichever call, is no answer', async () => {
    const built = splices(3)
    const current = outpoints(built).at(-1) ?? ''
    const whole = chainOf(built)
    await walk(whole, { current })
    for (const [n] of whole.calls.entries()) {
      const chain = chainOf(built)
      chain.fails = () => chain.calls.length === n + 1
      expect(await walk(chain, { current }), `call ${n}`).toMatchObject({ ok: false })
    }
  })

  test('what it does not know of the outpoint is passed on', async () => {
    const chain = new FakeChain()
    chain.spends.set(FUNDING, { own: 'unknown', valueSats: null, spender: null })
    expect((await walked(chain, {})).fundingSpends[0]?.own).toBe('unknown')
  })
})

function spending(...inputs: string[]): Built {
  return aTransaction({ inputs: inputs.map((outpoint) => ({ outpoint, witness: FUNDING_WITNESS })) })
}

describe('a walk back', () => {
  const root = aTransaction({ inputs: [{ outpoint: `${aTxid('7')}:0` }] })
  const middle = spending(fundingOf(root))
  const top = spending(fundingOf(middle))
  const heights = { root: 150, middle: 160, top: 170 }
  const chain = (): FakeChain =>
    new FakeChain([onChain(root, heights.root), onChain(middle, heights.middle), onChain(top, heights.top)])
  const back = async (source: FakeChain, since: number, ours: readonly string[] = []) => {
    const asked: string[] = []
    const isOurs = async (parsed: { txid: string }): Promise<boolean> => {
      asked.push(parsed.txid)
      return ours.includes(parsed.txid)
    }
    const result = await walkBack(fundingOf(top), since, isOurs, source, CALL)
    return { result, asked }
  }

  test('answers the first transaction that is ours, from the newest on', async () => {
    const { result, asked } = await back(chain(), 0, [middle.txid, root.txid])
    expect(result).toEqual({ ok: true, value: middle.txid })
    expect(asked).toEqual([top.txid, middle.txid])
  })

  test.each([
    [heights.middle * 600, [top.txid, middle.txid]],
    [heights.middle * 600 + 1, [top.txid]],
    [heights.top * 600 + 1, []],
  ])('goes back to blocks older than %i and no further', async (since, expected) => {
    const { result, asked } = await back(chain(), since, [root.txid])
    expect(result).toEqual({ ok: true, value: null })
    expect(asked).toEqual(expected)
  })

  test('what is in the mempool is not old', async () => {
    const source = new FakeChain([onChain(top), onChain(middle, heights.middle)])
    const { asked } = await back(source, heights.middle * 600 + 1)
    expect(asked).toEqual([top.txid])
  })

  test('follows inputs that spent a funding, each transaction once, and no others', async () => {
    const wallet = aTransaction({ inputs: [{ outpoint: `${aTxid('6')}:0` }] })
    const joined = aTransaction({
      inputs: [
        { outpoint: fundingOf(middle), witness: FUNDING_WITNESS },
        { outpoint: outpointOf(middle.txid, 1), witness: FUNDING_WITNESS },
        { outpoint: fundingOf(wallet), witness: [Buffer.alloc(71, 1), Buffer.alloc(33, 2)] },
      ],
    })
    const asked: string[] = []
    const source = new FakeChain([onChain(joined, 180), onChain(middle, 160), onChain(root, 150)])
    const isOurs = async (parsed: { txid: string }): Promise<boolean> => {
      asked.push(parsed.txid)
      return false
    }
    const result = await walkBack(fundingOf(joined), 0, isOurs, source, CALL)
    expect(result).toEqual({ ok: true, value: null })
    expect(asked).toEqual([joined.txid, middle.txid, root.txid])
  })

  test('a transaction that is not known, or cannot be read, or no answer, is a fault', async () => {
    const unknown = new FakeChain([onChain(top, heights.top)])
    const unreadable = new FakeChain([onChain(top, 170), { ...onChain(middle, 160), hex: 'ffff' }])
    const silent = chain()
    silent.fails = () => silent.calls.length === 2
    for (const source of [unknown, unreadable, silent])
      expect((await back(source, 0)).result).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })

  test('goes on from an output that the transaction does not have', async () => {
    const nothing = async (): Promise<boolean> => false
    const result = await walkBack(outpointOf(top.txid, 7), heights.top * 600, nothing, chain(), CALL)
    expect(result).toEqual({ ok: true, value: null })
  })

  test('a funding history that is longer than a thousand is a fault, and a thousand are walked', async () => {
    const line: Built[] = []
    let outpoint = `${aTxid('7')}:0`
    for (let n = 0; n < 1_001; n++) {
      const next = n === 0 ? aTransaction({ inputs: [{ outpoint }] }) : spending(outpoint)
      line.push(next)
      outpoint = fundingOf(next)
    }
    const source = new FakeChain(line.map((tx) => onChain(tx, 150)))
    const walkFrom = async (index: number) =>
      walkBack(outpointOf(line[index]?.txid ?? '', 0), 0, async () => false, source, CALL)
    expect(await walkFrom(999)).toEqual({ ok: true, value: null })
    expect(await walkFrom(1_000)).toMatchObject({ ok: false })
  })
})
