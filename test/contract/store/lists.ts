import { describe, expect, test } from 'vitest'
import { BadCursor } from '../../../adapters/store/cursor.ts'
import { dueShardOf } from '../../../adapters/store/keys.ts'
import { DUE_SHARDS } from '../../../core/ports/ports.ts'
import { aSplice, aSpliceAtRest } from '../../../harness/records/splices.ts'
import { ACCEPTED_AT, aSpliceId, aTxid } from '../../../harness/values.ts'
import { forged, idsOfShard, pagesOf, type Opened } from './opened.ts'

export function describeDue(opened: Opened): void {
  describe('the due index', () => {
    test('lists each live splice in one of 16 shards, oldest first, up to the instant and including it', async () => {
      const ids = Array.from({ length: 64 }, (_, n) => aSpliceId(n))
      await Promise.all(ids.map((id, n) => opened.store.create(aSplice({ id, dueAt: ACCEPTED_AT + n }))))
      for (let shard = 0; shard < DUE_SHARDS; shard += 1) {
        const expected = ids.slice(0, 33).filter((id) => dueShardOf(id) === shard)
        expect(await opened.store.due(shard, ACCEPTED_AT + 32, 100, null)).toEqual({ ids: expected, cursor: null })
      }
      expect(new Set(ids.map(dueShardOf)).size).toBeGreaterThan(8)
    })

    test('drops a splice that comes to rest, and takes it back when it is due again', async () => {
      const first = await opened.created(aSplice())
      const due = () => opened.store.due(dueShardOf(first.id), ACCEPTED_AT + 9, 10, null)
      expect((await due()).ids).toEqual([first.id])
      const rested = await opened.store.save({ ...first, state: 'cancelled', leaseHeld: false, dueAt: null })
      expect((await due()).ids).toEqual([])
      await opened.store.save({
        ...aSpliceAtRest(),
        version: rested?.version ?? 0,
        state: 'pending',
        dueAt: ACCEPTED_AT,
      })
      expect((await due()).ids).toEqual([first.id])
    })

    test('moves a splice whose time changes instead of listing it twice', async () => {
      const first = await opened.created(aSplice())
      await opened.store.save({ ...first, dueAt: ACCEPTED_AT + 50 })
      expect((await opened.store.due(dueShardOf(first.id), ACCEPTED_AT + 49, 10, null)).ids).toEqual([])
      expect((await opened.store.due(dueShardOf(first.id), ACCEPTED_AT + 50, 10, null)).ids).toEqual([first.id])
    })

    test('is paged through without loss or repetition, splices due at one instant included', async () => {
      const ids = idsOfShard(5, 23)
      await Promise.all(ids.map((id, n) => opened.store.create(aSplice({ id, dueAt: ACCEPTED_AT + (n < 15 ? 0 : n) }))))
      const pages = await pagesOf((cursor) => opened.store.due(5, ACCEPTED_AT + 100, 4, cursor))
      expect(pages.map((page) => page.ids.length)).toEqual([4, 4, 4, 4, 4, 3])
      const listed = pages.flatMap((page) => page.ids)
      expect(listed.toSorted()).toEqual(ids.toSorted())
      expect(listed.slice(15)).toEqual(ids.slice(15))
    })

    test('gives an empty page after a cursor that lies beyond the instant', async () => {
      const ids = idsOfShard(5, 3)
      await Promise.all(ids.map((id) => opened.store.create(aSplice({ id, dueAt: ACCEPTED_AT + 10 }))))
      const { cursor } = await opened.store.due(5, ACCEPTED_AT + 10, 1, null)
      expect(cursor).not.toBeNull()
      expect(await opened.store.due(5, ACCEPTED_AT + 9, 1, cursor)).toEqual({ ids: [], cursor: null })
    })

    test('has no shard beyond its 16', async () => {
      await expect(opened.store.due(16, 0, 1, null)).rejects.toThrow(RangeError)
      await expect(opened.store.due(-1, 0, 1, null)).rejects.toThrow(RangeError)
    })
  })
}

export function describeLists(opened: Opened): void {
  describe('the lists', () => {
    const accept = (tenant: string, n: number, channelId = 'c1') =>
      opened.created(aSplice({ id: aSpliceId(n, tenant), tenant, channelId, createdAt: ACCEPTED_AT + n }))

    test('name a tenant’s splices newest first, whether live or ended', async () => {
      for (const n of [2, 1, 3]) await accept('acme', n)
      await opened.store.create(aSpliceAtRest({ id: aSpliceId(9), createdAt: 5 }))
      const expected = [3, 2, 1, 9].map((n) => aSpliceId(n))
      expect(await opened.store.byTenant('acme', 10, null)).toEqual({ ids: expected, cursor: null })
    })

    test('name a tenant’s splices on one channel only', async () => {
      for (const [n, channel] of ['c1', 'c2', 'c1'].entries()) await accept('acme', n, channel)
      await accept('other', 7, 'c1')
      expect((await opened.store.byChannel('acme', 'c1', 10, null)).ids).toEqual([aSpliceId(2), aSpliceId(0)])
      expect((await opened.store.byChannel('acme', 'c3', 10, null)).ids).toEqual([])
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
      await opened.store.create(aSpliceAtRest({ id: aSpliceId(1), ...settled }))
      await opened.store.create(aSpliceAtRest({ id: aSpliceId(2), ...settled, candidates: [candidate(aTxid('2'))] }))
      const third = aSplice({ id: aSpliceId(3), createdAt: ACCEPTED_AT + 1, ...settled, state: 'confirmed' })
      const live = await opened.created(third)
      expect((await opened.store.byBlock(aTxid('1'), 10, null)).ids).toEqual([aSpliceId(1)])
      await opened.store.save({ ...live, state: 'settled', leaseHeld: false, dueAt: null })
      expect((await opened.store.byBlock(aTxid('1'), 10, null)).ids).toEqual([aSpliceId(3), aSpliceId(1)])
      expect((await opened.store.byBlock(aTxid('3'), 10, null)).ids).toEqual([])
    })

    test('keep tenants apart whose names are made to run into each other', async () => {
      await accept('a#b', 1, 'c')
      await accept('a', 2, 'b#c')
      expect((await opened.store.byChannel('a#b', 'c', 10, null)).ids).toEqual([aSpliceId(1, 'a#b')])
      expect((await opened.store.byChannel('a', 'b#c', 10, null)).ids).toEqual([aSpliceId(2, 'a')])
    })

    test('are paged through by cursor; the last page has none', async () => {
      for (let n = 0; n < 6; n += 1) await accept('acme', n)
      const tenants = await pagesOf((cursor) => opened.store.byTenant('acme', 2, cursor))
      const channels = await pagesOf((cursor) => opened.store.byChannel('acme', 'c1', 2, cursor))
      const expected = [5, 4, 3, 2, 1, 0].map((n) => aSpliceId(n))
      expect(tenants.map((page) => page.ids.length)).toEqual([2, 2, 2])
      expect(tenants.flatMap((page) => page.ids)).toEqual(expected)
      expect(channels.flatMap((page) => page.ids)).toEqual(expected)
    })

    test('show nothing of another tenant to a stolen cursor', async () => {
      for (let n = 0; n < 4; n += 1) await accept('acme', n)
      for (let n = 0; n < 4; n += 1) await accept('thief', n)
      const { cursor } = await opened.store.byTenant('acme', 2, null)
      const own = new Set([0, 1, 2, 3].map((n) => aSpliceId(n, 'thief')))
      const { ids } = await opened.store.byTenant('thief', 10, cursor)
      expect(ids.length).toBeGreaterThan(0)
      expect(ids.filter((id) => !own.has(id))).toEqual([])
      expect(await opened.store.byTenant('nobody', 10, cursor)).toEqual({ ids: [], cursor: null })
    })

    test('refuse a cursor that is garbage, forged or of another list', async () => {
      for (let n = 0; n < 3; n += 1) await accept('acme', n)
      const { cursor } = await opened.store.byTenant('acme', 1, null)
      const bad = ['', 'x', '{}', forged({ list: 'byTenant', sort: 1, id: 'a' }), forged({ list: 'byTenant' })]
      const extra = forged({ list: 'byTenant', sort: 'a', id: 'a', tenant: 'other' })
      for (const text of [...bad, extra]) {
        await expect(opened.store.byTenant('acme', 1, text)).rejects.toThrow(BadCursor)
      }
      await expect(opened.store.byChannel('acme', 'c1', 1, cursor)).rejects.toThrow(BadCursor)
      await expect(opened.store.due(0, 1, 1, cursor)).rejects.toThrow(BadCursor)
    })

    test('refuse a limit below one', async () => {
      await expect(opened.store.byTenant('acme', 0, null)).rejects.toThrow(RangeError)
      await expect(opened.store.eventsAfter('acme', 0, 0.5)).rejects.toThrow(RangeError)
    })
  })
}
