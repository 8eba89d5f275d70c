import type * as z from 'zod'
import { StoreAssertion, checkedItem } from './assertions.ts'
import { logKey, logPk, type LogName } from './keys.ts'
import type { Row, Rows } from './rows.ts'

/** The last lines are searched for one that another writer, or a try whose answer was lost, has just appended. */
const TAIL = 16
/** Lines read at a time in a search further back. */
const CHUNK = 100

/** A line of a log. */
export type Numbered = { readonly sequence: number; readonly id: string }

/** Reads the lines of the tenants' logs of one name. */
export function logLines<T extends Numbered>(
  rows: Rows,
  { name, schema }: { readonly name: LogName; readonly schema: z.ZodType<T> },
) {
  const lineIn = (row: Row): T => {
    const line = checkedItem(schema, row.body, `${row.pk} ${row.sk}`)
    if (Number(row.sk) !== line.sequence) throw new StoreAssertion(`${row.pk} ${row.sk} holds ${line.sequence}`)
    return line
  }
  const slice = async (tenant: string, after: number | null, limit: number, descending: boolean): Promise<T[]> => {
    const place = after === null ? null : logKey(name, tenant, after).sk
    return (await rows.slice({ pk: logPk(name, tenant), after: place, descending, limit })).map(lineIn)
  }
  return {
    /** The line in a row. Throws {@link StoreAssertion} if its sequence is not the one in its key. */
    lineIn,

    /** Lines next to a sequence, in one direction; null: from that direction's end. */
    slice,

    /** The last lines, newest first: those known, and whatever others have appended since. */
    async caughtUp(tenant: string, known: readonly T[]): Promise<T[]> {
      const [last] = known
      if (last !== undefined) {
        const [same, ...newer] = await slice(tenant, last.sequence - 1, CHUNK, false)
        // A table that was restored from a backup may lack it.
        if (same?.id === last.id && newer.length < CHUNK - 1) return [...newer.toReversed(), ...known]
      }
      return slice(tenant, null, TAIL, true)
    },

    /**
     * The line with an id among the last ones: of `known`, which gets what has to be read for that. With `isBefore` it searches
     * back to the first line for which it is true.
     */
    async find(tenant: string, id: string, known: T[], isBefore?: (line: T) => boolean): Promise<T | undefined> {
      for (let end = TAIL; ; end += CHUNK) {
        const oldest = known.at(-1)
        if (known.length < end && oldest !== undefined && oldest.sequence > 1)
          known.push(...(await slice(tenant, oldest.sequence, end - known.length, true)))
        const found = known.slice(0, end).find((line) => line.id === id)
        const next = known[end - 1]
        if (found !== undefined || next === undefined || isBefore === undefined || isBefore(next)) return found
      }
    },
  }
}
