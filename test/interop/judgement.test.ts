import { describe, expect, test } from 'vitest'
import type { ParsedTransaction } from '../../core/bitcoin/transaction.ts'
import { objectionsTo, type Claim, type Evidence } from '../../interop/judgement.ts'

const SCRIPT = `0014${'11'.repeat(20)}`
const FUNDING = `${'a'.repeat(64)}:0`
const B = 'b'.repeat(64)
const C = 'c'.repeat(64)

const aTransaction = (txid: string, spent: string, paid: readonly number[] = []): ParsedTransaction => ({
  txid,
  weight: 700,
  inputs: [{ outpoint: spent, sequence: 0, witness: [] }],
  outputs: paid.map((amountSats) => ({ script: SCRIPT, amountSats })),
  locktime: 0,
})

const aSpend = (tx: ParsedTransaction, changeSats: number, confirmations = 6) => ({
  tx,
  confirmations,
  funding: `${tx.txid}:1`,
  changeSats,
})

const out = (status: string): Claim => ({ kind: 'splice_out', amountSats: 50_000, script: SCRIPT, status })
const into = (status: string): Claim => ({ kind: 'splice_in', amountSats: 30_000, script: null, status })

function evidence(
  fundingHistory: readonly ReturnType<typeof aSpend>[],
  {
    booked,
    ...channel
  }: { booked?: readonly string[] | null; open?: boolean; pending?: string[]; funding?: string } = {},
): Evidence {
  return {
    chain: { fundingHistory, transactions: fundingHistory.map(({ tx }) => tx) },
    channel: {
      funding: fundingHistory.at(-1)?.funding ?? FUNDING,
      open: true,
      peerConnected: true,
      pending: [],
      ...channel,
    },
    booked: booked === undefined ? fundingHistory.map(({ tx }) => tx.txid) : booked,
  }
}

const paid = aSpend(aTransaction(B, FUNDING, [50_000]), -50_200)
const grown = aSpend(aTransaction(C, `${B}:1`), 30_000)

describe('the judge believes', () => {
  test.each([
    ['a splice that settled once', [out('settled')], evidence([paid])],
    ['two of them, one after the other', [out('settled'), into('settled')], evidence([paid, grown])],
    ['one that failed and never was', [out('failed')], evidence([])],
    ['a node without a ledger', [out('settled')], evidence([paid], { booked: null })],
  ])('%s', (_what, claims, seen) => {
    expect(objectionsTo(claims, seen)).toEqual([])
  })
})

describe('the judge objects to', () => {
  const twice = aSpend(aTransaction(C, `${B}:1`, [50_000]), -50_200)
  test.each([
    ['a splice that settled twice', [out('settled')], evidence([paid, twice]), 'happened 2 times'],
    [
      'one that pays twice in one transaction',
      [out('settled')],
      evidence([aSpend(aTransaction(B, FUNDING, [50_000, 50_000]), -100_300)]),
      'happened 2 times',
    ],
    ['one that settled and never was', [out('settled')], evidence([]), 'happened 0 times'],
    ['one that failed and was paid', [out('failed')], evidence([paid]), 'is failed, but happened'],
    ['one that has not ended', [out('needs_attention')], evidence([]), 'has not ended'],
    [
      'depth that is not there',
      [out('settled')],
      evidence([{ ...paid, confirmations: 5 }]),
      'with only 5 confirmations',
    ],
    ['a splice that nobody ordered', [out('settled')], evidence([paid, grown]), 'belongs to no order'],
    ['a closed channel', [out('settled')], evidence([paid], { open: false }), 'as open'],
    ['a pending splice at the node', [out('settled')], evidence([paid], { pending: [C] }), 'as pending'],
    ['another funding at the node', [out('settled')], evidence([paid], { funding: FUNDING }), "the node's funding"],
    ['a ledger that knows nothing of it', [out('settled')], evidence([paid], { booked: [] }), 'the node booked []'],
    [
      'a splice-in of another amount',
      [into('settled')],
      evidence([{ ...grown, changeSats: 30_331 }]),
      'happened 0 times',
    ],
  ])('%s', (_what, claims, seen, why) => {
    expect(objectionsTo(claims, seen).join('; ')).toContain(why)
    expect(objectionsTo(claims, seen)).not.toEqual([])
  })
})
