import { simulate, type Run } from './simulation.ts'

/** Runs that finding a short trace may cost. */
const MOST_RUNS = 60

/**
 * The same failure with fewer steps: leaves out halves, quarters and so on down to single steps, while the same law breaks.
 * The chance of each step follows from its number, so what is left plays as before. Answers the shortest run found.
 */
export async function shrink(failed: Run, mostRuns = MOST_RUNS): Promise<Run> {
  const [first] = failed.violations
  if (first === undefined) return failed
  let best = failed
  let runs = 0
  for (let size = Math.ceil(best.steps.length / 2); size >= 1 && runs < mostRuns; size = nextSize(size)) {
    for (let from = 0; from < best.steps.length && runs < mostRuns; runs++) {
      const kept = best.steps.filter((_, index) => index < from || index >= from + size)
      const shorter = await simulate(failed.seed, { only: new Set(kept.map(({ number }) => number)) })
      if (shorter.violations.some(({ law }) => law === first.law)) best = shorter
      else from += size
    }
  }
  return best
}

function nextSize(size: number): number {
  return size === 1 ? 0 : Math.ceil(size / 2)
}

/** A failing run as it is printed: what broke, and how to come there. */
export function describeFailure({ seed, violations, trace }: Run): string {
  const broken = violations.map(({ law, detail }) => `  broken: ${law}: ${detail}`)
  return [`seed ${seed}`, ...broken, ...trace.map((line) => `  ${line}`)].join('\n')
}
