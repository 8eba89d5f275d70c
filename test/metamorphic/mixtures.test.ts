import fc from 'fast-check'
import { test } from 'vitest'
import { permuted, rhythms, type Delivery } from './delivery.ts'
import { describeLives, expectSame } from './equality.ts'

const fates = fc
  .array(fc.constantFrom([0], [0, 0], [], [7_000], [20_000, 0], [130_000]), { maxLength: 12 })
  // Something arrives, however long the life is.
  .map((all) => [...all, [0]])

/** Any of it together: each message has a fate of its own, in any order, amid any sweeps. */
const mixtures = fc.record({
  seed: fc.nat(),
  hints: fates,
  events: fates,
  batch: fc.constantFrom(1, 2, 10),
  sweepMs: fc.constantFrom(5_000, 17_000, 60_000),
  rhythm: fc.constantFrom({}, ...Object.values(rhythms)),
})

describeLives((life, calm) => {
  test('with any mixture of all that', async () => {
    const known = await calm()
    await fc.assert(
      fc.asyncProperty(mixtures, async ({ seed, hints, events, batch, sweepMs, rhythm }) => {
        const delivery: Delivery = {
          hints: ({ n }) => hints[n % hints.length] ?? [0],
          order: permuted(String(seed)),
          batch,
          sweepMs,
          rhythm,
        }
        // What is lost there is lost for good, and which of several events it is makes an end of its own.
        const deaf =
          life.needsRelay === true ? {} : { events: ({ n }: { n: number }) => events[n % events.length] ?? [0] }
        await expectSame(life, { ...delivery, ...deaf }, known)
      }),
      { seed: 61, numRuns: 8 },
    )
  })
})
