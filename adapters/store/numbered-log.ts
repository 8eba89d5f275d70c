import type * as z from 'zod'
import { MAX_ITEM_BYTES, StoreAssertion, assertFilled, assertLimit, checkedItem, storable } from './assertions.ts'
import { logKey, logPk, type LogName } from './keys.ts'
import type { Row, Rows } from './rows.ts'

/**
 * Lost races after which an append fails. Far above a tenant's number of workers; it ends a loop if something is wrong.
 */
const MAX_RACES = 1_000
/** The last lines are searched for one that another writer, or a try whose answer was lost, has just appended. */
const TAIL = 16
/** Lines read at a time in a search further back. */
const CHUNK = 100

/** Where a line is in the log, and whether this append wrote it. */
export type Appended = { readonly sequence: number; readonly isNew: boolean }

type Numbered = { readonly sequence: number; readonly id: string }

/** A tenant's log whose lines are numbered from 1 without gaps: a line is put at last + 1 if nothing is there yet. */
export type NumberedLog<T extends Numbered> = {
  /**
   * Appends the line that `following` makes from the last one, unless the log already has a line with that id. Searches
   * the last few lines and, with `isBefore`, further back to the first line for which it is true.
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
  /** The line in a row. Throws {@link StoreAssertion} if its sequence is not the one in its key. */
  lineIn(row: Row): T
}

/**
 * A log over any rows. If the last lines have the id already, or a line with it wins the wanted place, then another
 * writer appended the same line, or a try of ours whose answer was lost. `append` returns that line's sequence.
 */
export function numberedLog<T extends Numbered>(
  rows: Rows,
  ids: { id(): string },
  { name, schema }: { readonly name: LogName; readonly schema: z.ZodType<T> },
): NumberedLog<T> {
  const lineIn = (row: Row): T => {
    const line = checkedItem(schema, row.body, `${row.pk} ${row.sk}`)
    if (Number(row.sk) !== line.sequence) throw new StoreAssertion(`${row.pk} ${row.sk} holds ${line.sequence}`)
    return line
  }
  const lastOf = async (tenant: string, limit: number, below: string | null = null): Promise<T[]> => {
    assertFilled({ tenant })
    const slice = await rows.slice({ pk: logPk(name, tenant), after: below, descending: true, limit })
    return slice.map(lineIn)
  }
  /** Searches below the tail. */
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
      throw new Error(`${name} ${id} lost ${MAX_RACES} races for the end of the log`)
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
