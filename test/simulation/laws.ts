import type { Journal } from '../../adapters/node/simulated/world.ts'
import { livingAttempts } from '../../core/budget.ts'
import type { Slot } from '../../core/items.ts'
import type { LogEvent } from '../../core/ports.ts'
import type { Splice } from '../../core/splice.ts'
import { hasEnded } from '../../core/transitions.ts'
import { effectsOf } from './effects.ts'
import { nameOf } from './laws-of-writes.ts'
import type { Stage } from './stage.ts'
import type { Violation } from './witness.ts'

/** How everything stands after a step: the records, and the world's own account of what happened. */
export type Scene = {
  readonly splices: readonly Splice[]
  /** By channel id. */
  readonly slots: ReadonlyMap<string, Slot>
  readonly log: readonly LogEvent[]
  readonly journal: Journal
  readonly operated: ReadonlySet<string>
  /** A reorg may take away what was true when it was said, until the next look. */
  readonly reorged: boolean
}

/** A law answers everything that breaks it. */
export type Law = (scene: Scene) => string[]

const OUTCOMES: readonly string[] = ['splice.settled', 'splice.failed', 'splice.cancelled']
const MOST_LINES = 10_000

/** Reads the scene of a stage, without faults. */
export async function sceneOf(stage: Stage): Promise<Scene> {
  const { store, channelIds } = stage.keeper
  const splices = await stage.splices()
  return stage.faults.without(async () => {
    const slots = await Promise.all(
      channelIds.map(async (id) => [id, (await store.item('slot', id))?.value] as const),
    )
    return {
      splices,
      slots: new Map(slots.flatMap(([id, slot]) => (slot === undefined ? [] : [[id, slot] as const]))),
      log: await store.eventsAfter('acme', 0, MOST_LINES),
      journal: stage.world.journal,
      operated: stage.operated,
      reorged: stage.reorgs > 0,
    }
  })
}

/** What holds after every step, whatever happened in it (design section 1). */
export const laws: Readonly<Record<string, Law>> = {
  'no splice happens twice': ({ splices, journal }) =>
    telling(splices, (splice) => {
      const effects = effectsOf(splice, journal)
      return effects > 1 ? `${effects} transactions have its effect` : null
    }),
  'the record claims no more than is true': ({ splices, journal, operated, reorged }) =>
    telling(splices, (splice) => {
      if (reorged || operated.has(splice.id) || !hasEnded(splice.state)) return null
      const effects = effectsOf(splice, journal)
      return effects === (splice.state === 'settled' ? 1 : 0)
        ? null
        : `${splice.state}, but ${effects} effects`
    }),
  'one splice of a channel submits': ({ splices }) => {
    const channels = Map.groupBy(splices.filter(isSubmitting), ({ channelId }) => channelId)
    return [...channels.values()]
      .filter((group) => group.length > 1)
      .map((group) => group.map(({ id }) => nameOf(id)).join(' and '))
  },
  'who submits holds the slot': ({ splices, slots }) =>
    telling(splices, ({ id, state, channelId }) => {
      const holder = slots.get(channelId)?.holder ?? null
      return state !== 'submitted' || holder === id ? null : `the slot is ${holder ?? 'empty'}`
    }),
  'the log has no gap': ({ log }) =>
    log
      .filter(({ sequence }, index) => sequence !== index + 1)
      .slice(0, 1)
      .map(({ sequence }) => `a gap before line ${sequence}`),
  'one outcome an epoch': ({ log }) => {
    const outcomes = log.filter(({ type }) => OUTCOMES.includes(type))
    const epochs = Map.groupBy(outcomes, ({ spliceId, epoch }) => `${nameOf(spliceId)} in epoch ${epoch}`)
    return [...epochs].flatMap(([name, lines]) =>
      new Set(lines.map(({ id }) => id)).size > 1
        ? [`${name}: ${lines.map(({ type }) => type).join(', ')}`]
        : [],
    )
  },
  'one id is one event': ({ log }) =>
    [...Map.groupBy(log, ({ id }) => id)].flatMap(([id, lines]) =>
      new Set(lines.map(({ type, epoch }) => `${type} ${epoch}`)).size > 1 ? [`${id} says two things`] : [],
    ),
  'an end is corrected only for a cause': ({ log, operated, reorged }) =>
    log
      .filter(({ type }) => type === 'splice.corrected')
      .filter(({ spliceId }) => !reorged && !operated.has(spliceId))
      .map(({ spliceId }) => nameOf(spliceId)),
}

/** The laws of a set that a scene breaks. */
export function brokenBy(scene: Scene, set: Readonly<Record<string, Law>> = laws): Violation[] {
  return Object.entries(set).flatMap(([law, broken]) => broken(scene).map((detail) => ({ law, detail })))
}

/** What a question finds wrong with each of the splices, with their names. */
export function telling(splices: readonly Splice[], wrong: (splice: Splice) => string | null): string[] {
  return splices.flatMap((splice) => {
    const detail = wrong(splice)
    return detail === null ? [] : [`${nameOf(splice.id)}: ${detail}`]
  })
}

/** Something of it may still take effect, and no transaction of it was ever seen. */
function isSubmitting(splice: Splice): boolean {
  if (splice.state === 'settled' || splice.state === 'failed') return false
  return livingAttempts(splice).length > 0 && splice.candidates.length === 0
}
