import { expect, test } from 'vitest'
import { missing, possible } from './coverage.ts'
import { count, type Tally } from '../../harness/dice.ts'
import { knownSeeds } from './known-seeds.ts'
import { describeFailure, shrink } from './shrinking.ts'
import { simulate } from './simulation.ts'

/** How many seeds a verification plays. `command.ts` plays as many as one likes. */
const SEEDS = 300
const MOST_MS = 600_000

/** What so few seeds do not come to; docs/reliability.md tells what more of them do. */
const TOO_RARE: readonly string[] = [
  'transition.queued>pending',
  'transition.queued>confirmed',
  'transition.submitted>cancelled',
  'transition.confirmed>failed',
  'transition.cancelled>pending',
  'transition.needs_attention>queued',
  'decision.unseen_long',
]

test('every law holds for every seed, and the seeds meet what the laws are about', { timeout: MOST_MS }, async () => {
  const tally: Tally = new Map()
  const failures: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = await simulate(String(seed))
    for (const [name, times] of run.tally) count(tally, name, times)
    if (run.violations.length > 0) failures.push(describeFailure(await shrink(run)))
  }
  expect(failures.join('\n\n')).toBe('')
  expect(missing(tally).filter((name) => !TOO_RARE.includes(name))).toEqual([])
})

test('what is too rare for a verification is possible', () => {
  expect(TOO_RARE.filter((name) => !possible().includes(name))).toEqual([])
})

test.each(knownSeeds)('seed $seed holds: $why', { timeout: MOST_MS }, async ({ seed }) => {
  const run = await simulate(seed)
  expect(run.violations, describeFailure(run)).toEqual([])
})

test('a seed plays the same every time', async () => {
  for (const seed of ['7', '8', '9', '10']) {
    const [first, second] = [await simulate(seed), await simulate(seed)]
    expect(second.trace).toEqual(first.trace)
    expect(second.tally).toEqual(first.tally)
  }
})
