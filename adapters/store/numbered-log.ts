import type * as z from 'zod'
import {
  MAX_ITEM_BYTES,
  StoreAssertion,
  assertFilled,
  assertLimit,
  checkedItem,
  storable,
} from './assertions.ts'
import type { LogName } from './keys.ts'
import { logKey, logPk } from './keys.ts'
import type { Row, Rows } from './rows.ts'

/** Appenders that may win before us: far above what a tenant's workers can be, so that a fault cannot loop for ever. */
const MAX_RACES = 1_000
/** Last lines in which a line of two writers at once, or of a try whose answer was lost, is recognised. */
const TAIL = 16
/** Lines read at a time when going further back. */
const CHUNK = 100

/** Where a line stands; whether it is new there. */
export type Appended = { readonly sequence: number; readonly isNew: boolean }

type Numbered = { readonly sequence: number; readonly id: string }

/** A log of a tenant whose lines are numbered from 1 without a gap: put if absent at last + 1 (design section 9). */
export type NumberedLog<T extends Numbered> = {
  /**
   * Appends the line that `following` makes of the last one, unless a line of that id stands in the last few, or further back
   * down to a line of which `isBefore` says that it cannot come before.
   */
  append(
    tenant: string,
    id: string,
    following: (last: T | null) => T,
    isBefore?: (line: T) => boolean,
  ): Promise<Appended>
  /** Lines after a sequence (0: from the start), in order. */
  after(tenant: string, after: number, limit: number): Promise<T[]>
  /** The sequence of the last line; 0 while there is none. */
  end(tenant: string): Promise<number>
  /** The line in a row. Throws {@link StoreAssertion} where it is not the line that its key names. */
  lineIn(row: Row): T
}

/**
 * A log over any rows. An id that stands in the last lines, or wins the place that we wanted, was appended by another writer
 * of the same line, or by a try of ours whose answer was lost: its sequence is answered.
 */
export function numberedLog<T extends Numbered>(
  rows: Rows,
  ids: { id(): string },
  { name, schema }: { readonly name: LogName; readonly schema: z.ZodType<T> },
): NumberedLog<T> {
  const lineIn = (row: Row): T => {
    const line = checkedItem(schema, row.body, `${row.pk} ${row.sk}`)
    if (Number(row.sk) !== line.sequence)
      throw new StoreAssertion(`${row.pk} ${row.sk} holds ${line.sequence}`)
    return line
  }
  const lastOf = async (tenant: string, limit: number, below: string | null = null): Promise<T[]> => {
    assertFilled({ tenant })
    const slice = await rows.slice({ pk: logPk(name, tenant), after: below, descending: true, limit })
    return slice.map(lineIn)
  }
  /** Goes on where the last lines end. */
  const older = async (tenant: string, id: string, tail: readonly T[], isBefore: (line: T) => boolean) => {
    let oldest = tail.length < TAIL ? undefined : tail.at(-1)
    while (oldest !== undefined && !isBefore(oldest)) {
      const chunk = await lastOf(tenant, CHUNK, logKey(name, tenant, oldest.sequence).sk)
      const known = chunk.find((line) => line.id === id)
      if (known !== undefined) return known
      oldest = chunk.length < CHUNK ? undefined : chunk.at(-1)
    }
    return undefined
  }
  return {
    lineIn,

    async append(tenant, id, following, isBefore) {
      let tail = await lastOf(tenant, TAIL)
      const early = isBefore && (await older(tenant, id, tail, isBefore))
      if (early !== undefined) return { sequence: early.sequence, isNew: false }
      for (let race = 0; race < MAX_RACES; race += 1) {
        const known = tail.find((line) => line.id === id)
        if (known !== undefined) return { sequence: known.sequence, isNew: false }
        const line = checkedItem(schema, following(tail[0] ?? null), `${name} ${id}`)
        const body = storable(line, MAX_ITEM_BYTES, `${name} ${id}`)
        const key = logKey(name, tenant, line.sequence)
        const row = { ...key, version: 1, writeId: ids.id(), body, index: null }
        if (await rows.put(row, 'absent')) return { sequence: line.sequence, isNew: true }
        const winner = await rows.get(row)
        if (winner !== null && lineIn(winner).id === id) return { sequence: line.sequence, isNew: true }
        tail = await lastOf(tenant, TAIL)
      }
      throw new Error(`${name} ${id} lost ${MAX_RACES} races for the end of a log`)
    },

    async after(tenant, after, limit) {
      assertFilled({ tenant })
      assertLimit(limit)
      const { pk, sk } = logKey(name, tenant, after)
      return (await rows.slice({ pk, after: sk, descending: false, limit })).map(lineIn)
    },

    async end(tenant) {
      const [last] = await lastOf(tenant, 1)
      return last?.sequence ?? 0
    },
  }
}
