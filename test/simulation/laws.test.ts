import { beforeAll, describe, expect, test } from 'vitest'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { LogEvent } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aBump } from '../../harness/records/bumps.ts'
import { anAttempt } from '../../harness/records/attempts.ts'
import { ADDRESS } from '../../harness/values.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { settledStage } from './calm.ts'
import { queueOf } from '../../harness/records/queue.ts'
import { lawsOfCalm, lawsOfRest } from './laws-of-rest.ts'
import { brokenBy, laws, sceneOf, type Scene } from './laws.ts'
import type { Memory } from './memory.ts'
import { CALM, type Theme } from './profile.ts'
import { Stage } from './stage.ts'

let stage: Stage
let truth: Scene
let settled: Splice

beforeAll(async () => {
  ;({ stage, settled } = await settledStage())
  truth = await sceneOf(stage)
})

/** The scene with its splice changed. */
const bent = (change: Partial<Splice>): Scene => ({ ...truth, splices: [{ ...settled, ...change }] })
/** The scene with what the judge remembers, or the theme, changed. */
const remembered = (memory: Partial<Memory>, theme: Theme = 'everything'): Scene['stage'] => ({
  world: stage.world,
  node: stage.node,
  memory: { ...stage.memory, ...memory },
  profile: { ...stage.profile, theme },
})
/** Another world, in which somebody does the same splice once more by hand, on another channel. */
async function doneTwice(amountSats: number): Promise<Scene> {
  const other = await settledStage()
  const [, second] = other.stage.node.channels()
  if (second === undefined) throw new Error('there is no second channel')
  await other.stage.node.rpc.spliceOut(
    {
      userChannelId: second.userChannelId,
      counterpartyNodeId: second.peerId,
      amountSats,
      address: ADDRESS,
    },
    other.stage.keeper.ports.call(),
  )
  other.stage.world.advance(10_000)
  return sceneOf(other.stage)
}
const slotOf = (change: Partial<ChannelLease>): Scene['leases'] =>
  new Map([[settled.channelId, { holder: null, queue: [], frozen: null, ...change }]])
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
  expect([
    ...brokenBy(truth),
    ...brokenBy(truth, lawsOfCalm),
    ...brokenBy(truth, lawsOfRest),
    ...stage.witness.violations,
  ]).toEqual([])
})

type Lies = Readonly<Record<string, () => Scene | Promise<Scene>>>

describe('after a step', () => {
  const alive = (): Partial<Splice> => ({ state: 'submitted', candidates: [], attempts: [anAttempt()] })
  const lies: Lies = {
    'an accepted splice is never lost': () => ({ ...truth, splices: [] }),
    'no splice happens twice': () => doneTwice(50_000),
    'what is paid out was ordered': () => doneTwice(49_999),
    'the record claims no more than is true': () => bent({ amountSats: 40_000 }),
    'one splice of a channel submits': () => ({
      ...truth,
      splices: [
        { ...settled, ...alive() },
        { ...settled, ...alive(), id: 'spl_other' },
      ],
    }),
    'who submits holds the lease': () => bent(alive()),
    'a transaction is of one splice': () => ({
      ...truth,
      splices: [settled, { ...settled, id: 'spl_other' }],
    }),
    'a cancel that was answered is kept': () => ({
      ...bent({ state: 'queued', candidates: [] }),
      stage: remembered({ cancelled: new Set([settled.id]) }),
    }),
    'the log has no gap': () => logged({ sequence: truth.log.length + 2 }),
    'one outcome an epoch': () => logged({ type: 'splice.failed' }),
    'one id is one event': () => logged({ id: line().id, type: 'splice.failed' }),
    'what is marked as told is in the log': () => bent({ publishedThrough: settled.eventSerial + 1 }),
    'an end is corrected only for a cause': () => logged({ type: 'splice.corrected' }),
  }

  test('each law has its lie', () => expect(Object.keys(lies).toSorted()).toEqual(Object.keys(laws).toSorted()))

  test.each(Object.entries(lies))('a lie is told apart: %s', async (law, lie) => {
    expect(brokenBy(await lie()).map((violation) => violation.law)).toContain(law)
  })
})

describe('when all can be seen', () => {
  const lies: Lies = {
    'what is told to be in a block is in one': () => bent({ state: 'confirmed', candidates: [] }),
    'what waits and left the mempool is sent again': async () => evicted(),
    'what was journalled was sent, and its answer is kept': () => bent({ attempts: [anAttempt({ id: 'not sent' })] }),
    'a channel is frozen as long as there is a cause': () => bent({ epoch: 1, state: 'pending' }),
    'what is in a block is told to be': () => bent({ state: 'pending' }),
  }

  test('each law has its lie', () => expect(Object.keys(lies).toSorted()).toEqual(Object.keys(lawsOfCalm).toSorted()))

  test.each(Object.entries(lies))('a lie is told apart: %s', async (law, lie) => {
    expect(brokenBy(await lie(), lawsOfCalm).map((violation) => violation.law)).toContain(law)
  })
})

/** A candidate that left the mempool, which would take it again. */
async function evicted(change: Partial<Splice> = {}): Promise<Scene> {
  const other = new Stage('evicted', CALM)
  await other.start()
  const { keeper, world } = other
  const request = {
    channel: keeper.channelId,
    kind: 'splice_out',
    amountSats: 50_000,
    address: ADDRESS,
  } as const
  await other.order({ key: 'order-1', request })
  await keeper.run(MINUTE)
  for (const { txid } of world.chain.mempool()) world.evict(txid)
  const scene = await sceneOf(other)
  return { ...scene, splices: scene.splices.map((splice) => ({ ...splice, ...change })) }
}

describe('at rest', () => {
  const unseen = { code: 'unseen', message: '' }
  const lies: Lies = {
    'every splice comes to an end': () => bent({ state: 'pending' }),
    'an end is true in the end': () => bent({ state: 'failed' }),
    'attention is not asked for what is proven': () => bent({ state: 'needs_attention', attention: unseen }),
    'what was seen and is still valid is sent again': async () => evicted({ attention: unseen }),
    'a patient splice settles': () => ({ ...bent({ state: 'failed' }), stage: remembered({}, 'patient') }),
    'a freeze ends with the reorg that it was for': () => ({
      ...truth,
      leases: slotOf({ frozen: { cause: 'a settled splice was reorganised out', at: 1, note: '' } }),
    }),
    'a queue names live splices only, and a holder that is live': () => ({
      ...truth,
      leases: slotOf({ queue: queueOf(settled.id) }),
    }),
    'what was paid out is what settled': () => bent({ state: 'failed' }),
    'the payment is the transaction': () =>
      bent({ candidates: settled.candidates.map((candidate) => ({ ...candidate, feeSats: 1 })) }),
    'every outcome is told': () => ({
      ...truth,
      log: truth.log.filter(({ type }) => type !== 'splice.settled'),
    }),
    'leases are empty or held by something live': () => ({
      ...truth,
      leases: slotOf({ holder: settled.id }),
    }),
    'no fee bump stays open': () => bent({ bumps: [aBump()] }),
  }

  test('each law has its lie', () => expect(Object.keys(lies).toSorted()).toEqual(Object.keys(lawsOfRest).toSorted()))

  test.each(Object.entries(lies))('a lie is told apart: %s', async (law, lie) => {
    expect(brokenBy(await lie(), lawsOfRest).map((violation) => violation.law)).toContain(law)
  })
})
