import { parseArgs } from 'node:util'
import { bugNamed } from './bugs.ts'
import { plant } from './planting.ts'
import type { Found } from './found.ts'

/**
 * Plays seeds against the product with a bug in it, until one breaks a law, and prints what it found as a line of JSON. A
 * process of its own for each bug: a module is loaded once.
 */
async function hunt(bugName: string | null, from: number, seeds: number): Promise<Found> {
  const planting = bugName === null ? null : plant(bugNamed(bugName))
  // Not before: what is imported above would be loaded without the bug.
  const { simulate } = await import('../simulation/simulation.ts')
  const missing = planting?.missing() ?? []
  if (missing.length > 0) throw new Error(`${bugName}: never loaded: ${missing.join(', ')}`)
  for (let played = 0; played < seeds; played++) {
    const run = await simulate(String(from + played))
    const [first] = run.violations
    if (first !== undefined) return { seed: from + played, law: first.law, detail: first.detail }
  }
  return { seed: null, law: null, detail: null }
}

const { values } = parseArgs({
  options: {
    bug: { type: 'string' },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
  },
})
console.log(JSON.stringify(await hunt(values.bug ?? null, Number(values.from), Number(values.seeds))))
