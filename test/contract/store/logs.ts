import { describe, expect, test } from 'vitest'
import { StoreAssertion } from '../../../adapters/store/assertions.ts'
import { spliceThen } from '../../../core/splice/log-event.ts'
import { snapshotOf } from '../../../core/splice/snapshot.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { WRITERS, aLine, anEvent, type Opened } from './opened.ts'

export function describeEventLog(opened: Opened): void {
  describe('the event log', () => {
    test('numbers lines from 1 and reads them after a sequence', async () => {
      for (let n = 1; n <= 5; n += 1) expect(await opened.store.appendEvent('acme', anEvent(n))).toBe(n)
      expect(await opened.store.eventsAfter('acme', 0, 2)).toEqual([aLine(1, 1), aLine(2, 2)])
      expect((await opened.store.eventsAfter('acme', 3, 9)).map((event) => event.sequence)).toEqual([4, 5])
      expect(await opened.store.eventsAfter('acme', 5, 9)).toEqual([])
    })

    test('knows the end of a log, and that of an empty one', async () => {
      expect(await opened.store.endOfLog('acme')).toBe(0)
      for (let n = 1; n <= 11; n += 1) await opened.store.appendEvent('acme', anEvent(n))
      expect(await opened.store.endOfLog('acme')).toBe(11)
      expect(await opened.store.endOfLog('other')).toBe(0)
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
      await opened.store.appendEvent('acme', given)
      expect(await opened.store.eventsAfter('acme', 0, 9)).toEqual([{ ...given, sequence: 1 }])
    })

    test('gives back the snapshot of a splice, its metadata under any name', async () => {
      const metadata = Object.fromEntries(['constructor', '__proto__', '', 'a.b'].map((name) => [name, `of ${name}`]))
      const snapshot = spliceThen(aSplice({ metadata }), snapshotOf(aSplice()))
      await opened.store.appendEvent('acme', { ...anEvent(1), snapshot })
      const [line] = await opened.store.eventsAfter('acme', 0, 9)
      expect(line?.snapshot).toEqual(snapshot)
      expect(Object.entries(line?.snapshot?.metadata ?? {})).toEqual(Object.entries(metadata))
    })

    test('has no gap and no line twice after 16 appenders raced', async () => {
      const sequences = await Promise.all(WRITERS.map((n) => opened.table.writer().appendEvent('acme', anEvent(n))))
      expect(sequences.toSorted((a, b) => a - b)).toEqual(WRITERS.map((n) => n + 1))
      const lines = await opened.store.eventsAfter('acme', 0, 100)
      expect(lines).toEqual(lines.map((line, n) => ({ ...line, sequence: n + 1 })))
      expect(new Set(lines.map((line) => line.id)).size).toBe(16)
      expect(WRITERS.map((n) => lines.find((line) => line.id === anEvent(n).id)?.sequence)).toEqual(sequences)
    })

    test('is continued by a writer whose last line others have followed, by few lines and by many', async () => {
      const [one, other] = [opened.table.writer(), opened.table.writer()]
      const events = Array.from({ length: 260 }, (_, n) => n + 1)
      for (const n of events) {
        const writer = n % 130 < 3 ? one : other
        expect(await writer.appendOnce('acme', { ...anEvent(n), at: n }, 0)).toBe(true)
      }
      expect((await opened.store.eventsAfter('acme', 0, 300)).map((line) => line.id)).toEqual(
        events.map((n) => anEvent(n).id),
      )
      expect(await one.appendOnce('acme', { ...anEvent(200), at: 200 }, 0)).toBe(false)
    })

    test('is appended to after a line that one writer failed to write', async () => {
      const failed = opened.store.appendEvent('acme', { ...anEvent(1), at: -1 })
      const next = opened.store.appendEvent('acme', anEvent(2))
      await expect(failed).rejects.toThrow(StoreAssertion)
      expect(await next).toBe(1)
    })

    test('orders more than nine lines by number', async () => {
      for (let n = 1; n <= 12; n += 1) await opened.store.appendEvent('acme', anEvent(n))
      expect((await opened.store.eventsAfter('acme', 8, 100)).map((line) => line.sequence)).toEqual([9, 10, 11, 12])
    })

    test('keeps tenants apart', async () => {
      await opened.store.appendEvent('acme', anEvent(1))
      expect(await opened.store.appendEvent('other', anEvent(2))).toBe(1)
      expect(await opened.store.eventsAfter('other', 0, 9)).toEqual([aLine(2, 1)])
    })

    test('answers the same sequence to an append repeated at the end', async () => {
      await opened.store.appendEvent('acme', anEvent(1))
      expect(await opened.table.writer().appendEvent('acme', anEvent(1))).toBe(1)
      expect(await opened.store.eventsAfter('acme', 0, 9)).toHaveLength(1)
    })

    test('finds a line that was appended before, past lines that were published late, and appends it once', async () => {
      const at = [100, 300, 50, 200, 60]
      for (const [n, instant] of at.entries()) await opened.store.appendEvent('acme', { ...anEvent(n), at: instant })
      for (const [n, instant] of at.entries())
        expect(await opened.store.appendOnce('acme', { ...anEvent(n), at: instant }, instant), `${n}`).toBe(false)
      expect(await opened.store.appendOnce('acme', anEvent(7), 0)).toBe(true)
      expect(await opened.store.eventsAfter('acme', 0, 99)).toHaveLength(6)
    })

    test.each([17, 18, 116, 117, 300])('finds a line that has %i behind it', async (behind) => {
      const lines = behind + 1
      for (let n = 1; n <= lines; n += 1) await opened.store.appendEvent('acme', { ...anEvent(n), at: n })
      expect(await opened.store.appendOnce('acme', { ...anEvent(1), at: 1 }, 1)).toBe(false)
      expect(await opened.store.appendOnce('acme', { ...anEvent(0), at: 1 }, 1)).toBe(true)
      expect(await opened.store.endOfLog('acme')).toBe(lines + 1)
    })

    test('looks no further back than to the instant', async () => {
      for (let n = 1; n <= 20; n += 1) await opened.store.appendEvent('acme', { ...anEvent(n), at: n })
      const event = { ...anEvent(1), at: 1 }
      expect(await opened.store.appendOnce('acme', event, 5)).toBe(false)
      expect(await opened.store.appendOnce('acme', event, 6), 'past the last lines and past the instant').toBe(true)
    })
  })
}

export function describeAuditLog(opened: Opened): void {
  describe('the audit log', () => {
    const anEntry = (n: number) => ({
      id: `act ${n}`,
      at: n,
      action: 'resolve',
      key: { name: 'olga', id: 'key_1' },
      about: { splice: 'spl_1', note: 'as said ✓' },
    })

    test('numbers entries from 1, apart from the event log and from other tenants', async () => {
      await opened.store.appendEvent('acme', anEvent(1))
      expect(await opened.store.appendAudit('acme', anEntry(1))).toBe(1)
      expect(await opened.store.appendAudit('acme', anEntry(2))).toBe(2)
      expect(await opened.store.appendAudit('other', anEntry(1))).toBe(1)
      expect(await opened.store.auditAfter('acme', 0, 9)).toEqual([
        { ...anEntry(1), sequence: 1 },
        { ...anEntry(2), sequence: 2 },
      ])
      expect(await opened.store.auditAfter('acme', 1, 1)).toEqual([{ ...anEntry(2), sequence: 2 }])
      expect(await opened.store.eventsAfter('acme', 0, 9)).toHaveLength(1)
    })

    test('has no gap and no entry twice after 16 appenders raced, each twice', async () => {
      await Promise.all([...WRITERS, ...WRITERS].map((n) => opened.table.writer().appendAudit('acme', anEntry(n))))
      const entries = await opened.store.auditAfter('acme', 0, 100)
      expect(entries.map((entry) => entry.sequence)).toEqual(WRITERS.map((n) => n + 1))
      expect(new Set(entries.map((entry) => entry.id)).size).toBe(16)
    })

    test('takes no text beyond its bounds', async () => {
      const long = { ...anEntry(1), about: { note: 'x'.repeat(1_001) } }
      await expect(opened.store.appendAudit('acme', long)).rejects.toThrow(StoreAssertion)
      expect(await opened.store.auditAfter('acme', 0, 9)).toEqual([])
    })
  })
}
