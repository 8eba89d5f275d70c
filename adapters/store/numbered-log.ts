import type * as z from 'zod'
import { MAX_ITEM_BYTES, assertFilled, assertLimit, checkedItem, storable } from './assertions.ts'
import { logKey, type LogName } from './keys.ts'
import { logLines, type Numbered } from './log-lines.ts'
import { LogTails } from './log-tails.ts'
import type { Row, Rows } from './rows.ts'

/**
 * Lost races after which an append fails. Far above a tenant's number of workers; it ends a loop if something is wrong.
 */
const MAX_RACES = 1_000
/** Where a line is in the log, and whether this append wrote it. */
export type Appended = { readonly sequence: number; readonly isNew: boolean }

/** A tenant's log whose lines are numbered from 1 without gaps: a line is put at last + 1 if nothing is there yet. */
export type NumberedLog<T extends Numbered> = {
  /**
   * Appends the line that `following` makes from the last one, unless the log already has a line with that id. Searches
   * the last few lines and, with `isBefore`, further back to the first line for which it is true. Appends of this process to one
   * tenant's log go one after another, and search again only what they have not read: at many events a second they would
   * otherwise race each other, and read the same lines each time.
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
  const tails = new LogTails<T>()
  const lines = logLines(rows, { name, schema })

  /** The line that stands in a place once this one was put there, if it was free. */
  const put = async (tenant: string, line: T): Promise<T | null> => {
    const body = storable(line, MAX_ITEM_BYTES, `${name} ${line.id}`)
    const row = { ...logKey(name, tenant, line.sequence), version: 1, writeId: ids.id(), body, index: null }
    if (await rows.put(row, 'absent')) return line
    const winner = await rows.get(row)
    return winner === null ? null : lines.lineIn(winner)
  }

  return {
    lineIn: lines.lineIn,

    async append(tenant, id, following, isBefore) {
      assertFilled({ tenant })
      return tails.inTurn(tenant, async ({ lines: seen, isFresh }): Promise<{ lines: T[]; result: Appended }> => {
        let known = isFresh ? [...seen] : await lines.caughtUp(tenant, seen)
        for (let race = 0; race < MAX_RACES; race += 1) {
          const found = await lines.find(tenant, id, known, isBefore)
          if (found !== undefined) return { lines: known, result: { sequence: found.sequence, isNew: false } }
          const line = checkedItem(schema, following(known[0] ?? null), `${name} ${id}`)
          const standing = await put(tenant, line)
          if (standing?.id === id)
            return { lines: [standing, ...known], result: { sequence: line.sequence, isNew: true } }
          known = await lines.caughtUp(tenant, known)
        }
        throw new Error(`${name} ${id} lost ${MAX_RACES} races for the end of the log`)
      })
    },

    async after(tenant, after, limit) {
      assertFilled({ tenant })
      assertLimit(limit)
      return lines.slice(tenant, after, limit, false)
    },

    async end(tenant) {
      assertFilled({ tenant })
      const [last] = await lines.slice(tenant, null, 1, true)
      return last?.sequence ?? 0
    },
  }
}
