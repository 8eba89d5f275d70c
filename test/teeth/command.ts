import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { bugNamed, bugs } from './bugs.ts'
import { caught } from './catch.ts'

/** The seed that caught each bug last time: most catch it again, and only the others are hunted from the start. */
const CATCHES = new URL('catches.json', import.meta.url)
const Catches = z.record(z.string(), z.int().positive())
const NAME_WIDTH = Math.max(...bugs.map(({ name }) => name.length)) + 2

const { values } = parseArgs({
  options: {
    bug: { type: 'string', multiple: true, default: [] },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '2000' },
    parallel: { type: 'string', default: '2' },
    again: { type: 'boolean', default: false },
  },
})

const Count = z.coerce.number().int().positive()
const from = Count.parse(values.from)
const seeds = Count.parse(values.seeds)
const parallel = Count.parse(values.parallel)
const wanted = values.bug.length === 0 ? bugs : values.bug.map(bugNamed)
const waiting = wanted.map(({ name }) => name)
const atLarge: string[] = []
const catches = Catches.parse(JSON.parse(readFileSync(CATCHES, 'utf8')))

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
    const known = values.again ? null : (catches[name] ?? null)
    const { seed, law, played } = await caught(name, { from, seeds, known })
    if (seed !== null) {
      catches[name] = seed
      return `seed ${seed}: ${law}`
    }
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
const listed = bugs.flatMap(({ name }) => (catches[name] === undefined ? [] : [[name, catches[name]]]))
writeFileSync(CATCHES, `${JSON.stringify(Object.fromEntries(listed), null, 2)}\n`)
console.log(`${wanted.length - atLarge.length} of ${wanted.length} caught`)
if (atLarge.length > 0) console.log(`at large: ${atLarge.join(' ')}`)
process.exitCode = atLarge.length > 0 ? 1 : 0
