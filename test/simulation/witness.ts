import type { SpliceState } from '../../core/splice.ts'
import { Splice } from '../../core/splice.ts'
import type { Operation } from '../../adapters/store/memory.ts'
import type { Journal, SimulatedChain } from '../../adapters/node/simulated/world.ts'
import { count } from './dice.ts'
import type { Tally } from './dice.ts'
import { brokenByWrite } from './laws-of-writes.ts'

/** A law that does not hold, and where. */
export type Violation = { readonly law: string; readonly detail: string }

/** What the witness knows besides the writes: the world's own account, and what excuses a record. */
export type Courtroom = {
  readonly journal: Journal
  readonly chain: SimulatedChain
  readonly finalDepth: number
  readonly isOperated: (id: string) => boolean
}

/** Sees every write of a splice at the moment that it is made, and judges it against the one before. */
export class Witness {
  readonly violations: Violation[] = []
  readonly #tally: Tally
  readonly #last = new Map<string, Splice>()
  #courtroom: Courtroom | null = null

  constructor(tally: Tally) {
    this.#tally = tally
  }

  attend(courtroom: Courtroom): void {
    this.#courtroom = courtroom
  }

  accuse(law: string, detail: string): void {
    this.violations.push({ law, detail })
  }

  /** A put was made. */
  saw(operation: Operation): void {
    if (operation.type !== 'put' || !operation.row.pk.startsWith('SPL#') || this.#courtroom === null) return
    const stored = Splice.safeParse(operation.row.body)
    if (!stored.success) return this.accuse('a record is whole', stored.error.message)
    const before = this.#last.get(stored.data.id) ?? null
    const after = stored.data
    this.#last.set(after.id, after)
    this.#note(before?.state ?? null, after.state)
    this.violations.push(...brokenByWrite({ before, after }, this.#courtroom))
  }

  #note(before: SpliceState | null, after: SpliceState): void {
    if (before !== after) count(this.#tally, `transition.${before ?? 'new'}>${after}`)
  }
}
