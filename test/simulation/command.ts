import { parseArgs } from 'node:util'
import { missing } from './coverage.ts'
import { count, type Tally } from '../../harness/dice.ts'
import { describeFailure, shrink } from './shrinking.ts'
import { simulate } from './simulation.ts'

const PROGRESS_EVERY = 50

/** Plays seeds in a row and prints what came of them; answers how many failed. */
async function play(seeds: readonly string[], isVerbose: boolean): Promise<number> {
  const startedAt = performance.now()
  const tally: Tally = new Map()
  const failing: string[] = []
  let hours = 0
  for (const [index, seed] of seeds.entries()) {
    const run = await simulate(seed)
    hours += run.hours
    for (const [name, times] of run.tally) count(tally, name, times)
    if (isVerbose) console.log(describeFailure(run))
    if (run.violations.length > 0) {
      failing.push(seed)
      console.log(describeFailure(await shrink(run)))
    }
    const seconds = (performance.now() - startedAt) / 1_000
    if ((index + 1) % PROGRESS_EVERY === 0 || index + 1 === seeds.length)
      console.log(
        `${index + 1} seeds, ${failing.length} failing, ${Math.round(hours)} simulated hours, ${Math.round(hours / seconds)} a second`,
      )
  }
  for (const [name, times] of [...tally].sort()) console.log(`${name.padEnd(40)} ${times}`)
  console.log(`never: ${missing(tally).join(' ') || 'nothing'}`)
  if (failing.length > 0) console.log(`failing seeds: ${failing.join(' ')}`)
  return failing.length
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const first = Number(values.from)
const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => String(first + index))
    : [values.seed]
process.exitCode = (await play(seeds, values.verbose)) > 0 ? 1 : 0
