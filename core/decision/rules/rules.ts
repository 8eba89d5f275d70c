import type { Rule } from './rule.ts'
import { rulesAfterBroadcast } from './after-broadcast.ts'
import { feeBumpRules } from './fee-bump.ts'
import { rulesBeforeBroadcast } from './before-broadcast.ts'

/** The decision table: the first rule that holds decides. `docs/decisions.md` is written from it. */
export const rules: readonly Rule[] = [...rulesBeforeBroadcast, ...feeBumpRules, ...rulesAfterBroadcast]
