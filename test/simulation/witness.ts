import { NodeState, ChannelLease } from '../../core/ports/records.ts'
import { recordIn } from '../../adapters/store/metadata-text.ts'
import { Splice, type SpliceState } from '../../core/splice/splice.ts'
import type { Operation } from '../../adapters/store/memory.ts'
import { count, type Tally } from '../../harness/dice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { brokenByLease } from './laws-of-leases.ts'
import { brokenByWrite, pathOf } from './laws-of-writes.ts'
import type { Stage } from './stage.ts'

/** A law that does not hold, and where. */
export type Violation = { readonly law: string; readonly detail: string }

/** What the witness knows besides the writes: the world's own account, and what excuses a record. */
export type Courtroom = {
  readonly stage: Pick<Stage, 'world' | 'node' | 'memory' | 'profile'>
  readonly finalDepth: number
}

/** Sees every write of a splice and of a lease at the moment that it is made, and judges it against what stood before. */
export class Witness {
  readonly violations: Violation[] = []
  readonly #tally: Tally
  readonly #splices = new Map<string, Splice>()
  readonly #leases = new Map<string, ChannelLease>()
  readonly #paused = new Set<string>()
  #isGuarded = false
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

  /** What stands in a table out of a backup is where the next writes begin. */
  startFrom(splices: readonly Splice[], leases: ReadonlyMap<string, ChannelLease>): void {
    this.#splices.clear()
    this.#leases.clear()
    for (const [channelId, lease] of leases) this.#leases.set(channelId, lease)
    this.#isGuarded = false
    for (const splice of splices) this.#splices.set(splice.id, splice)
  }

  /** The lease of a channel as it was last written. */
  lease(channelId: string): ChannelLease | null {
    return this.#leases.get(channelId) ?? null
  }

  /** The record of a splice as it was last written. */
  splice(id: string): Splice | null {
    return this.#splices.get(id) ?? null
  }

  /** Whether the guard of the table was written since the table came to be, or out of a backup. */
  get isGuarded(): boolean {
    return this.#isGuarded
  }

  /** Whether a node was last seen paused. */
  isPaused(node: string): boolean {
    return this.#paused.has(node)
  }

  /** A put was made. */
  saw(operation: Operation): void {
    if (operation.type !== 'put') return
    const { pk, body } = operation.row
    if (pk.startsWith('LEASE#')) this.#sawLease(pk.slice('LEASE#'.length), ChannelLease.parse(body))
    if (pk.startsWith('GUARD#')) this.#isGuarded = true
    if (pk.startsWith('NODE#')) this.#sawNode(pk.slice('NODE#'.length), NodeState.parse(body))
    if (pk.startsWith('SPL#')) this.#judge(body)
  }

  #sawLease(key: string, lease: ChannelLease): void {
    const before = this.#leases.get(key)?.holder ?? null
    this.#leases.set(key, lease)
    const isLive = (id: string): boolean => {
      const splice = this.#splices.get(id)
      return splice !== undefined && !hasEnded(splice.state)
    }
    for (const { law, detail } of brokenByLease({ before, lease, isLive })) this.accuse(law, detail)
  }

  #sawNode(name: string, { paused }: NodeState): void {
    if (paused === null) this.#paused.delete(name)
    else this.#paused.add(name)
  }

  #judge(body: unknown): void {
    if (this.#courtroom === null) return
    const stored = Splice.safeParse(recordIn(body))
    if (!stored.success) return this.accuse('a record is whole', stored.error.message)
    const after = stored.data
    const before = this.#splices.get(after.id) ?? null
    const lease = this.#leases.get(after.channelId) ?? null
    this.#splices.set(after.id, after)
    if (before !== null) this.#note(pathOf(before, after))
    this.violations.push(...brokenByWrite({ before, after, lease }, this.#courtroom))
  }

  #note(path: readonly SpliceState[]): void {
    path.forEach((state, at) => {
      const from = path[at - 1] ?? state
      if (from !== state) count(this.#tally, `transition.${from}>${state}`)
    })
  }
}
