import type { Row } from './rule.ts'
import { rowsAfter } from './after-broadcast.ts'
import { rowsBump } from './fee-bump.ts'
import { rowsBefore } from './before-broadcast.ts'

/** The decision table: the first row that holds decides. `docs/decisions.md` is written from it. */
export const rows: readonly Row[] = [...rowsBefore, ...rowsBump, ...rowsAfter]
