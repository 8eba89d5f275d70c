import { describe, expect, test } from 'vitest'
import type { Operation } from '../../../adapters/store/memory.ts'
import type { ChainPort } from '../../../core/ports/ports.ts'
import type { ChainView } from '../../../core/decision/observation.ts'
import { drive } from '../../../core/drive/drive.ts'
import { rawTransactionsIn, rebroadcast } from '../../../core/drive/rebroadcast.ts'
import { err, ok } from '../../../core/values/result.ts'
import type { Candidate, Splice } from '../../../core/splice/splice.ts'
import { aTxid, FUNDING, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode } from '../../../harness/ports/bench.ts'
import { aCandidate } from '../../../harness/records/attempts.ts'
import { aChain, aChainWith, aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aPendingSplice, FIRST, SECOND } from '../../../harness/records/bumps.ts'
import { aSplicing, aTransaction, FUNDING_WITNESS, P2WSH, fundingOf, onChain } from '../../../harness/transactions.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const isPointer = (operation: Operation): boolean => operation.type === 'put' && operation.row.pk.startsWith('TX#')
const isSplice = (operation: Operation): boolean => operation.type === 'put' && operation.row.pk.startsWith('SPL#')
async function never(): Promise<never> {
  throw new Error('a broadcast asks the chain source for nothing')
}

const seenIn = (chain: ChainView | null, txid: string): string | undefined =>
  rawTransactionsIn(anObservation({ chain }))(txid)

/** A splice whose transaction is on the chain, driven once. */
async function drivenOnce() {
  const order: string[] = []
  const splice = aSubmittedSplice()
  const paying = aTransaction({
    inputs: [{ outpoint: FUNDING, witness: FUNDING_WITNESS }],
    outputs: [
      { script: P2WSH, amountSats: 900_000 },
      { script: splice.script ?? '', amountSats: splice.amountSats },
    ],
  })
  const bench = aBench({
    nodes: [aConfiguredNode({ chain: new FakeChain([onChain(paying)]) })],
    hooks: {
      after: (operation) => {
        if (isPointer(operation)) order.push('pointer')
        if (isSplice(operation)) order.push('splice')
      },
    },
  })
  await bench.store.create(splice)
  order.length = 0
  await drive(splice.id, bench.ports, { policy, mayAct: true, shared: null })
  return { bench, splice, paying, order }
}

describe('the raw transaction of a new candidate', () => {
  test('is kept in its pointer, before the candidate itself is saved', async () => {
    const { bench, splice, paying, order } = await drivenOnce()
    expect((await bench.store.load(splice.id))?.candidates.map(({ txid }) => txid)).toEqual([paying.txid])
    expect((await bench.store.item('tx', paying.txid))?.value).toEqual({
      paymentId: splice.paymentId,
      hex: paying.hex,
    })
    expect(order.slice(0, 2)).toEqual(['pointer', 'splice'])
    expect(order.filter((what) => what === 'pointer')).toHaveLength(1)
  })

  test('is what the chain source shows, of every one along the funding history', () => {
    const later = aSplicing(fundingOf(FIRST))
    const hop = aFundingSpend({
      outpoint: fundingOf(FIRST),
      spender: aFundingSpender(fundingOf(FIRST), later, 'ours'),
    })
    const chain = aChain({ fundingSpends: [...aChainWith(FIRST).fundingSpends, hop] })
    expect(seenIn(chain, FIRST.txid)).toBe(FIRST.hex)
    expect(seenIn(chain, later.txid)).toBe(later.hex)
  })

  test.each<[string, ChainView | null]>([
    ['without a chain source', null],
    ['where no spender is shown', aChain()],
    ['where another one is shown', aChainWith(SECOND)],
  ])('is not known %s', (_says, chain) => {
    expect(seenIn(chain, FIRST.txid)).toBeUndefined()
  })

  test.each([
    [350_000, true],
    [350_001, false],
    [350_002, false],
  ])('of %i characters: kept %s', (characters, kept) => {
    const view = aChainWith(FIRST)
    const fundingSpends = view.fundingSpends.map((hop) =>
      hop.spender === null
        ? hop
        : { ...hop, spender: { ...hop.spender, tx: { ...hop.spender.tx, hex: '0'.repeat(characters) } } },
    )
    expect(seenIn({ ...view, fundingSpends: fundingSpends }, FIRST.txid)?.length ?? null).toBe(kept ? characters : null)
  })
})

describe('what left the mempool is broadcast again', () => {
  const rated = (digit: string, feeRateSatPerKw: number | null): Candidate =>
    aCandidate({ txid: aTxid(digit), feeRateSatPerKw })

  /** Which transactions are sent, in order, where the chain source takes those that are named. */
  async function sent(candidates: Candidate[], held: string[], takes: (hex: string) => boolean) {
    const hexes: string[] = []
    const bench = aBench()
    for (const [n, digit] of held.entries()) {
      const hex = digit.repeat(2)
      // Seen by a look, or handed over by a node.
      if (n % 2 === 0) await bench.store.putItem('tx', aTxid(digit), { paymentId: 'p', hex }, 0)
      else await bench.store.putItem('rawTransaction', aTxid(digit), { hex }, 0)
    }
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

  test('one whose pointer came before anybody saw it is taken as its node handed it over', async () => {
    const bench = aBench({ nodes: [aConfiguredNode({ chain: new FakeChain() })] })
    await bench.store.create(aPendingSplice())
    await bench.store.putItem('tx', FIRST.txid, { paymentId: aPendingSplice().paymentId }, 0)
    await bench.store.putItem('rawTransaction', FIRST.txid, { hex: FIRST.hex }, 0)
    await drive(aPendingSplice().id, bench.ports, { policy, mayAct: true, shared: null })
    expect(bench.counts.get('rebroadcast.taken')).toBe(1)
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
    await bench.store.putItem('rawTransaction', FIRST.txid, { hex: FIRST.hex }, 0)
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
    expect(await broadcasts(new FakeChain([onChain(aSplicing(FUNDING, 800_000))]))).toBe(0)
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
