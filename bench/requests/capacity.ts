import * as z from 'zod'
import { itemBytes } from '../../harness/item-bytes.ts'

/** An item as the wire has it: attribute names to typed values. */
export type WireItem = { readonly [name: string]: WireValue }
export type WireValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: boolean }
  | { readonly L: readonly WireValue[] }
  | { readonly M: WireItem }

const WireValue: z.ZodType<WireValue> = z.lazy(() =>
  z.union([
    z.object({ S: z.string() }),
    z.object({ N: z.string() }),
    z.object({ BOOL: z.boolean() }),
    z.object({ NULL: z.boolean() }),
    z.object({ L: z.array(WireValue) }),
    z.object({ M: z.record(z.string(), WireValue) }),
  ]),
)
export const WireItem: z.ZodType<WireItem> = z.record(z.string(), WireValue)

const READ_UNIT_BYTES = 4096
const WRITE_UNIT_BYTES = 1024

/** Bytes of an item as DynamoDB counts them. */
export function sizeOf(item: WireItem): number {
  return itemBytes(plainItem(item))
}

function plainItem(item: WireItem): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]))
}

function plain(value: WireValue): unknown {
  if ('S' in value) return value.S
  if ('N' in value) return Number(value.N)
  if ('L' in value) return value.L.map(plain)
  if ('M' in value) return plainItem(value.M)
  return 'BOOL' in value ? value.BOOL : null
}

/** Units of a consistent read of so many bytes; one that finds nothing costs one. */
export function readUnitsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES))
}

/** Units of a put over what stood there: of the table, by the larger of the two. */
export function writeUnitsOf(before: WireItem | null, after: WireItem): number {
  const bytes = Math.max(before === null ? 0 : sizeOf(before), sizeOf(after))
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES))
}

/**
 * Units of the indexes for a put: one for each entry that is made or taken away, so two for one that moves, and none for one
 * that stays, because only keys are projected.
 */
export function indexUnitsOf(
  before: WireItem | null,
  after: WireItem,
  indexes: readonly { readonly partition: string; readonly sort: string }[],
): number {
  const entryOf = (item: WireItem | null, { partition, sort }: { partition: string; sort: string }) =>
    item?.[partition] === undefined || item[sort] === undefined ? null : JSON.stringify([item[partition], item[sort]])
  return indexes.reduce((sum, index) => {
    const [old, made] = [entryOf(before, index), entryOf(after, index)]
    return old === made ? sum : sum + (old === null ? 0 : 1) + (made === null ? 0 : 1)
  }, 0)
}
