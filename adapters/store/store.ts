import { recordIn, withMetadataText } from './metadata-text.ts'
import type * as z from 'zod'
import { itemKinds, type ItemKind, type ItemOf } from '../../core/ports/records.ts'
import { DUE_SHARDS, type Page, type Store } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import {
  MAX_ITEM_BYTES,
  MAX_SPLICE_BYTES,
  StoreAssertion,
  assertFilled,
  assertLimit,
  checkedItem,
  checkedOnce,
  checkedPayment,
  checkedSplice,
  storable,
} from './assertions.ts'
import { auditLog } from './audit-log.ts'
import { cursorOf, placeOf } from './cursor.ts'
import { eventLog } from './event-log.ts'
import { blockPkOf, duePkOf, indexKeysOf, itemKey, paymentIndexKeysOf, spliceKey, tenantChannelOf } from './keys.ts'
import type { ListQuery, Row, RowWrite, Rows } from './rows.ts'

/** Makes the globally unique id of each write. */
export type WriteIds = { id(): string }

/** The check for each kind of item, typed by kind. */
const itemChecks: { readonly [K in ItemKind]: (value: unknown) => ItemOf<K> } = {
  lease: itemCheck(itemKinds.lease),
  channel: itemCheck(itemKinds.channel),
  node: itemCheck(itemKinds.node),
  chain: itemCheck(itemKinds.chain),
  guard: itemCheck(itemKinds.guard),
  key: itemCheck(itemKinds.key),
  keyList: itemCheck(itemKinds.keyList),
  keyUse: itemCheck(itemKinds.keyUse),
  tx: itemCheck(itemKinds.tx),
  payment: itemCheck(itemKinds.payment),
  ledger: itemCheck(itemKinds.ledger),
  rawTransaction: itemCheck(itemKinds.rawTransaction),
  webhooks: itemCheck(itemKinds.webhooks),
}

/** Tries of a put-if-absent whose condition fails although no row is found. */
const MAX_CREATE_TRIES = 3

/**
 * The store over any rows: versions, write ids and assertions.
 *
 * A failed condition proves nothing by itself: the SDK repeats a write whose answer was lost, and then meets its own
 * write. So the item is read again, and the stored write id shows who won. A write of ours that won, but was
 * overwritten before we read again, is reported as lost. That is safe: the caller then loads the record again.
 */
export function storeOver(rows: Rows, ids: WriteIds): Store {
  return {
    ...spliceItems(rows, ids),
    ...spliceLists(rows),
    ...smallItems(rows, ids),
    ...eventLog(rows, ids),
    ...auditLog(rows, ids),
  }
}

function spliceItems(rows: Rows, ids: WriteIds): Pick<Store, 'create' | 'load' | 'save' | 'loadMany'> {
  const write = (splice: Splice) => {
    const stored = checkedSplice({ ...splice, version: splice.version + 1, writeId: ids.id() })
    return { stored, row: rowOf(stored) }
  }
  return {
    async create(splice) {
      if (splice.version !== 0) throw new StoreAssertion(`${splice.id} is not new: version ${splice.version}`)
      const { stored, row } = write(splice)
      for (let tries = 0; tries < MAX_CREATE_TRIES; tries += 1) {
        if (await rows.put(row, 'absent')) return { created: true, splice: stored }
        const standing = await rows.get(row)
        if (standing === null) continue
        return { created: standing.writeId === row.writeId, splice: spliceOf(standing) }
      }
      throw new Error(`${splice.id} is neither absent nor present`)
    },

    async load(id) {
      const row = await rows.get(spliceKey(id))
      return row === null ? null : spliceOf(row)
    },

    async save(splice) {
      if (splice.version === 0) throw new StoreAssertion(`${splice.id} was never created`)
      const { stored, row } = write(splice)
      return (await putOrFind(rows, row, splice.version)) ? stored : null
    },

    async loadMany(wanted) {
      const once = [...new Set(wanted)]
      const found = new Map((await rows.getMany(once.map(spliceKey))).map((row) => [row.pk, row]))
      return once.flatMap((id) => {
        const row = found.get(spliceKey(id).pk)
        return row === undefined ? [] : [spliceOf(row)]
      })
    },
  }
}

function spliceLists(rows: Rows): Pick<Store, 'due' | 'byTenant' | 'byChannel' | 'byBlock'> {
  const page = async (query: Omit<ListQuery, 'after'>, cursor: string | null): Promise<Page> => {
    assertLimit(query.limit)
    const after = placeOf(query.list, cursor)
    // One more than wanted, so that a page has a cursor only if something follows it.
    const places = await rows.list({ ...query, after, limit: query.limit + 1 })
    const given = places.slice(0, query.limit)
    const last = places.length > query.limit ? given.at(-1) : undefined
    return { ids: given.map((place) => place.id), cursor: last ? cursorOf(query.list, last) : null }
  }
  return {
    async due(shard, before, limit, cursor) {
      if (!Number.isInteger(shard) || shard < 0 || shard >= DUE_SHARDS) throw new RangeError(`shard ${shard}`)
      return page({ list: 'due', partition: duePkOf(shard), through: before, limit }, cursor)
    },

    async byTenant(tenant, limit, cursor) {
      assertFilled({ tenant })
      return page({ list: 'byTenant', partition: tenant, through: null, limit }, cursor)
    },

    async byChannel(tenant, channelId, limit, cursor) {
      assertFilled({ tenant, channelId })
      const partition = tenantChannelOf(tenant, channelId)
      return page({ list: 'byChannel', partition, through: null, limit }, cursor)
    },

    async byBlock(hash, limit, cursor) {
      assertFilled({ hash })
      return page({ list: 'byBlock', partition: blockPkOf(hash), through: null, limit }, cursor)
    },
  }
}

function smallItems(rows: Rows, ids: WriteIds): Pick<Store, 'item' | 'putItem'> {
  return {
    async item<K extends ItemKind>(kind: K, key: string) {
      assertFilled({ key })
      const row = await rows.get(itemKey(kind, key))
      if (row === null) return null
      return { version: row.version, value: itemChecks[kind](row.body) }
    },

    async putItem(kind, key, value, version) {
      assertFilled({ key })
      const at = itemKey(kind, key)
      const body = storable(itemChecks[kind](value), MAX_ITEM_BYTES, itemKinds[kind].prefix)
      const index = kind === 'payment' ? paymentIndexKeysOf(checkedPayment(body, key)) : null
      return putOrFind(rows, { ...at, version: version + 1, writeId: ids.id(), body, index }, version)
    },
  }
}

function itemCheck<T>({ prefix, schema }: { readonly prefix: string; readonly schema: z.ZodType<T> }) {
  return checkedOnce((value: unknown): T => checkedItem(schema, value, prefix))
}

/** Whether the row replaced that version (0: none), in this try or in one whose answer was lost. */
async function putOrFind(rows: Rows, row: RowWrite, version: number): Promise<boolean> {
  if (await rows.put(row, version === 0 ? 'absent' : version)) return true
  return (await rows.get(row))?.writeId === row.writeId
}

/** The row of a splice, with its keys in the indexes. */
export function rowOf(splice: Splice): RowWrite {
  const { version, writeId } = splice
  const body = storable(withMetadataText(splice), MAX_SPLICE_BYTES, splice.id)
  return { ...spliceKey(splice.id), version, writeId, body, index: indexKeysOf(splice) }
}

const spliceIn = checkedOnce((body) => checkedSplice(recordIn(body)))

function spliceOf(row: Row): Splice {
  const splice = spliceIn(row.body)
  const { pk } = spliceKey(splice.id)
  if (row.pk !== pk || row.version !== splice.version || row.writeId !== splice.writeId) {
    throw new StoreAssertion(`${row.pk} version ${row.version} holds ${splice.id} version ${splice.version}`)
  }
  return splice
}
