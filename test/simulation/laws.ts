import { eventIdOf } from '../../core/splice/ids.ts'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { LogEvent } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { isHidden, effectiveTxids, payouts } from './effects.ts'
import { FINAL_DEPTH } from './funding.ts'
import { isStandIn, nameOf } from './laws-of-writes.ts'
import type { Stage } from './stage.ts'
import type { Violation } from './witness.ts'

/** How everything stands after a step: the records, and the world's own account of what happened. */
export type Scene = {
  readonly splices: readonly Splice[]
  /** By channel id. */
  readonly leases: ReadonlyMap<string, ChannelLease>
  readonly log: readonly LogEvent[]
  readonly stage: Pick<Stage, 'world' | 'node' | 'memory' | 'profile'>
}

/** A law answers everything that breaks it. */
export type Law = (scene: Scene) => string[]

const OUTCOMES: readonly string[] = ['splice.settled', 'splice.failed', 'splice.cancelled']
const MOST_LINES = 10_000

/** Reads the scene of a stage, without faults. */
export async function sceneOf(stage: Stage): Promise<Scene> {
  const splices = await stage.splices()
  const leases = await stage.leases()
  const log = await stage.faults.without(() => stage.keeper.store.eventsAfter('acme', 0, MOST_LINES))
  return { splices, leases, log, stage }
}

/** What holds after every step, whatever happened in it. */
export const laws: Readonly<Record<string, Law>> = {
  'an accepted splice is never lost': ({ splices, stage }) =>
    stage.memory.posted.filter(({ id }) => !splices.some((splice) => splice.id === id)).map(({ id }) => nameOf(id)),
  'no splice happens twice': ({ splices, stage }) =>
    telling(splices, (splice) => {
      const effects = stage.memory.twins.has(splice.id) ? 0 : effectiveTxids(splice, stage).length
      return effects > 1 ? `${effects} transactions have its effect` : null
    }),
  'what is paid out was ordered': ({ stage }) =>
    payouts(stage.world)
      .filter(({ amountSats }) => !stage.memory.wishedSats.has(amountSats))
      .map(({ amountSats }) => `${amountSats} sat`),
  'the record claims no more than is true': ({ splices, stage }) =>
    telling(splices, (splice) => {
      const { deepestReorg, operated, twins } = stage.memory
      if (deepestReorg >= FINAL_DEPTH || operated.has(splice.id) || twins.has(splice.id)) return null
      return isTrue(splice, stage)
    }),
  'one splice of a channel submits': ({ splices }) => {
    const channels = Map.groupBy(splices.filter(isSubmitting), ({ channelId }) => channelId)
    return [...channels.values()]
      .filter((group) => group.length > 1)
      .map((group) => group.map(({ id }) => nameOf(id)).join(' and '))
  },
  'who submits holds the lease': ({ splices, leases, stage }) =>
    telling(splices, ({ id, state, channelId }) => {
      const holder = leases.get(channelId)?.holder ?? null
      if (stage.memory.tableRestored) return null
      return state !== 'submitted' || holder === id ? null : `the lease is ${holder ?? 'empty'}`
    }),
  'a transaction is of one splice': ({ splices, stage }) => {
    const claimed = splices
      .filter(({ id }) => !stage.memory.twins.has(id))
      .flatMap(({ id, candidates }) => candidates.map(({ txid }) => ({ id, txid })))
    return [...Map.groupBy(claimed, ({ txid }) => txid)].flatMap(([txid, owners]) =>
      owners.length > 1 ? [`${txid.slice(0, 6)}: ${owners.map(({ id }) => nameOf(id)).join(' and ')}`] : [],
    )
  },
  'a cancel that was answered is kept': ({ splices, stage }) =>
    telling(splices, ({ id, state, cancelRequestedAt, candidates }) =>
      // Of what was seen nothing is submitted again.
      stage.memory.cancelled.has(id) && cancelRequestedAt === null && candidates.length === 0 && !hasEnded(state)
        ? 'it is forgotten'
        : null,
    ),
  'the log has no gap': ({ log }) =>
    log
      .filter(({ sequence }, index) => sequence !== index + 1)
      .slice(0, 1)
      .map(({ sequence }) => `a gap before line ${sequence}`),
  'one outcome an epoch': ({ log }) => {
    const outcomes = log.filter(({ type }) => OUTCOMES.includes(type))
    const epochs = Map.groupBy(outcomes, ({ spliceId, epoch }) => `${nameOf(spliceId ?? '')} in epoch ${epoch}`)
    return [...epochs].flatMap(([name, lines]) =>
      new Set(lines.map(({ id }) => id)).size > 1 ? [`${name}: ${lines.map(({ type }) => type).join(', ')}`] : [],
    )
  },
  'one id is one event': ({ log }) =>
    [...Map.groupBy(log, ({ id }) => id)].flatMap(([id, lines]) =>
      new Set(lines.map(({ type, epoch }) => `${type} ${epoch}`)).size > 1 ? [`${id} says two things`] : [],
    ),
  'what is marked as told is in the log': ({ splices, log }) => {
    const told = new Set(log.map(({ id }) => id))
    return telling(splices, ({ id, publishedThrough }) => {
      const missing = Array.from({ length: publishedThrough }, (_, n) => n + 1).filter(
        (n) => !told.has(eventIdOf(id, n)),
      )
      return missing.length === 0 ? null : `events ${missing.join(', ')} are not in the log`
    })
  },
  'an end is corrected only for a cause': ({ log, stage }) => {
    const { deepestReorg, operated, twins, tableRestored } = stage.memory
    return log
      .filter(({ type }) => type === 'splice.corrected')
      .map(({ spliceId }) => spliceId ?? '')
      .filter((id) => !operated.has(id) && !twins.has(id))
      .filter(() => deepestReorg < FINAL_DEPTH && !tableRestored)
      .map(nameOf)
  },
}

/** What is wrong with an end: settled is one transaction with its effect, every other end none. null: true, or not ended. */
export function isTrue(splice: Splice, stage: Scene['stage']): string | null {
  if (!hasEnded(splice.state)) return null
  const txids = effectiveTxids(splice, stage)
  // An operator said that nothing will come, and then something came that nobody can attribute.
  const [txid] = txids
  const excused = splice.kind === 'splice_in' && splice.failure?.code === 'operator'
  if (excused && txid !== undefined && isHidden(splice, txid, stage.world)) return null
  const effects = txids.length
  return effects === (splice.state === 'settled' ? 1 : 0) ? null : `${splice.state}, but ${effects} effects`
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

/**
 * Something of it may still take effect, and no transaction of it was ever seen. What stands for unknown submissions in a record
 * out of a backup has no lease: several splices of a channel may have such.
 */
function isSubmitting(splice: Splice): boolean {
  if (hasEnded(splice.state) && splice.state !== 'cancelled') return false
  const living = splice.attempts.filter(({ id, notExecuted }) => notExecuted === null && !isStandIn(id))
  return living.length > 0 && splice.candidates.length === 0
}
