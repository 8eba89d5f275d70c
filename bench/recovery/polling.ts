import { advance } from '../../core/decision/advance.ts'
import { observe } from '../../core/drive/observe.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { chanceFrom } from '../../harness/chance.ts'
import type { KeeperOptions } from '../../harness/keeper/options.ts'

const SECOND = 1_000
/** Less than the shortest backoff. */
const LOOK_MS = 200
const LONGEST_MS = 20 * MINUTE
/** A sweep looks so much later than its minute at most: the schedule, a start and the sweep's own reads take their time. */
const SWEEP_LATE_MS = 2_000

/** A keeper whose sweeps are not on the second. */
class LateKeeper extends Keeper {
  readonly #chance: { fraction(): number }

  constructor(options: KeeperOptions & { readonly seed: string }) {
    super(options)
    this.#chance = chanceFrom(`late ${options.seed}`)
  }

  override async sweep(): Promise<void> {
    this.world.advance(Math.floor(this.#chance.fraction() * SWEEP_LATE_MS))
    await super.sweep()
  }
}

/** What has to be waited for. */
export type Scenario = {
  readonly name: 'peerReturned' | 'nodeLostIt' | 'backoff'
  /** Plays until nothing is missing any more but time; answers when the world did its part. */
  readonly play: (keeper: Keeper, id: string, fraction: number) => Promise<number>
  /** What is done before the splice is ordered. */
  readonly before: (keeper: Keeper) => void
  /** When the last gate opens, as the record and the world have it now; null: not known yet. */
  readonly opensAt: (splice: Splice, keeper: Keeper, causeAt: number) => number | null
  /** What the rules themselves ask for after the cause; left out: what the record says (a backoff), or nothing. */
  readonly restMs?: (keeper: Keeper) => number
}

/** Of one splice, on the world's clock in milliseconds. */
export type Lag = {
  /** From the instant the last gate opened to the second request at the node. */
  readonly lagMs: number
  /** From the first instant at which somebody who looks all the time would have asked again to the second request. */
  readonly lateMs: number
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'peerReturned',
    before(keeper) {
      keeper.node.disconnectPeer()
      keeper.node.fault({ type: 'refuse', status: 9 })
    },
    async play(keeper, _id, fraction) {
      await keeper.run(3 * MINUTE + Math.floor(fraction * MINUTE))
      keeper.node.connectPeer()
      return keeper.world.now()
    },
    opensAt: (_splice, _keeper, causeAt) => causeAt,
  },
  {
    name: 'nodeLostIt',
    before(keeper) {
      keeper.node.disconnectPeer()
    },
    async play(keeper, _id, fraction) {
      await keeper.run(3 * MINUTE + Math.floor(fraction * MINUTE))
      keeper.node.restart()
      await keeper.run(SECOND)
      keeper.node.connectPeer()
      return keeper.world.now()
    },
    // Quiet is counted from the first look that saw the peer back, and so is as late as that look.
    opensAt: ({ quietSince }, { policy }) => (quietSince === null ? null : quietSince + policy.quietMs),
    restMs: ({ policy }) => policy.quietMs,
  },
  {
    name: 'backoff',
    before(keeper) {
      keeper.node.fault({ type: 'refuse', status: 9 })
    },
    async play(keeper, id) {
      for (;;) {
        const at = (await keeper.splice(id)).attempts[0]?.result?.at
        if (at !== undefined) return at
        await keeper.run(LOOK_MS)
      }
    },
    opensAt: ({ nextAttemptAt }) => nextAttemptAt,
  },
]

/** Plays a scenario on the virtual clock: the design's periods, a sweep a minute, each seed at another moment of it. */
export async function lagOf(scenario: Scenario, seed: string, relay: boolean): Promise<Lag> {
  const keeper = new LateKeeper({ seed, relay })
  await keeper.sweep()
  const chance = chanceFrom(`recovery ${seed}`)
  await keeper.run(Math.floor(chance.fraction() * MINUTE))
  scenario.before(keeper)
  const { id } = await keeper.post()
  const causeAt = await scenario.play(keeper, id, chance.fraction())
  let opensAt: number | null = null
  const limit = keeper.world.now() + LONGEST_MS
  while (requestsAt(keeper).length < 2) {
    if (keeper.world.now() > limit) throw new Error(`${scenario.name}, seed ${seed}: never asked again`)
    opensAt = scenario.opensAt(await keeper.splice(id), keeper, causeAt) ?? opensAt
    if (opensAt !== null && opensAt <= keeper.world.now()) await assertOpen(keeper, id)
    const untilOpen = (opensAt ?? Infinity) - keeper.world.now()
    await keeper.run(untilOpen > 0 ? Math.min(untilOpen, SECOND) : SECOND)
  }
  const requestedAt = requestsAt(keeper)[1]
  if (requestedAt === undefined || opensAt === null) throw new Error(`${scenario.name}: no gate opened`)
  const lagMs = requestedAt - opensAt
  return {
    lagMs,
    lateMs: scenario.restMs === undefined ? lagMs : requestedAt - causeAt - scenario.restMs(keeper),
  }
}

/** Whoever looked now would submit. */
async function assertOpen(keeper: Keeper, id: string): Promise<void> {
  const splice = await keeper.splice(id)
  const observation = await observe(splice, keeper.ports, null)
  const { decision } = advance(splice, observation, { now: keeper.world.now(), policy: keeper.policy })
  if (decision.act === 'submit') return
  const shut = decision.gates.find((reading) => reading.shut !== null)
  throw new Error(`a gate is shut: ${shut?.name ?? decision.rule}`)
}

function requestsAt({ world }: Keeper): number[] {
  return world.journal.entries.filter(({ type }) => type === 'request_received').map(({ at }) => at)
}
