import type { Bug } from './bug.ts'
import { bumpBugs } from './bump-bugs.ts'
import { gateBugs } from './gate-bugs.ts'
import { livenessBugs } from './liveness-bugs.ts'
import { proofBugs } from './proof-bugs.ts'
import { writeBugs } from './write-bugs.ts'

const planted: readonly Bug[] = [...gateBugs, ...proofBugs, ...writeBugs, ...bumpBugs, ...livenessBugs]

/**
 * Bugs whose moment hardly ever comes about in the simulation, or which another guard makes up for there: each with the tests
 * that fail with it.
 */
export const beyond: Readonly<Record<string, string>> = {
  'gate-own-transaction': 'test/core/decision/classify.test.ts',
  'bump-gate-lock-depth': 'test/fee-bumps/rules.test.ts',
  'bump-gate-lease': 'test/fee-bumps/rules.test.ts',
  'pointer-not-claimed': 'test/core/drive/save.test.ts',
  'baseline-taken-anew': 'test/core/splice/attempts.test.ts',
  'sweep-submits': 'test/core/drive/drive.test.ts',
  'lease-left-from-an-old-look': 'test/core/drive/channel-lease.test.ts',
  'lease-line-blocked': 'test/core/drive/channel-lease.test.ts',
  'duplicate-check-dropped': 'test/core/drive/lease.test.ts',
  'order-ignored': 'test/core/drive/lease.test.ts',
  'passes-never-cleared': 'test/core/drive/lease.test.ts',
  'quiet-of-the-attempt-before': 'test/core/splice/attempts.test.ts',
  'quiet-while-the-peer-is-away': 'test/core/splice/quiet.test.ts',
  'lease-not-written-again': 'test/core/drive/channel-lease.test.ts',
  'lease-emptied-before-the-end': 'test/core/drive/drive.test.ts',
  'bump-gate-channel': 'test/fee-bumps/gates.test.ts',
  'failed-unseen': 'test/core/decision/rules/before-broadcast.test.ts',
  'conflict-with-another-alive': 'test/core/decision/rules/after-broadcast.test.ts',
  'attention-never-looked-at': 'test/core/decision/advance.test.ts',
  'write-id-forgotten': 'test/adapters/store/lost-response.test.ts',
  'step-on-an-old-record': 'test/core/drive/send.test.ts',
  'blind-look-counts': 'test/scenarios/rest.test.ts',
}

/** Every bug that the simulation must catch. */
export const bugs: readonly Bug[] = planted.filter(({ name }) => beyond[name] === undefined)

/** A bug that can be planted, by its name; throws where there is none. */
export function bugNamed(name: string): Bug {
  const bug = planted.find((each) => each.name === name)
  if (bug === undefined) throw new Error(`no bug ${name}`)
  return bug
}
