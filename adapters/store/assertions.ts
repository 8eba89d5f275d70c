import { isAtRest } from '../../core/splice/due.ts'
import * as z from 'zod'
import { ForeignPayment } from '../../core/ports/records.ts'
import { isAtRest as isPaymentAtRest } from '../../core/ledger/foreign-payment.ts'
import { Splice } from '../../core/splice/splice.ts'

/** A splice's record stays below this, as JSON in UTF-8 bytes (design section 9). */
export const MAX_SPLICE_BYTES = 64 * 1024

/** Any other item stays below this: DynamoDB's limit is 400 KB, with room for the keys. */
export const MAX_ITEM_BYTES = 390 * 1024

/** A record that must not be, found before a write or after a read (design section 12). Nothing was written. */
export class StoreAssertion extends Error {
  override readonly name = 'StoreAssertion'
}

/**
 * Parses a splice's record and holds its laws: the schema, safe numbers, and `dueAt` null exactly at rest. Its size is held when
 * it is written ({@link storable}). Throws {@link StoreAssertion}.
 */
export const checkedSplice = checkedOnce(parsedSplice)

/** A check that is made once of each frozen value, as the table in memory hands them out: it cannot have changed since. */
export function checkedOnce<T>(check: (value: unknown) => T): (value: unknown) => T {
  const known = new WeakMap<object, { readonly checked: T }>()
  return (value) => {
    if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return check(value)
    const { checked } = known.get(value) ?? { checked: check(value) }
    known.set(value, { checked })
    return checked
  }
}

function parsedSplice(value: unknown): Splice {
  const splice = checkedValue(Splice, value, 'splice')
  assertExact(splice, splice.id)
  if ((splice.dueAt === null) !== isAtRest(splice)) {
    throw new StoreAssertion(
      `${splice.id}: dueAt ${splice.dueAt} in state ${splice.state}, at rest: ${isAtRest(splice)}`,
    )
  }
  return splice
}

/** Parses a small item's value and holds safe numbers; `what` names it in the {@link StoreAssertion}. */
export function checkedItem<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const item = checkedValue(schema, value, what)
  assertExact(item, what)
  return item
}

/** Parses a foreign payment stored under a key and holds its laws: it is its own key, and due until it is at rest. Throws {@link StoreAssertion}. */
export function checkedPayment(value: unknown, key: string): ForeignPayment {
  const payment = checkedItem(ForeignPayment, value, `payment ${key}`)
  if (payment.id !== key) throw new StoreAssertion(`payment ${payment.id} under the key ${key}`)
  if (payment.dueAt === null && !isPaymentAtRest(payment)) {
    throw new StoreAssertion(`payment ${key} is neither due nor at rest`)
  }
  return payment
}

/** Parts of index keys: DynamoDB refuses empty ones, the emulators take them. */
export function assertFilled(fields: Record<string, string>): void {
  for (const [name, text] of Object.entries(fields)) {
    if (text === '') throw new StoreAssertion(`${name} is empty and a part of a key`)
  }
}

/** A page holds a whole number of lines, at least one. Throws RangeError. */
export function assertLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`limit ${limit}`)
}

function checkedValue<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new StoreAssertion(`${what} does not fit its schema: ${z.prettifyError(parsed.error)}`)
}

/**
 * A deep copy as JSON keeps it, below a size in bytes: what is undefined is gone, as no database takes it. Throws
 * {@link StoreAssertion}.
 */
export function storable(value: unknown, limit: number, what: string): unknown {
  const text = JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes >= limit) throw new StoreAssertion(`${what} has ${bytes} bytes, the limit is ${limit}`)
  return JSON.parse(text)
}

/** The database takes no number that JavaScript may have rounded. */
function assertExact(value: unknown, what: string): void {
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new StoreAssertion(`${what} holds ${value}, which may be rounded`)
  if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) assertExact(part, what)
}
