import { parseArgs } from 'node:util'
import * as z from 'zod'
import { bugNamed, bugs } from './bugs.ts'
import { caught } from './catch.ts'

const NAME_WIDTH = Math.max(...bugs.map(({ name }) => name.length)) + 2

const { values } = parseArgs({
  options: {
    bug: { type: 'string', multiple: true, default: [] },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '2000' },
    parallel: { type: 'string', default: '2' },
  },
})

const Count = z.coerce.number().int().positive()
const from = Count.parse(values.from)
const seeds = Count.parse(values.seeds)
const parallel = Count.parse(values.parallel)
const wanted = values.bug.length === 0 ? bugs : values.bug.map(bugNamed)
const waiting = wanted.map(({ name }) => name)
const atLarge: string[] = []

/** Hunts one bug after the other, and prints a line for each. */
async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const startedAt = performance.now()
    const outcome = await outcomeOf(name)
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    console.log(`${name.padEnd(NAME_WIDTH)} ${outcome} (${seconds} s)`)
  }
}

/** A bug whose text is not there any more, or whose process dies, has not been caught. */
async function outcomeOf(name: string): Promise<string> {
  try {
    const { seed, law, played } = await caught(name, from, seeds)
    if (seed !== null) return `seed ${seed}: ${law}`
    atLarge.push(name)
    return `NOT CAUGHT in ${played} seeds`
  } catch (error) {
    atLarge.push(name)
    return `NOT PLAYED: ${reasonOf(error)}`
  }
}

/** Of what a process said when it died, the line that names the error. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n').find((line) => /^\w*(Error|Outdated)/.test(line)) ?? text
}

await Promise.all(Array.from({ length: parallel }, work))
console.log(`${wanted.length - atLarge.length} of ${wanted.length} caught`)
if (atLarge.length > 0) console.log(`at large: ${atLarge.join(' ')}`)
process.exitCode = atLarge.length > 0 ? 1 : 0
