import type { Bug } from './bug.ts'
import { bumpBugs } from './bump-bugs.ts'
import { gateBugs } from './gate-bugs.ts'
import { livenessBugs } from './liveness-bugs.ts'
import { proofBugs } from './proof-bugs.ts'
import { writeBugs } from './write-bugs.ts'

/** Every bug that the simulation must catch. */
export const bugs: readonly Bug[] = [...gateBugs, ...proofBugs, ...writeBugs, ...bumpBugs, ...livenessBugs]

/** A bug of the list by its name; throws where there is none. */
export function bugNamed(name: string): Bug {
  const bug = bugs.find((each) => each.name === name)
  if (bug === undefined) throw new Error(`no bug ${name}`)
  return bug
}
