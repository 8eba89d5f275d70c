import { describe, expect, test } from 'vitest'
import { StoreAssertion } from '../../../adapters/store/assertions.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { oneOfEach } from '../../../harness/records/items.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { ACCEPTED_AT, aSpliceId } from '../../../harness/values.ts'
import { WRITERS, aWatch, addOne, type Opened } from './opened.ts'

export function describeSplices(opened: Opened): void {
  describe('a splice', () => {
    test('is created at version 1 with a write id, and reads back as it went in', async () => {
      const splice = aFullSplice()
      const answer = await opened.store.create(splice)
      expect(answer).toEqual({
        created: true,
        splice: { ...splice, version: 1, writeId: answer.splice.writeId },
      })
      expect(answer.splice.writeId).not.toBe('')
      expect(await opened.table.writer().load(splice.id)).toEqual(answer.splice)
    })

    test('that exists is not created again: a replay answers what stands', async () => {
      const first = await opened.created(aSplice())
      const saved = await opened.store.save({ ...first, state: 'submitted' })
      expect(await opened.table.writer().create(aSplice({ amountSats: 1 }))).toEqual({
        created: false,
        splice: saved,
      })
    })

    test('is created by exactly one of 16 writers, and all hear of the same one', async () => {
      const answers = await Promise.all(
        WRITERS.map((n) => opened.table.writer().create(aSplice({ amountSats: n + 1 }))),
      )
      expect(answers.filter((answer) => answer.created)).toHaveLength(1)
      expect(new Set(answers.map((answer) => answer.splice.amountSats)).size).toBe(1)
    })

    test('is saved with the next version and a write id of its own, and read so at once', async () => {
      const first = await opened.created(aSplice())
      const second = await opened.store.save({ ...first, epoch: 1 })
      expect(second).toMatchObject({ version: 2, epoch: 1 })
      expect(second?.writeId).not.toBe(first.writeId)
      expect(await opened.table.writer().load(first.id)).toEqual(second)
    })

    test('is saved by exactly one of 16 writers that start from one version', async () => {
      const first = await opened.created(aSplice())
      const saves = await Promise.all(
        WRITERS.map((n) => opened.table.writer().save({ ...first, attemptSerial: n + 1 })),
      )
      const won = saves.filter((saved) => saved !== null)
      expect(won).toHaveLength(1)
      expect(await opened.store.load(first.id)).toEqual(won[0])
    })

    test('loses no update when 16 writers save until each has won', async () => {
      const { id } = await opened.created(aSplice())
      await Promise.all(WRITERS.map(() => addOne(opened.table.writer(), id)))
      expect(await opened.store.load(id)).toMatchObject({ attemptSerial: 16, version: 17 })
    })

    test('that is not there loads as null and cannot be saved', async () => {
      expect(await opened.store.load(aSpliceId(9))).toBeNull()
      expect(await opened.store.save(aSplice({ version: 4 }))).toBeNull()
      expect(await opened.store.load(aSplice().id)).toBeNull()
    })

    test('is handed out as a copy, and what went in is not touched', async () => {
      const splice = aSplice({ metadata: {} })
      const answer = await opened.created(splice)
      answer.fundingHistory.push('x')
      splice.metadata['late'] = 'yes'
      expect(splice.version).toBe(0)
      expect(await opened.store.load(splice.id)).toMatchObject({
        fundingHistory: aSplice().fundingHistory,
        metadata: {},
      })
    })

    test('may carry keys that are undefined; they are not stored', async () => {
      const [attempt] = aFullSplice().attempts
      if (attempt === undefined) throw new Error('no attempt')
      const result = { type: 'taken' as const, txid: undefined, at: ACCEPTED_AT }
      const { id } = await opened.created({ ...aFullSplice(), attempts: [{ ...attempt, result }] })
      const loaded = await opened.store.load(id)
      expect(Object.keys(loaded?.attempts[0]?.result ?? {}).toSorted()).toEqual(['at', 'type'])
    })

    test('is loaded with many others, each once, in the order asked for, without the missing', async () => {
      const ids = Array.from({ length: 205 }, (_, n) => aSpliceId(n))
      await Promise.all(ids.map((id) => opened.store.create(aSplice({ id }))))
      const wanted = [aSpliceId(999), ...ids.toReversed(), aSpliceId(3)]
      expect((await opened.store.loadMany(wanted)).map((splice) => splice.id)).toEqual(ids.toReversed())
      expect(await opened.store.loadMany([])).toEqual([])
    })
  })
}

export function describeRefusals(opened: Opened): void {
  describe('what must not be written', () => {
    const wrong: [string, Partial<Splice>][] = [
      ['a live splice that is not due', { dueAt: null }],
      ['a splice at rest that is due', { state: 'settled', leaseHeld: false }],
      ['an ended splice under watch that is not due', { state: 'failed', watch: aWatch(), dueAt: null }],
      ['an ended splice with its lease held that is not due', { state: 'failed', leaseHeld: true, dueAt: null }],
      ['an ended splice with an event to publish that is not due', { state: 'failed', eventSerial: 1, dueAt: null }],
      ['a field out of its range', { amountSats: 0 }],
      ['a number that is none', { dueAt: Number.NaN }],
      ['an empty tenant', { tenant: '' }],
      ['a record of 64 KB', { metadata: { note: 'x'.repeat(64 * 1024) } }],
    ]

    test.each(wrong)('%s is neither created nor saved', async (_, overrides) => {
      await expect(opened.store.create(aSplice(overrides))).rejects.toThrow(StoreAssertion)
      expect(await opened.store.load(aSplice().id)).toBeNull()

      const first = await opened.created(aSplice())
      await expect(opened.store.save({ ...first, ...overrides })).rejects.toThrow(StoreAssertion)
      expect(await opened.store.load(first.id)).toEqual(first)
    })

    test('a splice that was never created is not saved, nor an old one created', async () => {
      await expect(opened.store.save(aSplice())).rejects.toThrow(StoreAssertion)
      await expect(opened.store.create(aSplice({ version: 1 }))).rejects.toThrow(StoreAssertion)
      expect(await opened.store.load(aSplice().id)).toBeNull()
    })

    test('a record just below 64 KB is still written', async () => {
      const splice = aSplice()
      const room = 64 * 1024 - Buffer.byteLength(JSON.stringify(splice)) - 200
      const answer = await opened.created({ ...splice, metadata: { note: 'x'.repeat(room) } })
      expect(await opened.store.load(splice.id)).toEqual(answer)
    })

    test('a small item that breaks its schema, holds a rounded number or is too big is not written', async () => {
      const lease = { holder: null, queue: [], frozen: { cause: 'x', at: -1, note: '' } }
      await expect(opened.store.putItem('lease', 'c', lease, 0)).rejects.toThrow(StoreAssertion)
      const rounded = { ...oneOfEach.channel.value, outboundMsat: 2 ** 53 }
      await expect(opened.store.putItem('channel', 'n/c', rounded, 0)).rejects.toThrow(StoreAssertion)
      await expect(opened.store.putItem('rawTransaction', 't', { hex: 'f'.repeat(390 * 1024) }, 0)).rejects.toThrow(
        StoreAssertion,
      )
      expect(await opened.store.item('lease', 'c')).toBeNull()
      expect(await opened.store.item('channel', 'n/c')).toBeNull()
      expect(await opened.store.item('rawTransaction', 't')).toBeNull()
    })
  })
}

/** A splice with every optional part filled. */
export function aFullSplice(): Splice {
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
