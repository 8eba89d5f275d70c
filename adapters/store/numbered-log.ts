import type * as z from 'zod'
import { StoreAssertion, assertFilled, assertLimit, checkedItem } from './assertions.ts'
import type { LogName } from './keys.ts'
import { logKey, logPk } from './keys.ts'
import type { Row, Rows } from './rows.ts'

/** Appenders that may win before us: far above what a tenant's workers can be, so that a fault cannot loop for ever. */
const MAX_RACES = 1_000
/** Last lines in which a line of two writers at once, or of a try whose answer was lost, is recognised. */
const TAIL = 16

type Numbered = { readonly sequence: number; readonly id: string }

/** A log of a tenant whose lines are numbered from 1 without a gap: put if absent at last + 1 (design section 9). */
export type NumberedLog<T extends Numbered> = {
  /** Appends the line that `following` makes of the last one; answers its sequence. */
  append(tenant: string, id: string, following: (last: T | null) => T): Promise<number>
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
  const lastOf = async (tenant: string, limit: number): Promise<T[]> => {
    assertFilled({ tenant })
    const slice = await rows.slice({ pk: logPk(name, tenant), after: null, descending: true, limit })
    return slice.map(lineIn)
  }
  return {
    lineIn,

    async append(tenant, id, following) {
      let tail = await lastOf(tenant, TAIL)
      for (let race = 0; race < MAX_RACES; race += 1) {
        const known = tail.find((line) => line.id === id)
        if (known !== undefined) return known.sequence
        const body = checkedItem(schema, following(tail[0] ?? null), `${name} ${id}`)
        const key = logKey(name, tenant, body.sequence)
        const row = { ...key, version: 1, writeId: ids.id(), body, index: null }
        if (await rows.put(row, 'absent')) return body.sequence
        const winner = await rows.get(row)
        if (winner !== null && lineIn(winner).id === id) return body.sequence
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
