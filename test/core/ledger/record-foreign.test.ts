import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import { NO_AMOUNTS } from '../../../core/ledger/transaction-amounts.ts'
import {
  fundingsSeen,
  recordForeignTransaction,
  recordForeignSpends,
  type Subject,
} from '../../../core/ledger/record-foreign.ts'
import { channelKey, type ForeignPayment } from '../../../core/ports/records.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import type { FundingSpend } from '../../../core/chain/funding-history.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aForeignCandidate, aForeignPayment } from '../../../harness/records/payments.ts'
import { aPaymentId, aTxid, FUNDING, NOW } from '../../../harness/values.ts'
import { aBench, type Bench } from '../../../harness/ports/bench.ts'
import {
  aCommitment,
  aSplicing,
  aTransaction,
  FUNDING_WITNESS,
  fundingOf,
  P2WPKH,
  P2WSH,
  type Built,
} from '../../../harness/transactions.ts'
import { aChain, aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aChannel } from '../../../harness/looks/node.ts'
import { aChannelSeen } from '../../../harness/records/states.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'

const [ONE, TWO] = [aTxid('1'), aTxid('2')]
const SUBJECT: Subject = { node: 'alice', network: 'regtest', channelId: 'c'.repeat(64), spends: FUNDING }
const found = (txid: string, kind: ForeignPayment['kind'] = 'unclassified') =>
  ({ type: 'found', txid, amounts: NO_AMOUNTS, kind }) as const

const paymentOf = async ({ store }: Bench, id: string) => (await store.item('payment', id))?.value ?? null
const pointerOf = async ({ store }: Bench, txid: string) => (await store.item('tx', txid))?.value ?? null

/** The writes of a bench, in order: the first part of each key. */
function writing(more: MemoryHooks = {}): { bench: Bench; writes: string[] } {
  const writes: string[] = []
  const after = (operation: Operation): void => {
    if (operation.type === 'put') writes.push(operation.row.pk.split('#')[0] ?? '')
  }
  return { bench: aBench({ hooks: { after, ...more } }), writes }
}

describe("a transaction that is nobody's is written into the ledger", () => {
  test('its entry first, then its payment, and last the pointer, whose absence says: again', async () => {
    const { bench, writes } = writing()
    await recordForeignTransaction(SUBJECT, found(ONE, 'foreign_splice'), bench.ports)
    expect(writes).toEqual(['LEDGER', 'PAY', 'TX'])
    expect((await bench.store.item('ledger', FUNDING))?.value).toEqual({ paymentId: ONE })
    expect(await paymentOf(bench, ONE)).toMatchObject({
      ...SUBJECT,
      id: ONE,
      kind: 'foreign_splice',
      candidates: [{ txid: ONE, block: null }],
      createdAt: NOW,
      dueAt: NOW,
    })
    expect(await pointerOf(bench, ONE)).toEqual({ paymentId: ONE, foreign: true })
  })

  test.each([1, 2, 3])('once, though the process died after its write %i', async (deaths) => {
    let written = 0
    const { bench } = writing({
      after: (operation) => {
        if (operation.type === 'put' && ++written === deaths) throw new Error('died')
      },
    })
    await expect(recordForeignTransaction(SUBJECT, found(ONE), bench.ports)).rejects.toThrow('died')
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    expect((await paymentOf(bench, ONE))?.candidates).toHaveLength(1)
    expect(await pointerOf(bench, ONE)).toEqual({ paymentId: ONE, foreign: true })
  })

  test('and not written again where nothing new is known', async () => {
    const { bench, writes } = writing()
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    writes.length = 0
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    expect(writes).toEqual([])
  })

  test('and what becomes known of it later is added', async () => {
    const bench = aBench()
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    await recordForeignTransaction(SUBJECT, { ...found(ONE), amounts: { ...NO_AMOUNTS, feeSats: 700 } }, bench.ports)
    expect((await paymentOf(bench, ONE))?.candidates).toMatchObject([{ txid: ONE, feeSats: 700 }])
  })

  test('what replaces it belongs to the same payment', async () => {
    const bench = aBench()
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    await recordForeignTransaction(SUBJECT, found(TWO), bench.ports)
    expect((await paymentOf(bench, ONE))?.candidates.map(({ txid }) => txid)).toEqual([ONE, TWO])
    expect(await paymentOf(bench, TWO)).toBeNull()
    expect(await pointerOf(bench, TWO)).toEqual({ paymentId: ONE, foreign: true })
  })

  test('a channel has one payment for its open, and others for its fundings', async () => {
    const bench = aBench()
    await recordForeignTransaction({ ...SUBJECT, spends: null }, found(ONE, 'channel_open'), bench.ports)
    await recordForeignTransaction(SUBJECT, found(TWO), bench.ports)
    const key = channelKey(SUBJECT.node, SUBJECT.channelId)
    expect((await bench.store.item('ledger', key))?.value).toEqual({ paymentId: ONE })
    expect((await bench.store.item('ledger', FUNDING))?.value).toEqual({ paymentId: TWO })
  })

  test('what belongs to a splice of ours is not', async () => {
    const { bench, writes } = writing()
    await bench.store.putItem('tx', ONE, { paymentId: aPaymentId(1) }, 0)
    writes.length = 0
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    expect(writes).toEqual([])
  })

  test('the entry that stands wins, whoever else writes at the same time', async () => {
    let raced = false
    const { bench } = writing({
      before: async (operation) => {
        if (raced || operation.type !== 'put' || !operation.row.pk.startsWith('LEDGER#')) return null
        raced = true
        await bench.store.putItem('ledger', FUNDING, { paymentId: TWO }, 0)
        return null
      },
    })
    await recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
    expect((await paymentOf(bench, TWO))?.candidates.map(({ txid }) => txid)).toEqual([ONE])
    expect(await pointerOf(bench, ONE)).toEqual({ paymentId: TWO, foreign: true })
  })

  test.each(['LEDGER#', 'PAY#'])('after a hundred lost races for %s it is left for the next look', async (prefix) => {
    for (const [races, written] of [
      [99, true],
      [100, false],
    ] as const) {
      let lost = 0
      const { bench } = writing({
        before: (operation) =>
          operation.type === 'put' && operation.row.pk.startsWith(prefix) && lost++ < races ? 'lost_race' : null,
      })
      const recorded = recordForeignTransaction(SUBJECT, found(ONE), bench.ports)
      if (written) await recorded
      else await expect(recorded).rejects.toThrow('contended')
      expect((await pointerOf(bench, ONE)) !== null).toBe(written)
    }
  })
})

describe('what is found later is looked at', () => {
  const block = { height: 100, hash: aTxid('b') }
  const rest: Partial<ForeignPayment> = {
    kind: 'foreign_splice',
    final: { at: 1, block },
    candidates: [aForeignCandidate({ block, feeSats: null })],
    dueAt: null,
  }
  async function stored(overrides: Partial<ForeignPayment>, txid: string) {
    const bench = aBench()
    await bench.store.putItem('payment', ONE, aForeignPayment({ id: ONE, ...overrides }), 0)
    await bench.store.putItem('ledger', FUNDING, { paymentId: ONE }, 0)
    const amounts = { ...NO_AMOUNTS, feeSats: 700 }
    await recordForeignTransaction(SUBJECT, { ...found(txid), amounts: amounts }, bench.ports)
    return paymentOf(bench, ONE)
  }

  test.each<[string, Partial<ForeignPayment>, string, number | null]>([
    ['another transaction: at once', { dueAt: NOW + 5 }, TWO, NOW],
    ['another transaction of what is at rest: at once', rest, TWO, NOW],
    ['a figure: when it is due', { candidates: [aForeignCandidate({ feeSats: null })], dueAt: NOW + 5 }, ONE, NOW + 5],
    ['a figure of what is at rest: never', rest, ONE, null],
  ])('%s', async (_says, overrides, txid, dueAt) => {
    const payment = await stored(overrides, txid)
    expect(payment?.dueAt).toBe(dueAt)
    expect(payment?.candidates.find((candidate) => candidate.txid === txid)?.feeSats).toBe(700)
  })
})

describe('a look writes down who spends the funding history without our effect', () => {
  const splicing = aSplicing(FUNDING)
  const next = fundingOf(splicing)
  const spentBy = (outpoint: string, built: Built): FundingSpend =>
    aFundingSpend({ outpoint, spender: aFundingSpender(outpoint, built, 'none') })

  async function looked(
    fundingSpends: readonly FundingSpend[],
    more: Partial<Observation> = {},
    splice: Partial<Splice> = {},
  ) {
    const { bench, writes } = writing()
    const unrecorded = fundingSpends.flatMap(({ spender }) => (spender === null ? [] : [spender.tx.txid]))
    const observation = anObservation({
      chain: aChain({ fundingSpends: fundingSpends, unrecorded }),
      ...more,
    })
    await recordForeignSpends(aSubmittedSplice(splice), observation, bench.ports)
    const kindOf = async (built: Built) => {
      const pointer = await pointerOf(bench, built.txid)
      return pointer === null ? null : ((await paymentOf(bench, pointer.paymentId))?.kind ?? null)
    }
    return { bench, writes, kindOf }
  }

  test('with the amounts, and the channel that it is of', async () => {
    const { bench } = await looked([spentBy(FUNDING, splicing)])
    expect(await paymentOf(bench, splicing.txid)).toMatchObject({
      ...SUBJECT,
      candidates: [{ feeSats: 300, amountSats: -100_000 }],
    })
  })

  test.each<[string, readonly FundingSpend[], Partial<Observation>, Built, string]>([
    ['what may be a splice or a close', [spentBy(FUNDING, splicing)], {}, splicing, 'unclassified'],
    ['a close', [spentBy(FUNDING, aCommitment(FUNDING))], {}, aCommitment(FUNDING), 'channel_close'],
    [
      'what made the funding that the node stands on',
      [spentBy(FUNDING, splicing), aFundingSpend({ outpoint: next })],
      { channel: aChannel({ funding: next }) },
      splicing,
      'foreign_splice',
    ],
    [
      'what made a funding that the node stood on once',
      [spentBy(FUNDING, splicing)],
      { channelState: aChannelSeen({ earlier: [next] }) },
      splicing,
      'foreign_splice',
    ],
    [
      'what made an output that was spent as a funding',
      [spentBy(FUNDING, splicing), spentBy(next, aSplicing(next))],
      {},
      splicing,
      'foreign_splice',
    ],
    [
      'what made an output that was spent as something else',
      [spentBy(FUNDING, splicing), spentBy(next, aTransaction({ inputs: [{ outpoint: next }] }))],
      {},
      splicing,
      'unclassified',
    ],
    [
      'what made an output that nobody spent',
      [spentBy(FUNDING, splicing), aFundingSpend({ outpoint: next })],
      {},
      splicing,
      'unclassified',
    ],
  ])('%s', async (_says, fundingSpends, more, built, kind) => {
    expect(await (await looked(fundingSpends, more)).kindOf(built)).toBe(kind)
  })

  test('and what took its place belongs to the same payment', async () => {
    const rival = aSplicing(FUNDING, 800_000)
    const { bench } = await looked([spentBy(FUNDING, splicing)])
    const chain = aChain({ fundingSpends: [spentBy(FUNDING, rival)], unrecorded: [rival.txid] })
    await recordForeignSpends(aSubmittedSplice(), anObservation({ chain }), bench.ports)
    const txids = (await paymentOf(bench, splicing.txid))?.candidates.map(({ txid }) => txid)
    expect(txids).toEqual([splicing.txid, rival.txid])
  })

  test('what made an outpoint of the funding history is a splice', async () => {
    const { kindOf } = await looked([spentBy(FUNDING, splicing)], {}, { fundingHistory: [FUNDING, next] })
    expect(await kindOf(splicing)).toBe('foreign_splice')
  })

  test('and nothing where there is nothing to record, or no chain', async () => {
    const fundingSpends = [spentBy(FUNDING, splicing)]
    for (const chain of [null, aChain({ fundingSpends: fundingSpends })])
      expect((await looked(fundingSpends, { chain })).writes).toEqual([])
    const other = await looked(fundingSpends, {
      chain: aChain({ fundingSpends: fundingSpends, unrecorded: [TWO] }),
    })
    expect(other.writes, 'another one is not recorded yet').toEqual([])
  })

  test('and never fails: what cannot be written is alarmed, and tried again at the next look', async () => {
    const bench = aBench({ hooks: { before: () => 'throttle' } })
    const chain = aChain({ fundingSpends: [spentBy(FUNDING, splicing)], unrecorded: [splicing.txid] })
    await recordForeignSpends(aSubmittedSplice(), anObservation({ chain }), bench.ports)
    expect(bench.alarms).toEqual(['a foreign payment could not be recorded'])
    expect(bench.alarmed).toMatchObject([{ spliceId: aSubmittedSplice().id }])
  })
})

describe("where the node tells no funding, a peer's own outputs are not taken for the channel's", () => {
  const unnamed: Partial<Observation>[] = [{ channel: null }, { channel: aChannel({ funding: null }) }]
  const hop = (outpoint: string, built: Built): FundingSpend =>
    aFundingSpend({ outpoint, spender: aFundingSpender(outpoint, built, 'none') })

  async function recorded(fundingSpends: readonly FundingSpend[], more: Partial<Observation>): Promise<string[]> {
    const bench = aBench()
    const txids = fundingSpends.flatMap(({ spender }) => (spender === null ? [] : [spender.tx.txid]))
    const observation = anObservation({
      chain: aChain({ fundingSpends: fundingSpends, unrecorded: txids }),
      ...more,
    })
    await recordForeignSpends(aSubmittedSplice(), observation, bench.ports)
    const written: string[] = []
    for (const txid of txids) if ((await pointerOf(bench, txid)) !== null) written.push(txid)
    return written
  }
  const funding = (...scripts: string[]): Built =>
    aTransaction({
      inputs: [{ outpoint: FUNDING, witness: FUNDING_WITNESS }],
      outputs: scripts.map((script, n) => ({ script, amountSats: 9_000 + n })),
    })

  test.each(unnamed)('what spends the only output that can fund a channel is recorded (%#)', async (more) => {
    const only = funding(P2WPKH, P2WSH)
    const after = aSplicing(`${only.txid}:1`)
    const fundingSpends = [hop(FUNDING, only), hop(`${only.txid}:1`, after)]
    expect(await recorded(fundingSpends, more)).toEqual([only.txid, after.txid])
  })

  test.each(unnamed)('what spends one of two that can is not, but what made them is (%#)', async (more) => {
    const two = funding(P2WSH, P2WSH)
    const fundingSpends = [hop(FUNDING, two), hop(`${two.txid}:0`, aSplicing(`${two.txid}:0`))]
    expect(await recorded(fundingSpends, more)).toEqual([two.txid])
  })

  test.each(unnamed)('what spends an output of a force-close is not (%#)', async (more) => {
    const close = aTransaction({
      inputs: [{ outpoint: FUNDING, sequence: 0x80_00_00_01, witness: FUNDING_WITNESS }],
      outputs: [{ script: P2WSH, amountSats: 9_000 }],
      locktime: 0x20_00_00_01,
    })
    const fundingSpends = [hop(FUNDING, close), hop(fundingOf(close), aSplicing(fundingOf(close)))]
    expect(await recorded(fundingSpends, more)).toEqual([close.txid])
  })

  test('what spends an outpoint that nobody named is not, whatever follows from it', async () => {
    const stranger = `${aTxid('9')}:0`
    const forged = aSplicing(stranger)
    const fundingSpends = [hop(stranger, forged), hop(fundingOf(forged), aSplicing(fundingOf(forged)))]
    expect(await recorded(fundingSpends, { channel: null })).toEqual([])
    expect(await recorded(fundingSpends, {}), 'the walk to a funding that the node named').toHaveLength(2)
  })
})

test('the fundings that a channel was seen on are all that its node named', () => {
  const [first, second] = [`${ONE}:0`, `${TWO}:0`]
  expect(fundingsSeen(null)).toEqual([])
  expect(fundingsSeen(aChannelSeen({ funding: null, earlier: [first] }))).toEqual([first])
  expect(fundingsSeen(aChannelSeen({ funding: second, earlier: [first] }))).toEqual([second, first])
})
