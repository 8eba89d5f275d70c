import { describe, expect, test } from 'vitest'
import type { Operation } from '../../../adapters/store/memory.ts'
import type { Stepped } from '../../../core/splice/action.ts'
import { updateSplice, saveSplice } from '../../../core/drive/save.ts'
import type { TxPointer } from '../../../core/ports/records.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aPaymentId, aSpliceId, aTxid, NOW, policy } from '../../../harness/values.ts'
import { aBench } from '../../../harness/ports/bench.ts'
import { aCandidate } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'

const TXID = aTxid('c')
const MINE = aPaymentId(1)

/** Saves a first candidate of a splice over whatever pointer stands. */
async function adopt(standing: TxPointer | null, hex?: string) {
  const bench = aBench()
  if (standing !== null) await bench.store.putItem('tx', TXID, standing, 0)
  const { splice } = await bench.store.create(aSubmittedSplice({ id: aSpliceId(1) }))
  const after = { ...splice, state: 'pending' as const, candidates: [aCandidate({ txid: TXID })] }
  const saved = await saveSplice(splice, after, bench.ports, policy, () => hex)
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

  test.each<[string, TxPointer | null]>([
    ['nobody knows', null],
    ['is ours, from before anybody saw it', { paymentId: MINE }],
    ['was taken for foreign', { paymentId: TXID, foreign: true }],
  ])('with its raw transaction: one that %s', async (_says, standing) => {
    expect(await adopt(standing, 'ab')).toEqual({ saved: 1, pointer: { paymentId: MINE, hex: 'ab' } })
  })

  test.each(['cd', undefined])('a raw transaction that is kept already stays: %s', async (hex) => {
    const standing = { paymentId: MINE, hex: 'ab' }
    expect(await adopt(standing, hex)).toEqual({ saved: 1, pointer: standing })
  })

  test('and not if another splice was first', async () => {
    const standing = { paymentId: aPaymentId(2) }
    expect(await adopt(standing)).toEqual({ saved: null, pointer: standing })
  })
})

const isSave = (operation: Operation): boolean => operation.type === 'put' && operation.row.pk.startsWith('SPL#')

describe('a save', () => {
  test('is made of what changed, with the time of the write', async () => {
    const bench = aBench()
    const { splice } = await bench.store.create(aSubmittedSplice())
    const saved = await saveSplice(splice, { ...splice, quietSince: NOW }, bench.ports, policy)
    expect(saved).toMatchObject({ quietSince: NOW, updatedAt: NOW, version: 2 })
    expect(await bench.store.load(splice.id)).toEqual(saved)
  })

  test('is not made where only time went by', async () => {
    const bench = aBench()
    const { splice } = await bench.store.create(aSubmittedSplice())
    bench.now = NOW + 60_000
    expect(await saveSplice(splice, { ...splice, updatedAt: bench.now }, bench.ports, policy)).toBe(splice)
    expect((await bench.store.load(splice.id))?.version).toBe(1)
  })

  test('of a candidate that is known writes no pointer again', async () => {
    const bench = aBench()
    const known = aSubmittedSplice({ candidates: [aCandidate({ txid: TXID })] })
    const { splice } = await bench.store.create(known)
    await saveSplice(splice, { ...splice, quietSince: NOW }, bench.ports, policy)
    expect(await bench.store.item('tx', TXID)).toBeNull()
  })

  test('of a second candidate writes its pointer beside the first', async () => {
    const bench = aBench()
    const known = aSubmittedSplice({ candidates: [aCandidate({ txid: TXID })] })
    const { splice } = await bench.store.create(known)
    const both = [...splice.candidates, aCandidate({ txid: aTxid('d') })]
    await saveSplice(splice, { ...splice, candidates: both }, bench.ports, policy)
    expect((await bench.store.item('tx', aTxid('d')))?.value).toEqual({ paymentId: MINE })
  })

  test('of what is no valid record is refused before it is written', async () => {
    const bench = aBench()
    const { splice } = await bench.store.create(aSubmittedSplice())
    await expect(saveSplice(splice, { ...splice, amountSats: -1 }, bench.ports, policy)).rejects.toThrow()
    expect(await bench.store.load(splice.id)).toEqual(splice)
  })
})

describe('a change is made to what is stored', () => {
  const count = (splice: Splice): Stepped => ({
    splice: { ...splice, epoch: splice.epoch + 1 },
    actions: [{ type: 'alarm', message: 'changed' }],
  })
  const racing = (races: number) => {
    let lost = 0
    return aBench({
      hooks: {
        before: (operation) => (isSave(operation) && lost++ < races + 1 && lost > 1 ? 'lost_race' : null),
      },
    })
  }

  test('and answered as saved, with what has to be done', async () => {
    const bench = aBench()
    const { splice } = await bench.store.create(aSubmittedSplice())
    const changed = await updateSplice(splice.id, count, bench.ports, policy)
    expect(changed).toMatchObject({ splice: { epoch: 1, version: 2 }, actions: [{ type: 'alarm' }] })
  })

  test('and nothing is made of one that does not exist', async () => {
    expect(await updateSplice(aSpliceId(1), count, aBench().ports, policy)).toBeNull()
  })

  test('again where somebody was faster, up to five times', async () => {
    const bench = racing(4)
    const { splice } = await bench.store.create(aSubmittedSplice())
    expect((await updateSplice(splice.id, count, bench.ports, policy))?.splice.epoch).toBe(1)
  })

  test('and it is said where it could not be saved', async () => {
    const bench = racing(100)
    const { splice } = await bench.store.create(aSubmittedSplice())
    await expect(updateSplice(splice.id, count, bench.ports, policy)).rejects.toThrow('contended')
    expect((await bench.store.load(splice.id))?.epoch).toBe(0)
  })
})
