import * as z from 'zod'

/** The paged lists. Each is an index of the table. */
export type ListName = 'due' | 'byTenant' | 'byChannel' | 'byBlock'

/**
 * A row's place in a list: its sort key in the index (a time in milliseconds for `due`, else text) and the id
 * of the splice or payment. It never holds the tenant, channel or shard. Those come from the caller's API key
 * and request, so that somebody else's cursor is just a place in one's own list.
 */
export type Place = { readonly sort: string | number; readonly id: string }

/** A cursor that this store did not make, or made for another list. The API answers 400. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor'
}

const id = z.string().min(1).max(256)
const text = z.string().min(1).max(512)
const schemas = {
  due: z.strictObject({ list: z.literal('due'), sort: z.number().nonnegative(), id }),
  byTenant: z.strictObject({ list: z.literal('byTenant'), sort: text, id }),
  byChannel: z.strictObject({ list: z.literal('byChannel'), sort: text, id }),
  byBlock: z.strictObject({ list: z.literal('byBlock'), sort: text, id }),
} as const

/** An opaque cursor for a place in a list: base64url of JSON. */
export function cursorOf(list: ListName, place: Place): string {
  return Buffer.from(JSON.stringify({ list, sort: place.sort, id: place.id })).toString('base64url')
}

/** The place that a cursor names; null without a cursor: the start. Throws {@link BadCursor}. */
export function placeOf(list: ListName, cursor: string | null): Place | null {
  if (cursor === null) return null
  const parsed = schemas[list].safeParse(jsonOf(cursor))
  if (!parsed.success) throw new BadCursor(`not a cursor of ${list}`)
  return { sort: parsed.data.sort, id: parsed.data.id }
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}
