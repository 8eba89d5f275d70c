import { dueShardOf } from '../../../adapters/store/keys.ts'
import { DUE_SHARDS, type LogEvent, type Page, type Store } from '../../../core/ports/ports.ts'
import { itemKinds, type ItemKind } from '../../../core/ports/records.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { aSpliceId } from '../../../harness/values.ts'

/** An empty table, and as many stores on it as there are writers. */
export type OpenStore = { writer(): Store; close(): Promise<void> }

export const WRITERS = Array.from({ length: 16 }, (_, n) => n)

/** The store of the test that runs, on a table of its own. */
export type Opened = {
  readonly table: OpenStore
  readonly store: Store
  readonly created: (splice: Splice) => Promise<Splice>
}

export function kinds(): ItemKind[] {
  const isKind = (text: string): text is ItemKind => text in itemKinds
  return Object.keys(itemKinds).filter(isKind)
}

export function aWatch(): Splice['watch'] {
  return { from: aSplice().fundingHistory[0] ?? '', untilHeight: 9 }
}

export function anEvent(n: number): Omit<LogEvent, 'sequence'> {
  return { id: `evt_${n}`, type: 'splice.accepted', spliceId: aSpliceId(n), epoch: 0, at: n }
}

export function aLine(n: number, sequence: number): LogEvent {
  return { ...anEvent(n), sequence }
}

export function idsOfShard(shard: number, count: number): string[] {
  return Array.from({ length: count * DUE_SHARDS * 3 }, (_, n) => aSpliceId(n))
    .filter((id) => dueShardOf(id) === shard)
    .slice(0, count)
}

export function paymentIdsOfShard(shard: number, count: number): string[] {
  return Array.from({ length: count * DUE_SHARDS * 3 }, (_, n) => n.toString(16).padStart(64, 'a'))
    .filter((id) => dueShardOf(id) === shard)
    .slice(0, count)
}

export function forged(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export async function pagesOf(read: (cursor: string | null) => Promise<Page>): Promise<Page[]> {
  const pages = [await read(null)]
  for (let cursor = pages[0]?.cursor ?? null; cursor !== null; cursor = pages.at(-1)?.cursor ?? null) {
    pages.push(await read(cursor))
  }
  return pages
}

export async function addOne(store: Store, id: string): Promise<void> {
  for (;;) {
    const splice = await store.load(id)
    if (splice === null) throw new Error(`${id} is gone`)
    if (await store.save({ ...splice, attemptSerial: splice.attemptSerial + 1 })) return
  }
}
