import { count, diceFrom, type Tally } from '../../harness/dice.ts'
import { isBroken, isExcused } from './excuses.ts'
import { heal, lookAround, settleDown } from './healing.ts'
import { brokenBy, laws, sceneOf } from './laws.ts'
import { lawsOfCalm, lawsOfRest } from './laws-of-rest.ts'
import { nameOf } from './laws-of-writes.ts'
import { actions, stepsOf, type Step } from './plan.ts'
import { describeProfile, profileOf } from './profile.ts'
import { Stage } from './stage.ts'
import type { Violation } from './witness.ts'

export type SimulationOptions = {
  /** Play only the steps with these numbers; left out: all. */
  readonly only?: ReadonlySet<number>
}

/** What became of a seed. */
export type Run = {
  readonly seed: string
  readonly steps: readonly Step[]
  /** What happened, a line a step, to be printed. */
  readonly trace: readonly string[]
  /** The laws that did not hold; the run ends at the first step that breaks one. */
  readonly violations: readonly Violation[]
  /** How often each row of the decision table, transition, fault, action and end came about. */
  readonly tally: Tally
  /** Simulated hours. */
  readonly hours: number
}

/** Plays a seed: its steps, each followed by the laws, then a healed world that has to come to rest. */
export async function simulate(seed: string, options: SimulationOptions = {}): Promise<Run> {
  const profile = profileOf(seed)
  const steps = stepsOf(seed, profile).filter(({ number }) => options.only?.has(number) ?? true)
  const stage = new Stage(seed, profile)
  const trace = [describeProfile(profile)]
  await stage.faults.without(() => stage.start())
  let violations: readonly Violation[] = []
  for (const step of steps) {
    trace.push(await play(stage, seed, step))
    violations = await judge(stage)
    if (violations.length > 0) break
  }
  if (violations.length === 0) {
    heal(stage)
    await lookAround(stage)
    trace.push(`healed ${await standing(stage)}`)
    violations = [...(await judge(stage)), ...brokenBy(await sceneOf(stage), lawsOfCalm)]
  }
  if (violations.length === 0) {
    await settleDown(stage)
    trace.push(`at rest ${await standing(stage)}`)
    violations = [...(await judge(stage)), ...brokenBy(await sceneOf(stage), lawsOfRest)]
  }
  await tallyEnds(stage)
  return { seed, steps, trace, violations, tally: stage.tally, hours: stage.hours }
}

async function play(stage: Stage, seed: string, { number, action, restMs, blockMs }: Step): Promise<string> {
  const outcome = await outcomeOf(stage, seed, number, action)
  await stage.keeper.run(restMs, blockMs === null ? {} : { blockMs })
  const rest = `+${restMs / 1_000} s${blockMs === null ? '' : `, a block every ${blockMs / 60_000} min`}`
  return `${number} ${action}${outcome} ${rest} ${await standing(stage)}`
}

/** What a step came to; an error is an answer to whoever acted, unless it tells of a slip of the program. */
async function outcomeOf(stage: Stage, seed: string, number: number, action: string): Promise<string> {
  const act = actions.get(action)
  if (act === undefined) throw new Error(`no action ${action}`)
  try {
    const outcome = await act(stage, diceFrom(`${seed}/${number}`))
    count(stage.tally, `action.${action}`)
    return typeof outcome === 'string' ? ` (${outcome})` : ''
  } catch (error) {
    if (isBroken(error) && !isExcused(error)) stage.witness.accuse('nothing crashes', String(error))
    return ` (not possible: ${error instanceof Error ? error.message : String(error)})`
  }
}

async function judge(stage: Stage): Promise<Violation[]> {
  const crashes = stage.keeper.crashes
    .filter((error) => !isExcused(error))
    .map((error) => ({ law: 'nothing crashes', detail: String(error) }))
  return [...crashes, ...stage.witness.violations, ...brokenBy(await sceneOf(stage), laws)]
}

/** How the splices stand, in a few signs each: state, attempts, candidates, bumps. */
async function standing(stage: Stage): Promise<string> {
  const splices = await stage.splices()
  const each = splices.map(
    ({ id, state, attempts, candidates, bumps }) =>
      `${nameOf(id)}=${state} a${attempts.length} c${candidates.length} b${bumps.length}`,
  )
  return `h${stage.world.chain.tip.height} ${each.join(', ')}`
}

async function tallyEnds(stage: Stage): Promise<void> {
  const { queue, events } = stage.keeper
  const notExecuted = queue.deadLetters().length + events.deadLetters().length
  if (notExecuted > 0) count(stage.tally, 'queue.dead_letter', notExecuted)
  for (const [name, times] of stage.keeper.counts) if (name.startsWith('decision.')) count(stage.tally, name, times)
  for (const { state, attention, anomaly, bumps, attempts } of await stage.splices()) {
    count(stage.tally, `end.${state}${attention === null ? '' : `:${attention.code}`}`)
    if (anomaly !== null) count(stage.tally, 'end.anomaly')
    for (const { outcome } of bumps) count(stage.tally, `bump.${outcome?.code ?? 'open'}`)
    for (const { notExecuted } of attempts)
      if (notExecuted !== null) count(stage.tally, `notExecuted.${notExecuted.proof}`)
  }
}
