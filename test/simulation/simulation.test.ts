import { expect, test } from 'vitest'
import { count } from './dice.ts'
import type { Tally } from './dice.ts'
import { knownSeeds } from './known-seeds.ts'
import { actions } from './plan.ts'
import { describeFailure, shrink } from './shrinking.ts'
import { simulate } from './simulation.ts'

/** How many seeds a verification plays: what fits into a minute. `command.ts` plays as many as one likes. */
const SEEDS = 150
const MOST_MS = 600_000

/** What has to come about somewhere in these seeds: otherwise the laws held of runs in which nothing happened. */
const MUST_HAPPEN: readonly string[] = [
  ...[
    'submit',
    'seen',
    'in_block',
    'confirm',
    'settle',
    'deadline',
    'give_up',
    'budget_spent',
    'unproven',
    'all_dead',
    'bump',
    'bump_done',
    'bump_nothing_left',
    'reorg',
    'closed',
  ].map((row) => `decision.${row}`),
  ...[
    'queued>submitted',
    'queued>cancelled',
    'queued>failed',
    'submitted>queued',
    'submitted>pending',
    'submitted>confirmed',
    'submitted>failed',
    'submitted>needs_attention',
    'pending>confirmed',
    'confirmed>pending',
    'confirmed>settled',
  ].map((transition) => `transition.${transition}`),
  ...['throttle', 'no_response', 'lost_response', 'lost_race', 'stale_index'].map(
    (fault) => `store.${fault}`,
  ),
  ...['lose', 'double', 'delay', 'reorder'].map((fault) => `queue.${fault}`),
  ...[...actions.keys()].map((action) => `action.${action}`),
]

test(
  'every law holds for every seed, and the seeds meet what the laws are about',
  { timeout: MOST_MS },
  async () => {
    const tally: Tally = new Map()
    const failures: string[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      const run = await simulate(String(seed))
      for (const [name, times] of run.tally) count(tally, name, times)
      if (run.violations.length > 0) failures.push(describeFailure(await shrink(run)))
    }
    expect(failures.join('\n\n')).toBe('')
    expect(MUST_HAPPEN.filter((name) => !tally.has(name))).toEqual([])
  },
)

test.each(knownSeeds)('seed $seed holds: $why', { timeout: MOST_MS }, async ({ seed }) => {
  const run = await simulate(seed)
  expect(run.violations, describeFailure(run)).toEqual([])
})

test('a seed plays the same every time', async () => {
  const [first, second] = [await simulate('7'), await simulate('7')]
  expect(second.trace).toEqual(first.trace)
  expect(second.tally).toEqual(first.tally)
})
