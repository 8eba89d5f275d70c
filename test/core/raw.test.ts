import { describe, expect, test } from 'vitest'
import type { Operation } from '../../adapters/store/memory.ts'
import type { ChainPort } from '../../core/ports.ts'
import type { ChainView } from '../../core/observation.ts'
import { drive } from '../../core/drive.ts'
import { keepRaw, rebroadcast } from '../../core/raw.ts'
import { err, ok } from '../../core/result.ts'
import type { Candidate, Splice } from '../../core/splice.ts'
import { aTxid } from '../support/splices.ts'
import {
  aBench,
  aCandidate,
  aChain,
  aChainWith,
  aConfiguredNode,
  aHop,
  ANCHOR,
  anObservation,
  aPendingSplice,
  aSighting,
  aSplicing,
  aSubmittedSplice,
  aTransaction,
  FUNDING_WITNESS,
  P2WSH,
  FakeChain,
  FIRST,
  fundingOf,
  onChain,
  policy,
  SECOND,
} from './builders.ts'
import type { Bench, Built } from './builders.ts'

const isRaw = (operation: Operation): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith('RAW#')
const isSplice = (operation: Operation): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith('SPL#')
const hexOf = async (bench: Bench, txid: string): Promise<string | null> =>
  (await bench.store.item('raw', txid))?.value.hex ?? null

async function never(): Promise<never> {
  throw new Error('a broadcast asks the chain source for nothing')
}

const none = aSubmittedSplice()
const seen = (...built: Built[]): Splice =>
  aSubmittedSplice({ candidates: built.map(({ txid }) => aCandidate({ txid })) })
const keep = (bench: Bench, before: Splice, after: Splice, chain: ChainView | null) =>
  keepRaw(before, after, anObservation({ chain }), bench.ports)

describe('the raw transaction of a new candidate is kept', () => {
  test('as the chain source shows it', async () => {
    const bench = aBench()
    await keep(bench, none, seen(FIRST), aChainWith(FIRST))
    expect(await hexOf(bench, FIRST.txid)).toBe(FIRST.hex)
  })

  test('of every new one, along the lineage', async () => {
    const bench = aBench()
    const later = aSplicing(fundingOf(FIRST))
    const hop = aHop({ outpoint: fundingOf(FIRST), spender: aSighting(fundingOf(FIRST), later, 'ours') })
    await keep(bench, none, seen(FIRST, later), aChain({ hops: [...aChainWith(FIRST).hops, hop] }))
    expect(await hexOf(bench, FIRST.txid)).toBe(FIRST.hex)
    expect(await hexOf(bench, later.txid)).toBe(later.hex)
  })

  test('before the candidate itself is saved', async () => {
    const order: string[] = []
    const splice = aSubmittedSplice()
    const paying = aTransaction({
      inputs: [{ outpoint: ANCHOR, witness: FUNDING_WITNESS }],
      outputs: [
        { script: P2WSH, amountSats: 900_000 },
        { script: splice.script ?? '', amountSats: splice.amountSats },
      ],
    })
    const bench = aBench({
      nodes: [aConfiguredNode({ chain: new FakeChain([onChain(paying)]) })],
      hooks: {
        after: (operation) => {
          if (isRaw(operation)) order.push('raw')
          if (isSplice(operation)) order.push('splice')
        },
      },
    })
    await bench.store.create(splice)
    order.length = 0
    await drive(splice.id, bench.ports, { policy, mayAct: true, shared: null })
    expect((await bench.store.load(splice.id))?.candidates.map(({ txid }) => txid)).toEqual([paying.txid])
    expect(order.slice(0, 2)).toEqual(['raw', 'splice'])
    expect(order.filter((what) => what === 'raw')).toHaveLength(1)
  })

  test('once: one that was known before is not written again', async () => {
    const bench = aBench()
    await keep(bench, seen(FIRST), seen(FIRST, SECOND), aChainWith(FIRST))
    expect(await hexOf(bench, FIRST.txid)).toBeNull()
  })

  test('and never overwritten', async () => {
    const bench = aBench()
    await bench.store.putItem('raw', FIRST.txid, { hex: 'ab' }, 0)
    await keep(bench, none, seen(FIRST), aChainWith(FIRST))
    expect(await hexOf(bench, FIRST.txid)).toBe('ab')
  })

  test.each<[string, ChainView | null]>([
    ['without a chain source', null],
    ['where no spender is shown', aChain()],
    ['where another one is shown', aChainWith(SECOND)],
  ])('not %s', async (_says, chain) => {
    const bench = aBench()
    await keep(bench, none, seen(FIRST), chain)
    expect(await hexOf(bench, FIRST.txid)).toBeNull()
    expect(await hexOf(bench, SECOND.txid)).toBeNull()
  })

  test('not of a transaction that is no candidate', async () => {
    const bench = aBench()
    await keep(bench, none, none, aChainWith(FIRST, { effect: 'none' }))
    expect(await hexOf(bench, FIRST.txid)).toBeNull()
  })

  test.each([
    [350_000, true],
    [350_001, false],
    [350_002, false],
  ])('of %i characters: kept %s', async (characters, kept) => {
    const bench = aBench()
    const view = aChainWith(FIRST)
    const hops = view.hops.map((hop) =>
      hop.spender === null
        ? hop
        : { ...hop, spender: { ...hop.spender, tx: { ...hop.spender.tx, hex: '0'.repeat(characters) } } },
    )
    await keep(bench, none, seen(FIRST), { ...view, hops })
    expect((await hexOf(bench, FIRST.txid))?.length ?? null).toBe(kept ? characters : null)
  })

  test('a large one leaves the smaller one beside it kept', async () => {
    const bench = aBench()
    const big = aHop({
      spender: { ...aSighting(ANCHOR, FIRST, 'ours'), tx: { ...onChain(FIRST), hex: '0'.repeat(400_000) } },
    })
    const small = aHop({ outpoint: `${aTxid('9')}:0`, spender: aSighting(`${aTxid('9')}:0`, SECOND, 'ours') })
    await keep(bench, none, seen(FIRST, SECOND), aChain({ hops: [big, small] }))
    expect(await hexOf(bench, FIRST.txid)).toBeNull()
    expect(await hexOf(bench, SECOND.txid)).toBe(SECOND.hex)
  })
})

describe('what left the mempool is broadcast again', () => {
  const rated = (digit: string, feeRateSatPerKw: number | null): Candidate =>
    aCandidate({ txid: aTxid(digit), feeRateSatPerKw })

  /** Which transactions are sent, in order, where the chain source takes those that are named. */
  async function sent(candidates: Candidate[], held: string[], takes: (hex: string) => boolean) {
    const hexes: string[] = []
    const bench = aBench()
    for (const digit of held) await bench.store.putItem('raw', aTxid(digit), { hex: digit.repeat(2) }, 0)
    const chain: ChainPort = {
      tip: never,
      blockHash: never,
      transaction: never,
      spend: never,
      feeRateSatPerKw: never,
      broadcast: async (hex) => {
        hexes.push(hex)
        return takes(hex) ? ok(undefined) : err({ class: 'unreachable', message: 'no' })
      },
    }
    await rebroadcast(aPendingSplice({ candidates }), aConfiguredNode({ chain }), bench.ports)
    return { hexes, counts: Object.fromEntries(bench.counts) }
  }

  const three = [rated('1', 1_000), rated('2', 3_000), rated('3', 2_000)]

  test('the best paying first, and no more once one is taken', async () => {
    const { hexes, counts } = await sent(three, ['1', '2', '3'], () => true)
    expect(hexes).toEqual(['22'])
    expect(counts).toEqual({ 'rebroadcast.taken': 1 })
  })

  test('the next best where the best is refused', async () => {
    const { hexes, counts } = await sent(three, ['1', '2', '3'], (hex) => hex === '33')
    expect(hexes).toEqual(['22', '33'])
    expect(counts).toEqual({ 'rebroadcast.refused': 1, 'rebroadcast.taken': 1 })
  })

  test('all of them where none is taken', async () => {
    const { hexes, counts } = await sent(three, ['1', '2', '3'], () => false)
    expect(hexes).toEqual(['22', '33', '11'])
    expect(counts).toEqual({ 'rebroadcast.refused': 3 })
  })

  test('one that is not held is passed over', async () => {
    expect((await sent(three, ['1'], () => true)).hexes).toEqual(['11'])
    expect((await sent(three, [], () => true)).hexes).toEqual([])
  })

  test('one of an unknown feerate comes last', async () => {
    const { hexes } = await sent([rated('1', null), rated('2', 1)], ['1', '2'], () => false)
    expect(hexes).toEqual(['22', '11'])
  })

  test('nothing without a candidate', async () => {
    expect(await sent([], ['1'], () => true)).toEqual({ hexes: [], counts: {} })
  })

  test('the splice itself is left as it is', async () => {
    const splice = aPendingSplice({ candidates: three })
    const before = structuredClone(splice)
    await rebroadcast(splice, aConfiguredNode(), aBench().ports)
    expect(splice).toEqual(before)
  })
})

describe('a look at a splice whose transaction', () => {
  async function broadcasts(chain: FakeChain, overrides: Partial<Splice> = {}): Promise<number> {
    const bench = aBench({ nodes: [aConfiguredNode({ chain })] })
    await bench.store.create(aPendingSplice(overrides))
    await bench.store.putItem('raw', FIRST.txid, { hex: FIRST.hex }, 0)
    await drive(aPendingSplice().id, bench.ports, { policy, mayAct: true, shared: null })
    return chain.calls.filter((call) => call === 'broadcast').length
  }

  test('is not to be seen broadcasts it again', async () => {
    expect(await broadcasts(new FakeChain())).toBe(1)
  })

  test('stands does not', async () => {
    expect(await broadcasts(new FakeChain([onChain(FIRST)]))).toBe(0)
  })

  test('was replaced does not', async () => {
    expect(await broadcasts(new FakeChain([onChain(aSplicing(ANCHOR, 800_000))]))).toBe(0)
  })

  test('cannot be asked about does not', async () => {
    const away = new FakeChain()
    away.fails = (call) => call !== 'broadcast'
    expect(await broadcasts(away)).toBe(0)
  })

  test('is seen again later was not lost: the same candidate stands', async () => {
    const bench = aBench({ nodes: [aConfiguredNode({ chain: new FakeChain([onChain(FIRST)]) })] })
    await bench.store.create(aPendingSplice())
    await drive(aPendingSplice().id, bench.ports, { policy, mayAct: true, shared: null })
    const splice = await bench.store.load(aPendingSplice().id)
    expect(splice?.candidates.map(({ txid }) => txid)).toEqual([FIRST.txid])
    expect(splice?.state).toBe('pending')
  })
})
