import { describe, expect, test } from 'vitest'
import { StoreAssertion } from '../../../adapters/store/assertions.ts'
import { dueShardOf } from '../../../adapters/store/keys.ts'
import { oneOfEach } from '../../../harness/records/items.ts'
import { aForeignPayment } from '../../../harness/records/payments.ts'
import { aSplice, aSpliceAtRest } from '../../../harness/records/splices.ts'
import { ACCEPTED_AT, aSpliceId, aTxid } from '../../../harness/values.ts'
import { WRITERS, idsOfShard, kinds, pagesOf, paymentIdsOfShard, type Opened } from './opened.ts'
import { aFullSplice } from './splices.ts'

export function describeItems(opened: Opened): void {
  describe('a small item', () => {
    test.each(kinds())('of kind %s reads back as it went in', async (kind) => {
      const { key, value } = oneOfEach[kind]
      expect(await opened.store.item(kind, key)).toBeNull()
      expect(await opened.store.putItem(kind, key, value, 0)).toBe(true)
      expect(await opened.table.writer().item(kind, key)).toEqual({ version: 1, value })
    })

    test('is written only over the version named', async () => {
      const { key, value } = oneOfEach.lease
      expect(await opened.store.putItem('lease', key, value, 1)).toBe(false)
      expect(await opened.store.putItem('lease', key, value, 0)).toBe(true)
      expect(await opened.store.putItem('lease', key, { ...value, holder: 'a' }, 0)).toBe(false)
      expect(await opened.store.putItem('lease', key, { ...value, holder: 'b' }, 1)).toBe(true)
      expect(await opened.store.putItem('lease', key, { ...value, holder: 'c' }, 1)).toBe(false)
      expect(await opened.store.item('lease', key)).toEqual({ version: 2, value: { ...value, holder: 'b' } })
    })

    test('lease is taken by exactly one of 16 writers', async () => {
      const free = { holder: null, queue: [], frozen: null }
      await opened.store.putItem('lease', 'c', free, 0)
      const takes = await Promise.all(
        WRITERS.map((n) => opened.table.writer().putItem('lease', 'c', { ...free, holder: `spl_${n}` }, 1)),
      )
      expect(takes.filter(Boolean)).toHaveLength(1)
      const taken = await opened.store.item('lease', 'c')
      expect(taken).toMatchObject({ version: 2, value: { holder: `spl_${takes.indexOf(true)}` } })
    })

    test('is read beside others and beside splices, each its own, those that are missing too', async () => {
      const splice = await opened.created(aSplice())
      const { lease, node } = oneOfEach
      await opened.store.putItem('lease', lease.key, lease.value, 0)
      await opened.store.putItem('node', node.key, node.value, 0)
      const read = await Promise.all([
        opened.store.item('node', node.key),
        opened.store.load(splice.id),
        opened.store.item('channel', 'missing'),
        opened.store.item('lease', lease.key),
        opened.store.load('missing'),
        opened.store.item('node', node.key),
      ])
      const [nodeState, slotSeen] = [node, lease].map(({ value }) => ({ version: 1, value }))
      expect(read).toEqual([nodeState, splice, null, slotSeen, null, nodeState])
    })

    test('of one kind is not that of another kind under the same key', async () => {
      await opened.store.putItem('tx', 'k', { paymentId: 'p' }, 0)
      expect(await opened.store.item('rawTransaction', 'k')).toBeNull()
    })
  })
}

export function describePayments(opened: Opened): void {
  describe('a foreign payment', () => {
    const block = (digit: string) => ({ height: 7, hash: aTxid(digit) })
    const final = (digit: string) => ({ at: 1, block: block(digit) })
    const due = (id: string, before = ACCEPTED_AT + 9) => opened.store.due(dueShardOf(id), before, 10, null)

    test('is in the due index like a splice until it is at rest', async () => {
      const payment = aForeignPayment({ kind: 'foreign_splice' })
      await opened.store.putItem('payment', payment.id, payment, 0)
      expect((await due(payment.id)).ids).toEqual([payment.id])
      await opened.store.putItem('payment', payment.id, { ...payment, dueAt: ACCEPTED_AT + 50 }, 1)
      expect((await due(payment.id)).ids).toEqual([])
      expect((await due(payment.id, ACCEPTED_AT + 50)).ids).toEqual([payment.id])
      await opened.store.putItem('payment', payment.id, { ...payment, final: final('2'), dueAt: null }, 2)
      expect((await due(payment.id, ACCEPTED_AT + 50)).ids).toEqual([])
    })

    test('is found by the block in which it is final, beside what settled there, and by no other', async () => {
      const payment = aForeignPayment({ kind: 'foreign_splice', createdAt: ACCEPTED_AT + 1 })
      const candidates = aFullSplice().candidates.map((one) => ({ ...one, block: block('2') }))
      await opened.store.create(aSpliceAtRest({ id: aSpliceId(1), state: 'settled', candidates }))
      await opened.store.putItem('payment', payment.id, { ...payment, final: final('2'), dueAt: null }, 0)
      expect((await opened.store.byBlock(aTxid('2'), 10, null)).ids).toEqual([payment.id, aSpliceId(1)])
      await opened.store.putItem('payment', payment.id, { ...payment, final: final('3'), dueAt: null }, 1)
      expect((await opened.store.byBlock(aTxid('2'), 10, null)).ids).toEqual([aSpliceId(1)])
      expect((await opened.store.byBlock(aTxid('3'), 10, null)).ids).toEqual([payment.id])
      await opened.store.putItem('payment', payment.id, payment, 2)
      expect((await opened.store.byBlock(aTxid('3'), 10, null)).ids).toEqual([])
    })

    test('is paged through beside splices', async () => {
      const ids = [...idsOfShard(5, 3), ...paymentIdsOfShard(5, 3)]
      for (const id of ids.slice(0, 3)) await opened.store.create(aSplice({ id }))
      for (const id of ids.slice(3)) await opened.store.putItem('payment', id, aForeignPayment({ id }), 0)
      const pages = await pagesOf((cursor) => opened.store.due(5, ACCEPTED_AT, 1, cursor))
      expect(pages.flatMap((page) => page.ids).toSorted()).toEqual(ids.toSorted())
    })

    test('is in no list of a tenant', async () => {
      const payment = aForeignPayment({ final: final('2') })
      await opened.store.putItem('payment', payment.id, payment, 0)
      expect((await opened.store.byTenant('acme', 10, null)).ids).toEqual([])
      expect((await opened.store.byChannel('acme', payment.channelId, 10, null)).ids).toEqual([])
    })

    test.each([
      ['that is neither due nor at rest', aForeignPayment({ dueAt: null })],
      ['without a candidate', aForeignPayment({ candidates: [] })],
      ['under a key that is not its id', aForeignPayment({ id: aTxid('9') })],
    ])('%s is not written', async (_, payment) => {
      await expect(opened.store.putItem('payment', aTxid('1'), payment, 0)).rejects.toThrow(StoreAssertion)
      expect(await opened.store.item('payment', aTxid('1'))).toBeNull()
    })

    test('of which a pointer of an older make says nothing is read as a pointer to a splice', async () => {
      await opened.store.putItem('tx', aTxid('4'), { paymentId: aTxid('5') }, 0)
      expect((await opened.store.item('tx', aTxid('4')))?.value).toEqual({ paymentId: aTxid('5') })
    })
  })
}
