import { describe, expect, test } from 'vitest'
import { severalSources } from '../../../adapters/chain/several-sources.ts'
import { NO_HINT, type ChainFault, type ChainTransaction, type Spend } from '../../../core/ports/chain.ts'
import type { ChainPort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'

const call = { signal: new AbortController().signal }
const hash = (digit: string): string => digit.repeat(64)
const outpoint = `${hash('1')}:0`
const FORKED = 'the chain sources follow different chains'
const faultOf = (message: string) => err<ChainFault>({ class: 'unreachable', message })
const DOWN = faultOf('down')

type Place = { readonly height: number; readonly hash: string }
const tip: Place = { height: 100, hash: hash('a') }
const next: Place = { height: 101, hash: hash('b') }
/** Another block at the height of the tip. */
const rival: Place = { height: 100, hash: hash('c') }

const inMempool = (txid: string): ChainTransaction => ({ txid, hex: '00', block: null, feeSats: 310 })
const inBlock = (txid: string, place: Place): ChainTransaction => ({
  ...inMempool(txid),
  block: { ...place, time: 1_700_000_000 },
})
const unspent: Spend = { own: 'confirmed', valueSats: 5_000, spender: null }
const young: Spend = { own: 'mempool', valueSats: 5_000, spender: null }
const unknown: Spend = { own: 'unknown', valueSats: null, spender: null }
const spentBy = (spender: ChainTransaction): Spend => ({ ...unspent, spender })

/** What a source answers; left out: it is down. Tips are those of one question after the other, the last one stays. */
type Saying = {
  readonly tips?: readonly Place[]
  readonly hashes?: Readonly<Record<number, string | null>>
  readonly spend?: Spend
  readonly transaction?: ChainTransaction | null
  readonly feeRateSatPerKw?: number | null
  readonly takes?: boolean
}

const said = <T>(value: T | undefined): Result<T, ChainFault> => (value === undefined ? DOWN : ok(value))

function source(saying: Saying, offered: string[] = []): ChainPort {
  let asked = 0
  return {
    tip: async () => said(saying.tips?.[Math.min(asked++, saying.tips.length - 1)]),
    blockHash: async (height) => said(saying.hashes?.[height]),
    transaction: async () => said(saying.transaction),
    spend: async () => said(saying.spend),
    feeRateSatPerKw: async () => said(saying.feeRateSatPerKw),
    broadcast: async (hex) => {
      offered.push(hex)
      return saying.takes === true ? ok(undefined) : DOWN
    },
  }
}

function together(first: Saying, ...others: readonly Saying[]): ChainPort {
  return severalSources([source(first), ...others.map((saying) => source(saying))])
}

test('one source stands for itself', () => {
  const only = source({})
  expect(severalSources([only])).toBe(only)
})

describe('who spends an outpoint', () => {
  const at = (spend: Spend, ...tips: readonly Place[]): Saying => ({
    spend,
    tips: tips.length === 0 ? [tip] : tips,
  })
  const [one, two] = [hash('2'), hash('3')]
  const waiting = spentBy(inMempool(one))
  const replaced = spentBy({ ...inMempool(two), feeSats: 200 })
  const mined = spentBy(inBlock(one, tip))

  test.each<[string, readonly [Saying, ...Saying[]], Spend]>([
    ['all say unspent', [at(unspent), at(unspent), at(unspent)], unspent],
    ['all say unknown', [at(unknown), at(unknown)], unknown],
    ['one does not know the outpoint', [at(unspent), at(unknown)], unknown],
    ['one has the outpoint in its mempool only', [at(unspent), at(young)], young],
    ['one shows a spender in its mempool', [at(unspent), at(waiting)], waiting],
    ['one shows a spender, one does not know the outpoint', [at(unknown), at(waiting)], waiting],
    ['one shows a spender in a block, one in its mempool', [at(waiting), at(mined)], mined],
    ['one shows a spender in a block, one is behind', [at(unspent, tip), at(mined, next)], mined],
    ['one shows another spender in its mempool', [at(spentBy(inMempool(two))), at(mined)], mined],
    ['one shows a spender, one is down', [{}, at(waiting)], waiting],
    ['one shows a spender in a block, all others are down', [{}, at(mined, next, tip), {}], mined],
    ['all show the same spender in the same block', [at(mined), at(mined)], mined],
    ['two see different spenders in their mempools', [at(waiting), at(replaced)], waiting],
    ['the one that shows the spender does not tell the value', [at({ ...mined, valueSats: null }), at(mined)], mined],
    [
      'the outpoint is confirmed where one has it in its mempool',
      [at({ ...waiting, own: 'mempool' }), at(waiting)],
      waiting,
    ],
  ])('%s', async (_, sayings, expected) => {
    expect(await together(...sayings).spend(outpoint, NO_HINT, call)).toEqual(ok(expected))
    expect(await together(...reversed(sayings)).spend(outpoint, NO_HINT, call)).toEqual(ok(expected))
  })

  const notOne = 'the chain sources are not at one tip'
  test.each<[string, readonly [Saying, ...Saying[]], string]>([
    ['one is down', [at(unspent), {}], 'down'],
    ['all are down', [{}, {}], 'down'],
    ['one tells no tip', [at(unspent), { spend: unspent }], 'down'],
    ['one tells no spend', [at(unspent), { tips: [tip] }], 'down'],
    ['one is behind', [at(unspent, next), at(unspent, tip)], notOne],
    ['one is on another branch', [at(unspent), at(unspent, rival)], notOne],
    ['a block came meanwhile', [at(unspent, tip, next), at(unspent, tip, next)], notOne],
    ['a block came meanwhile at one of them', [at(unspent), at(unspent, tip, next)], notOne],
    ['one caught up only meanwhile', [at(unspent, next), at(unspent, tip, next)], notOne],
    ['a reorg came meanwhile', [at(unspent, tip, rival), at(unspent, tip, rival)], notOne],
    ['they tell different values', [at(unspent), at({ ...unspent, valueSats: 6_000 })], FORKED],
    ['they show spenders in different blocks', [at(mined), at(spentBy(inBlock(one, rival)))], FORKED],
    ['they show different spenders in blocks', [at(mined), at(spentBy(inBlock(two, tip)))], FORKED],
    ['two of three are at odds', [at(mined), at(unspent), at(spentBy(inBlock(two, rival)))], FORKED],
  ])('is not known where %s', async (_, sayings, message) => {
    expect(await together(...sayings).spend(outpoint, NO_HINT, call)).toEqual(faultOf(message))
    expect(await together(...reversed(sayings)).spend(outpoint, NO_HINT, call)).toEqual(faultOf(message))
  })

  test('the hint and the time that is left reach every source', async () => {
    const seen: unknown[] = []
    const listening: ChainPort = {
      ...source({ tips: [tip], spend: unspent }),
      spend: async (...question) => {
        seen.push(question)
        return ok(unspent)
      },
    }
    const hint = { unspentThroughHeight: 99, spender: null }
    await severalSources([listening, listening]).spend(outpoint, hint, call)
    expect(seen).toEqual([
      [outpoint, hint, call],
      [outpoint, hint, call],
    ])
  })
})

describe('the tip', () => {
  test.each<[string, readonly [Saying, ...Saying[]], Result<Place, ChainFault>]>([
    ['all agree', [{ tips: [tip] }, { tips: [tip] }], ok(tip)],
    ['one is behind on the same chain', [{ tips: [tip] }, { tips: [next], hashes: { 100: tip.hash } }], ok(tip)],
    ['one is down', [{ tips: [next] }, {}], ok(next)],
    ['all are down', [{}, {}], DOWN],
    ['they have different blocks at one height', [{ tips: [tip] }, { tips: [rival] }], faultOf(FORKED)],
    [
      'the higher one has another block at the height of the lower',
      [{ tips: [tip] }, { tips: [next], hashes: { 100: rival.hash } }],
      faultOf(FORKED),
    ],
    [
      'the higher one has lost its blocks since',
      [{ tips: [tip] }, { tips: [next], hashes: { 100: null } }],
      faultOf(FORKED),
    ],
    ['the higher one has gone since', [{ tips: [tip] }, { tips: [next] }], ok(tip)],
  ])('where %s', async (_, sayings, expected) => {
    expect(await together(...sayings).tip(call)).toEqual(expected)
    expect(await together(...reversed(sayings)).tip(call)).toEqual(expected)
  })
})

describe('the hash at a height', () => {
  const told = (answer: string | null): Saying => ({ hashes: { 100: answer } })

  test.each<[string, readonly [Saying, ...Saying[]], Result<string | null, ChainFault>]>([
    ['all agree', [told(hash('a')), told(hash('a'))], ok(hash('a'))],
    ['it is above all tips', [told(null), told(null)], ok(null)],
    ['one is down', [told(hash('a')), {}], ok(hash('a'))],
    ['all are down', [{}, {}], DOWN],
    ['they differ', [told(hash('a')), told(hash('b'))], faultOf(FORKED)],
    ['one does not have it yet', [told(hash('a')), told(null)], faultOf(FORKED)],
  ])('where %s', async (_, sayings, expected) => {
    expect(await together(...sayings).blockHash(100, call)).toEqual(expected)
    expect(await together(...reversed(sayings)).blockHash(100, call)).toEqual(expected)
  })
})

describe('a transaction', () => {
  const txid = hash('2')
  const told = (transaction: ChainTransaction | null): Saying => ({ transaction })
  const [waiting, mined] = [inMempool(txid), inBlock(txid, tip)]

  test.each<[string, readonly [Saying, ...Saying[]], Result<ChainTransaction | null, ChainFault>]>([
    ['one knows', [told(null), told(waiting)], ok(waiting)],
    ['one has in a block and one in its mempool', [told(waiting), told(mined)], ok(mined)],
    ['one knows while one is down', [{}, told(mined)], ok(mined)],
    ['nobody knows', [told(null), told(null)], ok(null)],
    ['one does not know while one is down', [told(null), {}], ok(null)],
    ['nobody tells of', [{}, {}], DOWN],
    ['is in different blocks', [told(mined), told(inBlock(txid, rival))], faultOf(FORKED)],
  ])('that %s', async (_, sayings, expected) => {
    expect(await together(...sayings).transaction(txid, call)).toEqual(expected)
    expect(await together(...reversed(sayings)).transaction(txid, call)).toEqual(expected)
  })
})

describe('the feerate', () => {
  const told = (feeRateSatPerKw: number | null): Saying => ({ feeRateSatPerKw })

  test.each<[string, readonly [Saying, ...Saying[]], Result<number | null, ChainFault>]>([
    ['the highest', [told(253), told(1_000), told(500)], ok(1_000)],
    ['the only one', [told(null), told(253)], ok(253)],
    ['that of the source that answers', [{}, told(253)], ok(253)],
    ['none without an estimate', [told(null), {}], ok(null)],
    ['a fault without an answer', [{}, {}], DOWN],
  ])('is %s', async (_, sayings, expected) => {
    expect(await together(...sayings).feeRateSatPerKw(6, call)).toEqual(expected)
  })
})

test.each<[string, readonly boolean[], Result<void, ChainFault>]>([
  ['one of them takes it', [false, true], ok(undefined)],
  ['all of them take it', [true, true], ok(undefined)],
  ['nobody takes it', [false, false], DOWN],
])('a broadcast is offered to all sources, and %s', async (_, takes, expected) => {
  const offered: string[] = []
  const [first, ...others] = takes.map((each) => source({ takes: each }, offered))
  if (first === undefined) throw new Error('no source')
  expect(await severalSources([first, ...others]).broadcast('00', call)).toEqual(expected)
  expect(offered).toEqual(['00', '00'])
})

function reversed(sayings: readonly [Saying, ...Saying[]]): readonly [Saying, ...Saying[]] {
  const [last, ...others] = sayings.toReversed()
  return last === undefined ? sayings : [last, ...others]
}
