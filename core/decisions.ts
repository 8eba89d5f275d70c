import type { Row } from './row.ts'
import { rowsAfter } from './rows-after.ts'
import { rowsBefore } from './rows-before.ts'

/** The decision table: the first row that holds decides. `docs/decisions.md` is written from it. */
export const rows: readonly Row[] = [...rowsBefore, ...rowsAfter]
