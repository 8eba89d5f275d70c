import type { Row } from './row.ts'
import { rowsAfter } from './rows-after.ts'
import { rowsBump } from './rows-bump.ts'
import { rowsBefore } from './rows-before.ts'

/** The decision table: the first row that holds decides. `docs/decisions.md` is written from it. */
export const rows: readonly Row[] = [...rowsBefore, ...rowsBump, ...rowsAfter]
