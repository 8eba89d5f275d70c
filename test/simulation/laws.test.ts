import { beforeAll, describe, expect, test } from 'vitest'
import type { LogEvent } from '../../core/ports.ts'
import type { Splice } from '../../core/splice.ts'
import { aBump, anAttempt } from '../core/builders.ts'
import { settledStage } from './calm.ts'
import { lawsOfRest } from './healing.ts'
import { brokenBy, laws, sceneOf } from './laws.ts'
import type { Scene } from './laws.ts'
import type { Stage } from './stage.ts'

let stage: Stage
let truth: Scene
let settled: Splice

beforeAll(async () => {
  ;({ stage, settled } = await settledStage())
  truth = await sceneOf(stage)
})

/** The scene with its splice changed. */
const bent = (change: Partial<Splice>): Scene => ({ ...truth, splices: [{ ...settled, ...change }] })
const effects = (scene: Scene, times: number): Scene => ({
  ...scene,
  journal: { ...truth.journal, entries: [], effectivePayouts: () => times },
})
const logged = (change: Partial<LogEvent>): Scene => ({
  ...truth,
  log: [...truth.log, { ...line(), sequence: truth.log.length + 1, id: 'evt_lie', ...change }],
})
function line(): LogEvent {
  const last = truth.log.at(-1)
  if (last === undefined) throw new Error('nothing was published')
  return last
}

test('the truth breaks no law', () => {
  expect([...brokenBy(truth), ...brokenBy(truth, lawsOfRest), ...stage.witness.violations]).toEqual([])
})

describe('after a step', () => {
  const alive = (): Partial<Splice> => ({ state: 'submitted', candidates: [], attempts: [anAttempt()] })
  const lies: Readonly<Record<string, () => Scene>> = {
    'no splice happens twice': () => effects(truth, 2),
    'the record claims no more than is true': () => effects(truth, 0),
    'one splice of a channel submits': () => ({
      ...truth,
      splices: [
        { ...settled, ...alive() },
        { ...settled, ...alive(), id: 'spl_other' },
      ],
    }),
    'who submits holds the slot': () => bent(alive()),
    'the log has no gap': () => logged({ sequence: truth.log.length + 2 }),
    'one outcome an epoch': () => logged({ type: 'splice.failed' }),
    'one id is one event': () => logged({ id: line().id, type: 'splice.failed' }),
    'an end is corrected only for a cause': () => logged({ type: 'splice.corrected' }),
  }

  test('each law has its lie', () => expect(Object.keys(lies)).toEqual(Object.keys(laws)))

  test.each(Object.entries(lies))('a lie is told apart: %s', (law, lie) => {
    expect(brokenBy(lie()).map((violation) => violation.law)).toContain(law)
  })
})

describe('at rest', () => {
  const lies: Readonly<Record<string, () => Scene>> = {
    'every splice comes to an end': () => bent({ state: 'pending' }),
    'an end is true in the end': () => effects(bent({ state: 'failed' }), 1),
    'every outcome is told': () => ({
      ...truth,
      log: truth.log.filter(({ type }) => type !== 'splice.settled'),
    }),
    'slots are empty or held by something live': () => ({
      ...truth,
      slots: new Map([[settled.channelId, { holder: settled.id, turn: 1, waiting: [], frozen: null }]]),
    }),
    'no fee bump stays open': () => bent({ bumps: [aBump()] }),
  }

  test('each law has its lie', () => expect(Object.keys(lies)).toEqual(Object.keys(lawsOfRest)))

  test.each(Object.entries(lies))('a lie is told apart: %s', (law, lie) => {
    expect(brokenBy(lie(), lawsOfRest).map((violation) => violation.law)).toContain(law)
  })
})
