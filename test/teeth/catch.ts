import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Found } from './found.ts'

/** Which seeds are played, and against which bug; null: against the product as it is. */
export type Hunt = { readonly bug: string | null; readonly from: number; readonly seeds: number }

/** What became of a bug: the seed that caught it and the law that it broke; null: it is still at large. */
export type Catch = { readonly seed: number | null; readonly law: string | null; readonly played: number }

/** A run that takes this long for each seed goes nowhere: one takes a fraction of a second. */
const MOST_MS_A_SEED = 20_000
/** A hunt that ends early says more than one that waits for a run that never ends. */
const LEAST_MS = 60_000
const MOST_MS = 3_600_000
/** What a bug that is no program dies of: that it is noticed says nothing about the laws. */
const SLIPS = /\b(ReferenceError|SyntaxError|TypeError)\b/
const SCRIPT = fileURLToPath(new URL('hunt.ts', import.meta.url))

/** Plays seeds in a process of its own, until one breaks a law. Throws what the process said, if it died. */
export async function hunted({ bug, from, seeds }: Hunt): Promise<Found> {
  const named = bug === null ? [] : ['--bug', bug]
  const args = ['--no-warnings', SCRIPT, '--from', String(from), '--seeds', String(seeds), ...named]
  const timeout = Math.min(MOST_MS, Math.max(LEAST_MS, MOST_MS_A_SEED * seeds))
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, args, { timeout }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(stderr.trim() === '' ? error.message : stderr.trim()))
    })
  })
  return Found.parse(JSON.parse(output))
}

/** Hunts a bug, first with the seed that caught it last time; throws where it cannot be planted, or does not run. A seed that breaks a law without the bug as well has caught nothing: the next one goes on. */
export async function caught(
  bug: string,
  { from, seeds, known }: { readonly from: number; readonly seeds: number; readonly known: number | null },
): Promise<Catch> {
  const end = from + seeds
  if (known !== null && from <= known && known < end) {
    const again = await caught(bug, { from: known, seeds: 1, known: null })
    if (again.seed !== null) return again
  }
  for (let next = from; next < end;) {
    const { seed, law, detail } = await hunted({ bug, from: next, seeds: end - next })
    if (seed === null) break
    if (SLIPS.test(detail ?? '')) throw new Error(`the bug does not run: ${detail}`)
    const whole = await hunted({ bug: null, from: seed, seeds: 1 })
    if (whole.seed === null) return { seed, law, played: seed - from + 1 }
    next = seed + 1
  }
  return { seed: null, law: null, played: seeds }
}
