import { dollarsPerMillion } from './cost.ts'
import { startMeteredWorld, type MeteredWorld, type Tally } from './metered-world.ts'

const LONGEST_MINUTES = 150
const HOUR_MINUTES = 60
const MINUTE_WITHOUT_BLOCK = 1
const AMOUNT_SATS = 50_000
/** A round of negotiation takes about a second: at this point the node has queued the splice and nobody has signed. */
const UNSIGNED_MS = 100
const MARKET_RATE_SAT_PER_KW = 3_000

/** What a splice asks over what the same minutes ask without it, until it has settled. */
export type Life = { readonly minutes: number; readonly tally: Tally }

/** What happens in a life besides time, after each minute; 0: when it has been ordered. */
type Plot = (world: MeteredWorld, id: string, minute: number) => Promise<void>

const plots = {
  plain: async () => undefined,

  lostAttempt: async ({ keeper }, _id, minute) => {
    if (minute !== 0) return
    await keeper.work()
    keeper.world.advance(UNSIGNED_MS)
    keeper.node.restart()
  },

  bump: async (world, id, minute) => {
    if (minute !== 2) return
    world.keeper.world.chain.setFeeRate(MARKET_RATE_SAT_PER_KW)
    await world.bump(id)
  },
} as const satisfies Record<string, Plot>

/**
 * Counts what a splice-out asks from its order until it has settled: a plain one, one whose first attempt the node forgets, one
 * whose fee is bumped; what an hour asks of one node with four channels and no splice; and what an hour asks for a splice that waits
 * behind another one. A block comes every ten minutes.
 */
export async function countRequests() {
  const idle = await idleMinutes()
  return {
    idleHour: idle.hour,
    waitingHour: difference(await hourWith(1), await hourWith(2)),
    plain: await lifeOf(plots.plain, idle.after),
    lostAttempt: await lifeOf(plots.lostAttempt, idle.after),
    bump: await lifeOf(plots.bump, idle.after),
  }
}

/** What is asked after so many minutes with nothing to do, and in a whole hour. */
async function idleMinutes(): Promise<{ after: readonly Tally[]; hour: Tally }> {
  const world = await startMeteredWorld()
  try {
    const start = world.tally()
    const after = [difference(start, start)]
    for (let minute = 1; minute <= LONGEST_MINUTES; minute += 1) {
      await world.pass(minute)
      after.push(difference(start, world.tally()))
    }
    return { after, hour: after[HOUR_MINUTES] ?? {} }
  } finally {
    await world.close()
  }
}

/** What an hour asks with so many splices on a channel, the first of which has been submitted. */
async function hourWith(splices: number): Promise<Tally> {
  const world = await startMeteredWorld()
  try {
    const ids: string[] = []
    for (let n = 0; n < splices; n += 1) {
      ids.push(await world.order(AMOUNT_SATS + n))
      await world.pass(MINUTE_WITHOUT_BLOCK)
    }
    await world.pass(MINUTE_WITHOUT_BLOCK)
    const start = world.tally()
    for (let minute = 1; minute <= HOUR_MINUTES; minute += 1) await world.pass(minute)
    const [first, ...behind] = await Promise.all(ids.map((id) => world.splice(id)))
    if (first?.attempts.length !== 1 || behind.some(({ attempts }) => attempts.length > 0))
      throw new Error('the first splice did not go, or another one went')
    return difference(start, world.tally())
  } finally {
    await world.close()
  }
}

async function lifeOf(plot: Plot, idle: readonly Tally[]): Promise<Life> {
  const world = await startMeteredWorld()
  try {
    const start = world.tally()
    const id = await world.order()
    await plot(world, id, 0)
    for (let minute = 1; minute <= LONGEST_MINUTES; minute += 1) {
      await world.pass(minute)
      await plot(world, id, minute)
      if ((await world.splice(id)).state === 'settled') {
        const all = difference(start, world.tally())
        return { minutes: minute, tally: difference(idle[minute] ?? {}, all) }
      }
    }
    throw new Error('the splice has not settled')
  } finally {
    await world.close()
  }
}

/** What was added to a tally; what did not change is left out. */
function difference(from: Tally, to: Tally): Tally {
  const names = [...new Set([...Object.keys(to), ...Object.keys(from)])].toSorted()
  const changes = names.map((name) => [name, (to[name] ?? 0) - (from[name] ?? 0)] as const)
  return Object.fromEntries(changes.filter(([, change]) => change !== 0))
}

/** For `console.table`: what is counted, by what it is counted for. */
export function tableOf({
  idleHour,
  waitingHour,
  ...lives
}: Awaited<ReturnType<typeof countRequests>>): Record<string, Record<string, number>> {
  const columns = {
    ...Object.fromEntries(Object.entries(lives).map(([name, { tally }]) => [name, tally])),
    'an idle hour': idleHour,
    'an hour behind another': waitingHour,
  }
  const names = [...new Set(Object.values(columns).flatMap((tally) => Object.keys(tally)))].toSorted()
  const rows = names.map(
    (name) =>
      [name, Object.fromEntries(Object.entries(columns).map(([column, tally]) => [column, tally[name] ?? 0]))] as const,
  )
  const dollars = Object.entries(columns).map(
    ([column, tally]) => [column, Math.round(dollarsPerMillion(tally) * 100) / 100] as const,
  )
  return { ...Object.fromEntries(rows), '$ for a million': Object.fromEntries(dollars) }
}
