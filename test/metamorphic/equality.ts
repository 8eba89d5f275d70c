import { describe, expect, test } from 'vitest'
import { DeliveredKeeper, lost, type Delivery } from './delivery.ts'
import { live, type Life } from '../../harness/lives/life.ts'
import { lives } from '../../harness/lives/lives.ts'
import { outcomeOf, type Outcome } from './outcome.ts'

/** A life as it was lived under a delivery. */
export async function lived(life: Life, delivery: Delivery): Promise<DeliveredKeeper> {
  return live(life, (options) => new DeliveredKeeper(options, delivery))
}

/** The end of a life on a calm day and on one without a relay, and how many messages it took. */
export type Calm = {
  readonly base: Outcome
  readonly deaf: Outcome
  readonly sent: { readonly hints: number; readonly events: number }
}

async function calmly(life: Life): Promise<Calm> {
  const keeper = await lived(life, {})
  const base = await outcomeOf(keeper)
  const deaf = life.needsRelay === true ? await outcomeOf(await lived(life, { events: lost })) : base
  return { base, deaf, sent: keeper.sent }
}

/** Lives a life under a delivery and compares its end with that of a calm day. */
export async function expectSame(life: Life, delivery: Delivery, calm: Calm, says = ''): Promise<void> {
  const outcome = await outcomeOf(await lived(life, delivery))
  if (delivery.events !== undefined) expect([calm.base, calm.deaf], says).toContainEqual(outcome)
  else expect(outcome, says).toEqual(calm.base)
}

/** Lives each life once on a calm day, and hands that to its tests. */
export function describeLives(tests: (life: Life, calm: () => Promise<Calm>) => void): void {
  describe.each(Object.values(lives).flat())('$name ends the same', (life) => {
    let calm: Promise<Calm> | undefined
    tests(life, () => (calm ??= calmly(life)))
  })
}

/** Lives each life under each delivery. */
export function describeDeliveries(deliveries: readonly (readonly [string, Delivery])[]): void {
  describeLives((life, calm) => {
    test.each(deliveries)('with %s', async (_, delivery) => expectSame(life, delivery, await calm()))
  })
}
