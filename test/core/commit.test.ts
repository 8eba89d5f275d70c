import { describe, expect, test } from 'vitest'
import { commit } from '../../core/commit.ts'
import { paymentIdOf } from '../../core/ids.ts'
import type { TxPointer } from '../../core/items.ts'
import { aSpliceId, aTxid } from '../support/splices.ts'
import { aBench, aCandidate, aSubmittedSplice, policy } from './builders.ts'

const TXID = aTxid('c')
const MINE = paymentIdOf(aSpliceId(1))

/** Saves a first candidate of a splice over whatever pointer stands. */
async function adopt(standing: TxPointer | null) {
  const bench = aBench()
  if (standing !== null) await bench.store.putItem('tx', TXID, standing, 0)
  const { splice } = await bench.store.create(aSubmittedSplice({ id: aSpliceId(1) }))
  const after = { ...splice, state: 'pending' as const, candidates: [aCandidate({ txid: TXID })] }
  const saved = await commit(splice, after, bench.ports, policy)
  const pointer = (await bench.store.item('tx', TXID))?.value
  return { saved: saved?.candidates.length ?? null, pointer }
}

describe('a candidate is claimed before it is saved', () => {
  test.each<[string, TxPointer | null]>([
    ['nobody knows', null],
    ['is ours already', { paymentId: MINE }],
    ['was taken for foreign', { paymentId: TXID, foreign: true }],
    ['was taken for foreign, under another id', { paymentId: aTxid('1'), foreign: true }],
  ])('one that %s', async (_says, standing) => {
    expect(await adopt(standing)).toEqual({ saved: 1, pointer: { paymentId: MINE } })
  })

  test('and not if another splice was first', async () => {
    const standing = { paymentId: paymentIdOf(aSpliceId(2)) }
    expect(await adopt(standing)).toEqual({ saved: null, pointer: standing })
  })
})
