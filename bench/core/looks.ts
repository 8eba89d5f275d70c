import type { Observation } from '../../core/decision/observation.ts'
import { observe } from '../../core/drive/observe.ts'
import type { Policy } from '../../core/splice/policy.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { live } from '../../harness/lives/life.ts'
import { lives } from '../../harness/lives/lives.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'

const TENANT = 'acme'
const SPLICES_MOST = 100

/** A splice as it stood in the table when somebody looked, and what there was to be seen. */
export type Look = {
  readonly splice: Splice
  readonly observation: Observation
  readonly now: number
  readonly policy: Policy
}

/** A keeper that writes down what each sweep and each worker has before its eyes. */
class Recorder extends Keeper {
  readonly looks: Look[] = []

  override async sweep(): Promise<void> {
    const { ids } = await this.store.byTenant(TENANT, SPLICES_MOST, null)
    await this.#record(ids)
    await super.sweep()
  }

  override async work(): Promise<void> {
    // Only what just happened is hinted at once; what waits for its backoff is found by a sweep as well.
    const visible = (this.queue.nextVisibleAt() ?? Infinity) <= this.world.now()
    const { ids } = visible ? await this.store.byTenant(TENANT, SPLICES_MOST, null) : { ids: [] }
    await this.#record(ids)
    await super.work()
  }

  async #record(ids: readonly string[]): Promise<void> {
    for (const splice of await this.store.loadMany(ids)) {
      // Nobody looks at one that is at rest.
      if (hasEnded(splice.state) && splice.dueAt === null) continue
      const observation = await observe(splice, this.ports, null)
      this.looks.push({ splice, observation, now: this.world.now(), policy: this.policy })
    }
  }
}

/** The looks of whole lives, ordinary and troubled, through the real core over the simulated node: each as often as it came. */
export async function recordedLooks(): Promise<Look[]> {
  const looks: Look[] = []
  for (const life of Object.values(lives).flat()) {
    const keeper = await live(life, (options) => new Recorder(options))
    looks.push(...keeper.looks)
  }
  return looks
}
