import { createHash } from 'node:crypto'
import { itemKinds, type ForeignPayment, type ItemKind } from '../../core/ports/records.ts'
import { isPaymentId } from '../../core/ledger/payment.ts'
import { DUE_SHARDS } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import { assertFilled } from './assertions.ts'

/** The primary key of an item. */
export type Key = { readonly pk: string; readonly sk: string }

/**
 * The index keys of a splice or a foreign payment. Where `lists`, `block` or `due` is null, it is not in that index.
 */
export type IndexKeys = {
  readonly createdAtId: string
  /** null for a foreign payment, which belongs to no tenant. */
  readonly lists: { readonly tenant: string; readonly tenantChannel: string } | null
  /** The block of a settled splice or a final payment. */
  readonly block: { readonly blockPk: string } | null
  readonly due: { readonly duePk: string; readonly dueAt: Instant } | null
}

/** The sort key of an item that has its partition key to itself. */
const ALONE = '-'
const SPLICE_PREFIX = 'SPL#'
/** Times in milliseconds and sequences are padded to this many digits, so that strings sort like numbers. */
const DIGITS = 16

export function spliceKey(id: string): Key {
  return { pk: SPLICE_PREFIX + id, sk: ALONE }
}

/** The id of the splice or the foreign payment behind a partition key of the indexes. */
export function idOfPk(pk: string): string {
  return pk.slice(pk.indexOf('#') + 1)
}

/** The table's key of a splice or a foreign payment. */
export function indexedKey(id: string): Key {
  return isPaymentId(id) ? itemKey('payment', id) : spliceKey(id)
}

export function itemKey(kind: ItemKind, key: string): Key {
  return { pk: `${itemKinds[kind].prefix}#${key}`, sk: ALONE }
}

/** A tenant's logs: events and audit entries. */
export type LogName = 'EV' | 'AUDIT'

export function logKey(log: LogName, tenant: string, sequence: number): Key {
  return { pk: logPk(log, tenant), sk: padded(sequence) }
}

export function logPk(log: LogName, tenant: string): string {
  return `${log}#${tenant}`
}

/** The shard of the due index for an id: 0 to 15, evenly distributed, and fixed for ever. */
export function dueShardOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt8(0) % DUE_SHARDS
}

export function duePkOf(shard: number): string {
  return `DUE#${shard}`
}

export function blockPkOf(hash: string): string {
  return `BLOCK#${hash}`
}

/** Both parts are escaped, so that no choice of names reaches into another tenant's list. */
export function tenantChannelOf(tenant: string, channelId: string): string {
  return `${encodeURIComponent(tenant)}#${encodeURIComponent(channelId)}`
}

/** The index keys of a splice. Throws StoreAssertion if one would be empty. */
export function indexKeysOf(splice: Splice): IndexKeys {
  assertFilled({ id: splice.id, tenant: splice.tenant, channelId: splice.channelId })
  return {
    createdAtId: createdAtIdOf(splice),
    lists: { tenant: splice.tenant, tenantChannel: tenantChannelOf(splice.tenant, splice.channelId) },
    block: blockOf(splice),
    due: dueOf(splice),
  }
}

/** The index keys of a foreign payment: when it is due, and the block in which it became final. */
export function paymentIndexKeysOf(payment: ForeignPayment): IndexKeys {
  const block = payment.final && { blockPk: blockPkOf(payment.final.block.hash) }
  return { createdAtId: createdAtIdOf(payment), lists: null, block, due: dueOf(payment) }
}

function createdAtIdOf({ createdAt, id }: { createdAt: Instant; id: string }): string {
  return `${padded(createdAt)}#${id}`
}

function dueOf({ id, dueAt }: { id: string; dueAt: Instant | null }): IndexKeys['due'] {
  return dueAt === null ? null : { duePk: duePkOf(dueShardOf(id)), dueAt }
}

/** Only a settled splice needs to be found by its block after a reorg: a live one is looked at anyway. */
function blockOf(splice: Splice): IndexKeys['block'] {
  const hash = splice.candidates.find((candidate) => candidate.block !== null)?.block?.hash
  return splice.state === 'settled' && hash !== undefined ? { blockPk: blockPkOf(hash) } : null
}

function padded(value: number): string {
  return String(Math.floor(value)).padStart(DIGITS, '0')
}
