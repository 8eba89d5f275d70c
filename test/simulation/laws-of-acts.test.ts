import { beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '../../simulator/world/world.ts'
import type { BumpRequest, SubmitRequest } from '../../core/ports/node.ts'
import type { Attempt, Splice } from '../../core/splice/splice.ts'
import { aBump } from '../../harness/records/bumps.ts'
import { anAttempt } from '../../harness/records/attempts.ts'
import { ADDRESS } from '../../harness/values.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { settledStage } from './calm.ts'
import { brokenByAct, namesOfActs, type Act } from './laws-of-acts.ts'
import { freshMemory } from './memory.ts'
import { CALM } from './profile.ts'
import type { Stage } from './stage.ts'

const OTHER = `${'9'.repeat(64)}:0`

let stage: Stage
let settled: Splice
let now: number

beforeAll(async () => {
  ;({ stage, settled } = await settledStage())
  now = stage.world.now()
})

/** A submission that is all right, of a splice that nobody has seen yet. */
function submission(change: Partial<Splice> = {}, asked: Partial<SubmitRequest> = {}): Act {
  const { funding, userChannelId, peerId } = stage.node.channel(settled.channelId)
  const request: SubmitRequest = {
    attemptId: 'now',
    channelId: settled.channelId,
    userChannelId,
    peerId,
    submittedOn: `${funding.txid}:${funding.vout}`,
    kind: 'splice_out',
    amountSats: 60_000,
    address: ADDRESS,
    feeRateSatPerKw: null,
    signedAt: now,
    maxFeeRateSatPerKw: null,
    maxFeeSats: null,
    ...asked,
  }
  const splice: Splice = {
    ...settled,
    state: 'submitted',
    amountSats: 60_000,
    candidates: [],
    attempts: [attempt('now', { startedAt: now, submittedOn: request.submittedOn })],
    ...change,
  }
  return { request, splice, now, stage: stageWith({}) }
}

/** A fee bump that is all right, of a splice that waits. */
function bumping(change: Partial<Splice> = {}, asked: Partial<BumpRequest> = {}): Act {
  const { request, splice, ...act } = submission({
    attempts: [],
    bumps: [aBump({ attempts: [attempt('now')] })],
    ...change,
  })
  return { ...act, splice, request: { ...request, txid: 'f'.repeat(64), feeRateSatPerKw: null, ...asked } }
}

const attempt = (id: string, change: Partial<Attempt> = {}): Attempt => anAttempt({ id, result: null, ...change })

/** An attempt that may live, and whose fence passed so long ago. */
const earlier = (id: string, agoMs: number, change: Partial<Attempt> = {}): Attempt =>
  attempt(id, { startedAt: now - 2 * MINUTE - agoMs, notExecuted: null, ...change })

function stageWith(change: Partial<Act['stage']>): Act['stage'] {
  const lease = { holder: settled.id, queue: [], frozen: null }
  return {
    world: stage.world,
    node: stage.node,
    memory: { ...freshMemory(), lookedAt: now, connected: new Set([settled.channelId]) },
    profile: CALM,
    views: stage.views,
    witness: { lease: () => lease, isPaused: () => false, isGuarded: true },
    ...change,
  }
}

const witnessed = (change: Partial<Act['stage']['witness']>): Pick<Act, 'stage'> => ({
  stage: stageWith({ witness: { ...stageWith({}).witness, ...change } }),
})

const profiled = (change: Partial<Act['stage']['profile']>): Pick<Act, 'stage'> => ({
  stage: stageWith({ profile: { ...CALM, ...change } }),
})

describe('a command', () => {
  const waiting = (agoMs: number): Partial<Splice> => ({
    attempts: [
      attempt('now', { submittedOn: submittedOn() }),
      earlier('before', agoMs, { submittedOn: submittedOn() }),
    ],
  })
  const submittedOn = (): string => submission().request.submittedOn
  const lies: Readonly<Record<string, () => Act>> = {
    'journal, then act': () => submission({ attempts: [attempt('now', { result: { type: 'taken', at: now } })] }),
    'a command is sent at once': () => submission({}, { signedAt: now - 10_001 }),
    'no command before a restored table is guarded': () => ({
      ...submission(),
      ...witnessed({ isGuarded: false }),
    }),
    'no command on a channel that closes': () => ({ ...submission(), stage: stageWith({ node: closing() }) }),
    'a command goes out with the lease, on a channel that is not frozen': () => ({
      ...submission(),
      ...witnessed({ lease: () => null }),
    }),
    'a command follows a look': () => ({
      ...submission(),
      stage: stageWith({ memory: { ...freshMemory(), lookedAt: now - 80_001 } }),
    }),
    'a paused node gets no command': () => ({ ...submission(), ...witnessed({ isPaused: () => true }) }),
    'no earlier request is on its way': () => submission(waiting(-1)),
    'quiet after a request that may live': () => submission(waiting(3 * MINUTE - 1)),
    'no second request on a channel that locks fast': () => ({
      ...submission(waiting(3 * MINUTE)),
      stage: stageWith({ node: zeroConf() }),
    }),
    'no third request without the guard': () => ({
      ...submission({
        attempts: [attempt('now'), earlier('first', 3 * MINUTE), earlier('second', 3 * MINUTE)],
      }),
      ...profiled({ overlapGuard: false }),
    }),
    'all requests that may live compete': () =>
      submission({ attempts: [attempt('now'), earlier('before', 3 * MINUTE, { submittedOn: OTHER })] }),
    'the funding outpoint is unspent': () => submission({}, { submittedOn: settled.fundingHistory[0] ?? '' }),
    'the funding outpoint is the funding of the channel': () => submission({}, { submittedOn: OTHER }),
    'the funding outpoint is in the chain': () => submission({}, { submittedOn: OTHER }),
    'no submission by an old view of the chain': () => ({
      ...submission(),
      stage: stageWith({ views: [{ down: false, blind: false, lagBlocks: 2 }, stage.views[1]] }),
    }),
    'the worst fee is under the ceiling': () => submission({}, { maxFeeRateSatPerKw: 1_499 }),
    'nothing of it is signed': () => ({ ...submission(), stage: stageWith({ node: signed() }) }),
    'it was not done before': () => submission({ amountSats: 50_000 }, { amountSats: 50_000 }),
    'what is asked for is what was ordered': () => submission({}, { amountSats: 60_001 }),
    'no submission once a transaction was seen': () => submission({ candidates: settled.candidates }),
    'no earlier bump is on its way': () =>
      bumping({ bumps: [aBump({ attempts: [attempt('now'), earlier('before', -1)] })] }),
    'quiet between the tries of a bump': () =>
      bumping({ bumps: [aBump({ attempts: [attempt('now'), earlier('before', 3 * MINUTE - 1)] })] }),
    'no bump where the channel has moved already': () => ({
      ...bumping(),
      stage: stageWith({ node: zeroConf() }),
    }),
    'only what waits is bumped': () => bumping({ candidates: settled.candidates }),
    'only with the guard, and only a splice-out': () => bumping({ kind: 'splice_in' }),
  }

  test('each law has its lie', () => expect(Object.keys(lies).toSorted()).toEqual(namesOfActs.toSorted()))

  test('the truth breaks no law', () => {
    const twice = submission({
      attempts: [
        attempt('now', { submittedOn: submittedOn() }),
        earlier('before', 3 * MINUTE, { submittedOn: submittedOn() }),
      ],
    })
    expect([submission(), bumping(), twice].flatMap(brokenByAct)).toEqual([])
  })

  test.each(Object.entries(lies))('a lie is told apart: %s', (law, lie) => {
    expect(brokenByAct(lie()).map((violation) => violation.law)).toContain(law)
  })

  test('a command of no splice is told', () => {
    expect(brokenByAct({ ...submission(), splice: null }).map(({ law }) => law)).toEqual(['journal, then act'])
  })

  test('what a clock gets wrong is allowed for', () => {
    const functions = { ...CALM.functions, skewMs: 20_000 }
    expect(brokenByAct({ ...submission(waiting(3 * MINUTE - 40_000)), ...profiled({ functions }) })).toEqual([])
  })

  /** The node, with its channels as somebody would like them to be. */
  const nodeWith = (change: Partial<Channel>): Act['stage']['node'] => ({
    channel: (channelId) => ({ ...stage.node.channel(channelId), ...change }),
  })
  const closing = (): Act['stage']['node'] => nodeWith({ status: 'shutting_down' })
  const zeroConf = (): Act['stage']['node'] => nodeWith({ lockDepth: 0 })
  const signed = (): Act['stage']['node'] => {
    const { funding } = stage.node.channel(settled.channelId)
    const ours = {
      id: 'ours',
      kind: 'splice_out' as const,
      amountSats: 60_000,
      script: null,
      coins: [],
      changeScript: null,
      feeRateSatPerKw: 1_000,
      maxFeeRateSatPerKw: 1_500,
    }
    const figures = { feeRateSatPerKw: 1_000, oursNetSats: -61_000, oursFeeSats: 1_000, theirsNetSats: 0 }
    return nodeWith({ candidates: [{ funding, initiator: 'us', ours, theirs: null, ...figures }] })
  }
})
