import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BadCursor } from '../../adapters/store/cursor.ts'
import { StoreAssertion } from '../../adapters/store/assertions.ts'
import { dueShardOf } from '../../adapters/store/keys.ts'
import { itemKinds, type ItemKind } from '../../core/ports/records.ts'
import { DUE_SHARDS, type LogEvent, type Page, type Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aForeignPayment } from '../../harness/records/payments.ts'
import { ACCEPTED_AT, aSpliceId, aTxid } from '../../harness/values.ts'
import { aSplice, aSpliceAtRest } from '../../harness/records/splices.ts'
import { oneOfEach } from '../../harness/records/items.ts'

/** An empty table, and as many stores on it as there are writers. */
export type OpenStore = { writer(): Store; close(): Promise<void> }

const WRITERS = Array.from({ length: 16 }, (_, n) => n)

/** What every store does, whatever it stands on (core/ports/ports.ts, design section 9). `open` gives an empty table. */
export function storeContract(open: () => Promise<OpenStore>): void {
  let table: OpenStore
  let store: Store
  beforeEach(async () => {
    table = await open()
    store = table.writer()
  })
  afterEach(() => table.close())

  const created = async (splice: Splice): Promise<Splice> => (await store.create(splice)).splice

  describe('a splice', () => {
    test('is created at version 1 with a write id, and reads back as it went in', async () => {
      const splice = aFullSplice()
      const answer = await store.create(splice)
      expect(answer).toEqual({
        created: true,
        splice: { ...splice, version: 1, writeId: answer.splice.writeId },
      })
      expect(answer.splice.writeId).not.toBe('')
      expect(await table.writer().load(splice.id)).toEqual(answer.splice)
    })

    test('that exists is not created again: a replay answers what stands', async () => {
      const first = await created(aSplice())
      const saved = await store.save({ ...first, state: 'submitted' })
      expect(await table.writer().create(aSplice({ amountSats: 1 }))).toEqual({
        created: false,
        splice: saved,
      })
    })

    test('is created by exactly one of 16 writers, and all hear of the same one', async () => {
      const answers = await Promise.all(WRITERS.map((n) => table.writer().create(aSplice({ amountSats: n + 1 }))))
      expect(answers.filter((answer) => answer.created)).toHaveLength(1)
      expect(new Set(answers.map((answer) => answer.splice.amountSats)).size).toBe(1)
    })

    test('is saved with the next version and a write id of its own, and read so at once', async () => {
      const first = await created(aSplice())
      const second = await store.save({ ...first, epoch: 1 })
      expect(second).toMatchObject({ version: 2, epoch: 1 })
      expect(second?.writeId).not.toBe(first.writeId)
      expect(await table.writer().load(first.id)).toEqual(second)
    })

    test('is saved by exactly one of 16 writers that start from one version', async () => {
      const first = await created(aSplice())
      const saves = await Promise.all(WRITERS.map((n) => table.writer().save({ ...first, attemptSerial: n + 1 })))
      const won = saves.filter((saved) => saved !== null)
      expect(won).toHaveLength(1)
      expect(await store.load(first.id)).toEqual(won[0])
    })

    test('loses no update when 16 writers save until each has won', async () => {
      const { id } = await created(aSplice())
      await Promise.all(WRITERS.map(() => addOne(table.writer(), id)))
      expect(await store.load(id)).toMatchObject({ attemptSerial: 16, version: 17 })
    })

    test('that is not there loads as null and cannot be saved', async () => {
      expect(await store.load(aSpliceId(9))).toBeNull()
      expect(await store.save(aSplice({ version: 4 }))).toBeNull()
      expect(await store.load(aSplice().id)).toBeNull()
    })

    test('is handed out as a copy, and what went in is not touched', async () => {
      const splice = aSplice()
      const answer = await created(splice)
      answer.fundingHistory.push('x')
      splice.metadata['late'] = 'yes'
      expect(splice.version).toBe(0)
      expect(await store.load(splice.id)).toMatchObject({
        fundingHistory: aSplice().fundingHistory,
        metadata: {},
      })
    })

    test('may carry keys that are undefined; they are not stored', async () => {
      const [attempt] = aFullSplice().attempts
      if (attempt === undefined) throw new Error('no attempt')
      const result = { type: 'taken' as const, txid: undefined, at: ACCEPTED_AT }
      const { id } = await created({ ...aFullSplice(), attempts: [{ ...attempt, result }] })
      const loaded = await store.load(id)
      expect(Object.keys(loaded?.attempts[0]?.result ?? {}).toSorted()).toEqual(['at', 'type'])
    })

    test('is loaded with many others, each once, in the order asked for, without the missing', async () => {
      const ids = Array.from({ length: 205 }, (_, n) => aSpliceId(n))
      await Promise.all(ids.map((id) => store.create(aSplice({ id }))))
      const wanted = [aSpliceId(999), ...ids.toReversed(), aSpliceId(3)]
      expect((await store.loadMany(wanted)).map((splice) => splice.id)).toEqual(ids.toReversed())
      expect(await store.loadMany([])).toEqual([])
    })
  })

  describe('what must not be written', () => {
    const wrong: [string, Partial<Splice>][] = [
      ['a live splice that is not due', { dueAt: null }],
      ['a splice at rest that is due', { state: 'settled' }],
      ['an ended splice under watch that is not due', { state: 'failed', watch: aWatch(), dueAt: null }],
      ['an ended splice with its lease held that is not due', { state: 'failed', leaseHeld: true, dueAt: null }],
      ['an ended splice with an event to publish that is not due', { state: 'failed', eventSerial: 1, dueAt: null }],
      ['a field out of its range', { amountSats: 0 }],
      ['a number that is none', { dueAt: Number.NaN }],
      ['an empty tenant', { tenant: '' }],
      ['a record of 64 KB', { metadata: { note: 'x'.repeat(64 * 1024) } }],
    ]

    test.each(wrong)('%s is neither created nor saved', async (_, overrides) => {
      await expect(store.create(aSplice(overrides))).rejects.toThrow(StoreAssertion)
      expect(await store.load(aSplice().id)).toBeNull()

      const first = await created(aSplice())
      await expect(store.save({ ...first, ...overrides })).rejects.toThrow(StoreAssertion)
      expect(await store.load(first.id)).toEqual(first)
    })

    test('a splice that was never created is not saved, nor an old one created', async () => {
      await expect(store.save(aSplice())).rejects.toThrow(StoreAssertion)
      await expect(store.create(aSplice({ version: 1 }))).rejects.toThrow(StoreAssertion)
      expect(await store.load(aSplice().id)).toBeNull()
    })

    test('a record just below 64 KB is still written', async () => {
      const splice = aSplice()
      const room = 64 * 1024 - Buffer.byteLength(JSON.stringify(splice)) - 200
      const answer = await created({ ...splice, metadata: { note: 'x'.repeat(room) } })
      expect(await store.load(splice.id)).toEqual(answer)
    })

    test('a small item that breaks its schema, holds a rounded number or is too big is not written', async () => {
      const lease = { holder: null, turn: -1, waiting: [], frozen: null }
      await expect(store.putItem('lease', 'c', lease, 0)).rejects.toThrow(StoreAssertion)
      const rounded = { ...oneOfEach.channel.value, outboundMsat: 2 ** 53 }
      await expect(store.putItem('channel', 'n/c', rounded, 0)).rejects.toThrow(StoreAssertion)
      await expect(store.putItem('rawTransaction', 't', { hex: 'f'.repeat(390 * 1024) }, 0)).rejects.toThrow(
        StoreAssertion,
      )
      expect(await store.item('lease', 'c')).toBeNull()
      expect(await store.item('channel', 'n/c')).toBeNull()
      expect(await store.item('rawTransaction', 't')).toBeNull()
    })
  })

  describe('the due index', () => {
    test('lists each live splice in one of 16 shards, oldest first, up to the instant and including it', async () => {
      const ids = Array.from({ length: 64 }, (_, n) => aSpliceId(n))
      await Promise.all(ids.map((id, n) => store.create(aSplice({ id, dueAt: ACCEPTED_AT + n }))))
      for (let shard = 0; shard < DUE_SHARDS; shard += 1) {
        const expected = ids.slice(0, 33).filter((id) => dueShardOf(id) === shard)
        expect(await store.due(shard, ACCEPTED_AT + 32, 100, null)).toEqual({ ids: expected, cursor: null })
      }
      expect(new Set(ids.map(dueShardOf)).size).toBeGreaterThan(8)
    })

    test('drops a splice that comes to rest, and takes it back when it is due again', async () => {
      const first = await created(aSplice())
      const due = () => store.due(dueShardOf(first.id), ACCEPTED_AT + 9, 10, null)
      expect((await due()).ids).toEqual([first.id])
      const rested = await store.save({ ...first, state: 'cancelled', dueAt: null })
      expect((await due()).ids).toEqual([])
      await store.save({
        ...aSpliceAtRest(),
        version: rested?.version ?? 0,
        state: 'pending',
        dueAt: ACCEPTED_AT,
      })
      expect((await due()).ids).toEqual([first.id])
    })

    test('moves a splice whose time changes instead of listing it twice', async () => {
      const first = await created(aSplice())
      await store.save({ ...first, dueAt: ACCEPTED_AT + 50 })
      expect((await store.due(dueShardOf(first.id), ACCEPTED_AT + 49, 10, null)).ids).toEqual([])
      expect((await store.due(dueShardOf(first.id), ACCEPTED_AT + 50, 10, null)).ids).toEqual([first.id])
    })

    test('is paged through without loss or repetition, splices due at one instant included', async () => {
      const ids = idsOfShard(5, 23)
      await Promise.all(ids.map((id, n) => store.create(aSplice({ id, dueAt: ACCEPTED_AT + (n < 15 ? 0 : n) }))))
      const pages = await pagesOf((cursor) => store.due(5, ACCEPTED_AT + 100, 4, cursor))
      expect(pages.map((page) => page.ids.length)).toEqual([4, 4, 4, 4, 4, 3])
      const listed = pages.flatMap((page) => page.ids)
      expect(listed.toSorted()).toEqual(ids.toSorted())
      expect(listed.slice(15)).toEqual(ids.slice(15))
    })

    test('gives an empty page after a cursor that lies beyond the instant', async () => {
      const ids = idsOfShard(5, 3)
      await Promise.all(ids.map((id) => store.create(aSplice({ id, dueAt: ACCEPTED_AT + 10 }))))
      const { cursor } = await store.due(5, ACCEPTED_AT + 10, 1, null)
      expect(cursor).not.toBeNull()
      expect(await store.due(5, ACCEPTED_AT + 9, 1, cursor)).toEqual({ ids: [], cursor: null })
    })

    test('has no shard beyond its 16', async () => {
      await expect(store.due(16, 0, 1, null)).rejects.toThrow(RangeError)
      await expect(store.due(-1, 0, 1, null)).rejects.toThrow(RangeError)
    })
  })

  describe('the lists', () => {
    const accept = (tenant: string, n: number, channelId = 'c1') =>
      created(aSplice({ id: aSpliceId(n, tenant), tenant, channelId, createdAt: ACCEPTED_AT + n }))

    test('name a tenant’s splices newest first, whether live or ended', async () => {
      for (const n of [2, 1, 3]) await accept('acme', n)
      await store.create(aSpliceAtRest({ id: aSpliceId(9), createdAt: 5 }))
      const expected = [3, 2, 1, 9].map((n) => aSpliceId(n))
      expect(await store.byTenant('acme', 10, null)).toEqual({ ids: expected, cursor: null })
    })

    test('name a tenant’s splices on one channel only', async () => {
      for (const [n, channel] of ['c1', 'c2', 'c1'].entries()) await accept('acme', n, channel)
      await accept('other', 7, 'c1')
      expect((await store.byChannel('acme', 'c1', 10, null)).ids).toEqual([aSpliceId(2), aSpliceId(0)])
      expect((await store.byChannel('acme', 'c3', 10, null)).ids).toEqual([])
    })

    test('name what settled in a block, and nothing that is still live or in another one', async () => {
      const candidate = (hash: string) => ({
        txid: aTxid('e'),
        spends: `${aTxid('f')}:0`,
        feeSats: null,
        feeRateSatPerKw: null,
        seenAt: 1,
        seenAtHeight: null,
        block: { height: 7, hash },
      })
      const settled = { state: 'settled' as const, candidates: [candidate(aTxid('1'))] }
      await store.create(aSpliceAtRest({ id: aSpliceId(1), ...settled }))
      await store.create(aSpliceAtRest({ id: aSpliceId(2), ...settled, candidates: [candidate(aTxid('2'))] }))
      const third = aSplice({ id: aSpliceId(3), createdAt: ACCEPTED_AT + 1, ...settled, state: 'confirmed' })
      const live = await created(third)
      expect((await store.byBlock(aTxid('1'), 10, null)).ids).toEqual([aSpliceId(1)])
      await store.save({ ...live, state: 'settled', dueAt: null })
      expect((await store.byBlock(aTxid('1'), 10, null)).ids).toEqual([aSpliceId(3), aSpliceId(1)])
      expect((await store.byBlock(aTxid('3'), 10, null)).ids).toEqual([])
    })

    test('keep tenants apart whose names are made to run into each other', async () => {
      await accept('a#b', 1, 'c')
      await accept('a', 2, 'b#c')
      expect((await store.byChannel('a#b', 'c', 10, null)).ids).toEqual([aSpliceId(1, 'a#b')])
      expect((await store.byChannel('a', 'b#c', 10, null)).ids).toEqual([aSpliceId(2, 'a')])
    })

    test('are paged through by cursor; the last page has none', async () => {
      for (let n = 0; n < 6; n += 1) await accept('acme', n)
      const tenants = await pagesOf((cursor) => store.byTenant('acme', 2, cursor))
      const channels = await pagesOf((cursor) => store.byChannel('acme', 'c1', 2, cursor))
      const expected = [5, 4, 3, 2, 1, 0].map((n) => aSpliceId(n))
      expect(tenants.map((page) => page.ids.length)).toEqual([2, 2, 2])
      expect(tenants.flatMap((page) => page.ids)).toEqual(expected)
      expect(channels.flatMap((page) => page.ids)).toEqual(expected)
    })

    test('show nothing of another tenant to a stolen cursor', async () => {
      for (let n = 0; n < 4; n += 1) await accept('acme', n)
      for (let n = 0; n < 4; n += 1) await accept('thief', n)
      const { cursor } = await store.byTenant('acme', 2, null)
      const own = new Set([0, 1, 2, 3].map((n) => aSpliceId(n, 'thief')))
      const { ids } = await store.byTenant('thief', 10, cursor)
      expect(ids.length).toBeGreaterThan(0)
      expect(ids.filter((id) => !own.has(id))).toEqual([])
      expect(await store.byTenant('nobody', 10, cursor)).toEqual({ ids: [], cursor: null })
    })

    test('refuse a cursor that is garbage, forged or of another list', async () => {
      for (let n = 0; n < 3; n += 1) await accept('acme', n)
      const { cursor } = await store.byTenant('acme', 1, null)
      const bad = ['', 'x', '{}', forged({ list: 'byTenant', sort: 1, id: 'a' }), forged({ list: 'byTenant' })]
      const extra = forged({ list: 'byTenant', sort: 'a', id: 'a', tenant: 'other' })
      for (const text of [...bad, extra]) {
        await expect(store.byTenant('acme', 1, text)).rejects.toThrow(BadCursor)
      }
      await expect(store.byChannel('acme', 'c1', 1, cursor)).rejects.toThrow(BadCursor)
      await expect(store.due(0, 1, 1, cursor)).rejects.toThrow(BadCursor)
    })

    test('refuse a limit below one', async () => {
      await expect(store.byTenant('acme', 0, null)).rejects.toThrow(RangeError)
      await expect(store.eventsAfter('acme', 0, 0.5)).rejects.toThrow(RangeError)
    })
  })

  describe('a small item', () => {
    test.each(kinds())('of kind %s reads back as it went in', async (kind) => {
      const { key, value } = oneOfEach[kind]
      expect(await store.item(kind, key)).toBeNull()
      expect(await store.putItem(kind, key, value, 0)).toBe(true)
      expect(await table.writer().item(kind, key)).toEqual({ version: 1, value })
    })

    test('is written only over the version named', async () => {
      const { key, value } = oneOfEach.lease
      expect(await store.putItem('lease', key, value, 1)).toBe(false)
      expect(await store.putItem('lease', key, value, 0)).toBe(true)
      expect(await store.putItem('lease', key, { ...value, turn: 4 }, 0)).toBe(false)
      expect(await store.putItem('lease', key, { ...value, turn: 5 }, 1)).toBe(true)
      expect(await store.putItem('lease', key, { ...value, turn: 6 }, 1)).toBe(false)
      expect(await store.item('lease', key)).toEqual({ version: 2, value: { ...value, turn: 5 } })
    })

    test('lease is taken by exactly one of 16 writers', async () => {
      const free = { holder: null, turn: 0, waiting: [], frozen: null }
      await store.putItem('lease', 'c', free, 0)
      const takes = await Promise.all(
        WRITERS.map((n) => table.writer().putItem('lease', 'c', { ...free, holder: `spl_${n}`, turn: 1 }, 1)),
      )
      expect(takes.filter(Boolean)).toHaveLength(1)
      const taken = await store.item('lease', 'c')
      expect(taken).toMatchObject({ version: 2, value: { holder: `spl_${takes.indexOf(true)}` } })
    })

    test('is read beside others and beside splices, each its own, those that are missing too', async () => {
      const splice = await created(aSplice())
      const { lease, node } = oneOfEach
      await store.putItem('lease', lease.key, lease.value, 0)
      await store.putItem('node', node.key, node.value, 0)
      const read = await Promise.all([
        store.item('node', node.key),
        store.load(splice.id),
        store.item('channel', 'missing'),
        store.item('lease', lease.key),
        store.load('missing'),
        store.item('node', node.key),
      ])
      const [nodeState, slotSeen] = [node, lease].map(({ value }) => ({ version: 1, value }))
      expect(read).toEqual([nodeState, splice, null, slotSeen, null, nodeState])
    })

    test('of one kind is not that of another kind under the same key', async () => {
      await store.putItem('tx', 'k', { paymentId: 'p' }, 0)
      expect(await store.item('rawTransaction', 'k')).toBeNull()
    })
  })

  describe('a foreign payment', () => {
    const block = (digit: string) => ({ height: 7, hash: aTxid(digit) })
    const final = (digit: string) => ({ at: 1, block: block(digit) })
    const due = (id: string, before = ACCEPTED_AT + 9) => store.due(dueShardOf(id), before, 10, null)

    test('is in the due index like a splice until it is at rest', async () => {
      const payment = aForeignPayment({ kind: 'foreign_splice' })
      await store.putItem('payment', payment.id, payment, 0)
      expect((await due(payment.id)).ids).toEqual([payment.id])
      await store.putItem('payment', payment.id, { ...payment, dueAt: ACCEPTED_AT + 50 }, 1)
      expect((await due(payment.id)).ids).toEqual([])
      expect((await due(payment.id, ACCEPTED_AT + 50)).ids).toEqual([payment.id])
      await store.putItem('payment', payment.id, { ...payment, final: final('2'), dueAt: null }, 2)
      expect((await due(payment.id, ACCEPTED_AT + 50)).ids).toEqual([])
    })

    test('is found by the block in which it is final, beside what settled there, and by no other', async () => {
      const payment = aForeignPayment({ kind: 'foreign_splice', createdAt: ACCEPTED_AT + 1 })
      const candidates = aFullSplice().candidates.map((one) => ({ ...one, block: block('2') }))
      await store.create(aSpliceAtRest({ id: aSpliceId(1), state: 'settled', candidates }))
      await store.putItem('payment', payment.id, { ...payment, final: final('2'), dueAt: null }, 0)
      expect((await store.byBlock(aTxid('2'), 10, null)).ids).toEqual([payment.id, aSpliceId(1)])
      await store.putItem('payment', payment.id, { ...payment, final: final('3'), dueAt: null }, 1)
      expect((await store.byBlock(aTxid('2'), 10, null)).ids).toEqual([aSpliceId(1)])
      expect((await store.byBlock(aTxid('3'), 10, null)).ids).toEqual([payment.id])
      await store.putItem('payment', payment.id, payment, 2)
      expect((await store.byBlock(aTxid('3'), 10, null)).ids).toEqual([])
    })

    test('is paged through beside splices', async () => {
      const ids = [...idsOfShard(5, 3), ...paymentIdsOfShard(5, 3)]
      for (const id of ids.slice(0, 3)) await store.create(aSplice({ id }))
      for (const id of ids.slice(3)) await store.putItem('payment', id, aForeignPayment({ id }), 0)
      const pages = await pagesOf((cursor) => store.due(5, ACCEPTED_AT, 1, cursor))
      expect(pages.flatMap((page) => page.ids).toSorted()).toEqual(ids.toSorted())
    })

    test('is in no list of a tenant', async () => {
      const payment = aForeignPayment({ final: final('2') })
      await store.putItem('payment', payment.id, payment, 0)
      expect((await store.byTenant('acme', 10, null)).ids).toEqual([])
      expect((await store.byChannel('acme', payment.channelId, 10, null)).ids).toEqual([])
    })

    test.each([
      ['that is neither due nor at rest', aForeignPayment({ dueAt: null })],
      ['without a candidate', aForeignPayment({ candidates: [] })],
      ['under a key that is not its id', aForeignPayment({ id: aTxid('9') })],
    ])('%s is not written', async (_, payment) => {
      await expect(store.putItem('payment', aTxid('1'), payment, 0)).rejects.toThrow(StoreAssertion)
      expect(await store.item('payment', aTxid('1'))).toBeNull()
    })

    test('of which a pointer of an older make says nothing is read as a pointer to a splice', async () => {
      await store.putItem('tx', aTxid('4'), { paymentId: aTxid('5') }, 0)
      expect((await store.item('tx', aTxid('4')))?.value).toEqual({ paymentId: aTxid('5') })
    })
  })

  describe('the event log', () => {
    test('numbers lines from 1 and reads them after a sequence', async () => {
      for (let n = 1; n <= 5; n += 1) expect(await store.appendEvent('acme', anEvent(n))).toBe(n)
      expect(await store.eventsAfter('acme', 0, 2)).toEqual([aLine(1, 1), aLine(2, 2)])
      expect((await store.eventsAfter('acme', 3, 9)).map((event) => event.sequence)).toEqual([4, 5])
      expect(await store.eventsAfter('acme', 5, 9)).toEqual([])
    })

    test('knows the end of a log, and that of an empty one', async () => {
      expect(await store.endOfLog('acme')).toBe(0)
      for (let n = 1; n <= 11; n += 1) await store.appendEvent('acme', anEvent(n))
      expect(await store.endOfLog('acme')).toBe(11)
      expect(await store.endOfLog('other')).toBe(0)
    })

    test('keeps a line about a webhook endpoint, which is of no splice', async () => {
      const given = {
        id: 'evt_x',
        type: 'webhook.disabled',
        spliceId: null,
        epoch: 0,
        at: 5,
        endpointId: 'whk_1',
      } as const
      await store.appendEvent('acme', given)
      expect(await store.eventsAfter('acme', 0, 9)).toEqual([{ ...given, sequence: 1 }])
    })

    test('has no gap and no line twice after 16 appenders raced', async () => {
      const sequences = await Promise.all(WRITERS.map((n) => table.writer().appendEvent('acme', anEvent(n))))
      expect(sequences.toSorted((a, b) => a - b)).toEqual(WRITERS.map((n) => n + 1))
      const lines = await store.eventsAfter('acme', 0, 100)
      expect(lines).toEqual(lines.map((line, n) => ({ ...line, sequence: n + 1 })))
      expect(new Set(lines.map((line) => line.id)).size).toBe(16)
      expect(WRITERS.map((n) => lines.find((line) => line.id === anEvent(n).id)?.sequence)).toEqual(sequences)
    })

    test('orders more than nine lines by number', async () => {
      for (let n = 1; n <= 12; n += 1) await store.appendEvent('acme', anEvent(n))
      expect((await store.eventsAfter('acme', 8, 100)).map((line) => line.sequence)).toEqual([9, 10, 11, 12])
    })

    test('keeps tenants apart', async () => {
      await store.appendEvent('acme', anEvent(1))
      expect(await store.appendEvent('other', anEvent(2))).toBe(1)
      expect(await store.eventsAfter('other', 0, 9)).toEqual([aLine(2, 1)])
    })

    test('answers the same sequence to an append repeated at the end', async () => {
      await store.appendEvent('acme', anEvent(1))
      expect(await table.writer().appendEvent('acme', anEvent(1))).toBe(1)
      expect(await store.eventsAfter('acme', 0, 9)).toHaveLength(1)
    })

    test('finds a line that was appended before, past lines that were published late, and appends it once', async () => {
      const at = [100, 300, 50, 200, 60]
      for (const [n, instant] of at.entries()) await store.appendEvent('acme', { ...anEvent(n), at: instant })
      for (const [n, instant] of at.entries())
        expect(await store.appendOnce('acme', { ...anEvent(n), at: instant }, instant), `${n}`).toBe(false)
      expect(await store.appendOnce('acme', anEvent(7), 0)).toBe(true)
      expect(await store.eventsAfter('acme', 0, 99)).toHaveLength(6)
    })

    test.each([17, 18, 116, 117, 300])('finds a line that has %i behind it', async (behind) => {
      const lines = behind + 1
      for (let n = 1; n <= lines; n += 1) await store.appendEvent('acme', { ...anEvent(n), at: n })
      expect(await store.appendOnce('acme', { ...anEvent(1), at: 1 }, 1)).toBe(false)
      expect(await store.appendOnce('acme', { ...anEvent(0), at: 1 }, 1)).toBe(true)
      expect(await store.endOfLog('acme')).toBe(lines + 1)
    })

    test('looks no further back than to the instant', async () => {
      for (let n = 1; n <= 20; n += 1) await store.appendEvent('acme', { ...anEvent(n), at: n })
      const event = { ...anEvent(1), at: 1 }
      expect(await store.appendOnce('acme', event, 5)).toBe(false)
      expect(await store.appendOnce('acme', event, 6), 'past the last lines and past the instant').toBe(true)
    })
  })

  describe('the audit log', () => {
    const anEntry = (n: number) => ({
      id: `act ${n}`,
      at: n,
      action: 'resolve',
      key: { name: 'olga', id: 'key_1' },
      about: { splice: 'spl_1', note: 'as said ✓' },
    })

    test('numbers entries from 1, apart from the event log and from other tenants', async () => {
      await store.appendEvent('acme', anEvent(1))
      expect(await store.appendAudit('acme', anEntry(1))).toBe(1)
      expect(await store.appendAudit('acme', anEntry(2))).toBe(2)
      expect(await store.appendAudit('other', anEntry(1))).toBe(1)
      expect(await store.auditAfter('acme', 0, 9)).toEqual([
        { ...anEntry(1), sequence: 1 },
        { ...anEntry(2), sequence: 2 },
      ])
      expect(await store.auditAfter('acme', 1, 1)).toEqual([{ ...anEntry(2), sequence: 2 }])
      expect(await store.eventsAfter('acme', 0, 9)).toHaveLength(1)
    })

    test('has no gap and no entry twice after 16 appenders raced, each twice', async () => {
      await Promise.all([...WRITERS, ...WRITERS].map((n) => table.writer().appendAudit('acme', anEntry(n))))
      const entries = await store.auditAfter('acme', 0, 100)
      expect(entries.map((entry) => entry.sequence)).toEqual(WRITERS.map((n) => n + 1))
      expect(new Set(entries.map((entry) => entry.id)).size).toBe(16)
    })

    test('takes no text beyond its bounds', async () => {
      const long = { ...anEntry(1), about: { note: 'x'.repeat(1_001) } }
      await expect(store.appendAudit('acme', long)).rejects.toThrow(StoreAssertion)
      expect(await store.auditAfter('acme', 0, 9)).toEqual([])
    })
  })
}

function kinds(): ItemKind[] {
  const isKind = (text: string): text is ItemKind => text in itemKinds
  return Object.keys(itemKinds).filter(isKind)
}

function aWatch(): Splice['watch'] {
  return { from: aSplice().fundingHistory[0] ?? '', untilHeight: 9 }
}

function anEvent(n: number): Omit<LogEvent, 'sequence'> {
  return { id: `evt_${n}`, type: 'splice.accepted', spliceId: aSpliceId(n), epoch: 0, at: n }
}

function aLine(n: number, sequence: number): LogEvent {
  return { ...anEvent(n), sequence }
}

function idsOfShard(shard: number, count: number): string[] {
  return Array.from({ length: count * DUE_SHARDS * 3 }, (_, n) => aSpliceId(n))
    .filter((id) => dueShardOf(id) === shard)
    .slice(0, count)
}

function paymentIdsOfShard(shard: number, count: number): string[] {
  return Array.from({ length: count * DUE_SHARDS * 3 }, (_, n) => n.toString(16).padStart(64, 'a'))
    .filter((id) => dueShardOf(id) === shard)
    .slice(0, count)
}

function forged(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function pagesOf(read: (cursor: string | null) => Promise<Page>): Promise<Page[]> {
  const pages = [await read(null)]
  for (let cursor = pages[0]?.cursor ?? null; cursor !== null; cursor = pages.at(-1)?.cursor ?? null) {
    pages.push(await read(cursor))
  }
  return pages
}

async function addOne(store: Store, id: string): Promise<void> {
  for (;;) {
    const splice = await store.load(id)
    if (splice === null) throw new Error(`${id} is gone`)
    if (await store.save({ ...splice, attemptSerial: splice.attemptSerial + 1 })) return
  }
}

/** A splice with every optional part filled. */
function aFullSplice(): Splice {
  const txid = 'd'.repeat(64)
  const at = ACCEPTED_AT
  return aSplice({
    state: 'confirmed',
    userChannelId: '7',
    notBefore: at,
    metadata: { order: '42', '': 'empty key', ключ: '価値' },
    submittedOn: aSplice().fundingHistory[0] ?? null,
    baseline: { claimableSats: -1.5, reservedSats: null },
    attempts: [
      {
        id: 'a1',
        number: 1,
        kind: 'submit',
        submittedOn: `${txid}:0`,
        startedAt: at,
        fenceAt: null,
        steps: [{ name: 'splice_init', at, txid }],
        result: { type: 'taken', txid, at },
        notExecuted: { proof: 'quiet_absence', at },
        seenDisconnectedAt: at,
        count: 2,
      },
    ],
    candidates: [
      {
        txid,
        spends: `${txid}:1`,
        feeSats: 310,
        feeRateSatPerKw: null,
        seenAt: at,
        seenAtHeight: null,
        block: { height: 1, hash: txid },
      },
    ],
    stopped: { code: 'deadline', message: '', at },
    waitingFor: { code: 'peer', message: 'The peer is away.' },
    leaseHeld: true,
    watch: aWatch(),
    events: [{ n: 1, type: 'splice.accepted', at, epoch: 0 }],
    eventSerial: 1,
    emitted: ['splice.accepted'],
    timeline: [{ at, status: 'queued', why: 'accepted', count: 1 }],
  })
}
