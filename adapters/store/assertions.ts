import { isAtRest } from '../../core/splice/due.ts'
import * as z from 'zod'
import { ForeignPayment } from '../../core/ports/records.ts'
import { isAtRest as isPaymentAtRest } from '../../core/ledger/foreign-payment.ts'
import { Splice } from '../../core/splice/splice.ts'

/** A splice's record stays below this size, as JSON in UTF-8 bytes. */
export const MAX_SPLICE_BYTES = 64 * 1024

/** Any other item stays below this size: DynamoDB's limit is 400 KB, and the keys need room. */
export const MAX_ITEM_BYTES = 390 * 1024

/** A record that breaks a law of the store, found before a write or after a read. Nothing was written. */
export class StoreAssertion extends Error {
  override readonly name = 'StoreAssertion'
}

/**
 * Parses a splice's record and checks its laws: the schema, safe integers, and `dueAt` null if and only if
 * the splice is at rest. {@link storable} checks the size before a write. Throws {@link StoreAssertion}.
 */
export const checkedSplice = checkedOnce(parsedSplice)

/**
 * Runs a check once per frozen value. The table in memory returns the same frozen value at each read, and a
 * frozen value cannot have changed.
 */
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
      `${splice.id}: dueAt is ${splice.dueAt} in state ${splice.state}, at rest: ${isAtRest(splice)}`,
    )
  }
  return splice
}

/** Parses an item's value and checks its numbers; `what` names the item in a {@link StoreAssertion}. */
export function checkedItem<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const item = checkedValue(schema, value, what)
  assertExact(item, what)
  return item
}

/**
 * Parses a foreign payment and checks its laws: its id is its key, and it is due until it is at rest. Throws
 * {@link StoreAssertion}.
 */
export function checkedPayment(value: unknown, key: string): ForeignPayment {
  const payment = checkedItem(ForeignPayment, value, `payment ${key}`)
  if (payment.id !== key) throw new StoreAssertion(`payment ${payment.id} under the key ${key}`)
  if (payment.dueAt === null && !isPaymentAtRest(payment)) {
    throw new StoreAssertion(`payment ${key} is neither due nor at rest`)
  }
  return payment
}

/** Refuses empty parts of keys: DynamoDB refuses them too, but its emulators take them. */
export function assertFilled(fields: Record<string, string>): void {
  for (const [name, text] of Object.entries(fields)) {
    if (text === '') throw new StoreAssertion(`${name} is part of a key and must not be empty`)
  }
}

/** Refuses a page size that is not a positive integer. Throws RangeError. */
export function assertLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`limit ${limit}`)
}

function checkedValue<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new StoreAssertion(`${what} does not fit its schema: ${z.prettifyError(parsed.error)}`)
}

/**
 * A deep copy through JSON, which drops undefined: no database takes it. Throws {@link StoreAssertion} if the
 * copy reaches `limit` bytes.
 */
export function storable(value: unknown, limit: number, what: string): unknown {
  const text = JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes >= limit) throw new StoreAssertion(`${what} has ${bytes} bytes and must have fewer than ${limit}`)
  return JSON.parse(text)
}

/** Refuses numbers that JavaScript may have rounded. */
function assertExact(value: unknown, what: string): void {
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new StoreAssertion(`${what} holds ${value}, which may be rounded`)
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) assertExact(part, what)
}
