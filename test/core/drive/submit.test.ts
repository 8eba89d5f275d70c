import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import type { ChannelLease } from '../../../core/ports/records.ts'
import type { SubmitRequest } from '../../../core/ports/node.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import type { NodePort } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import { freeLease } from '../../../core/drive/lease.ts'
import type { CommandResult, Splice } from '../../../core/splice/splice.ts'
import { submit, type Submitted } from '../../../core/drive/submit.ts'
import { aSpliceId, FUNDING, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../../harness/ports/bench.ts'
import { aChannel, aLook, capabilities } from '../../../harness/looks/node.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { anAttempt, taken } from '../../../harness/records/attempts.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aQueueEntry, queueOf } from '../../../harness/records/queue.ts'

const CHANNEL = aLiveSplice().channelId
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'

type Given = {
  readonly splice?: Splice
  readonly observation?: Partial<Observation>
  readonly answer?: CommandResult
  readonly port?: Partial<NodePort>
  readonly hooks?: (bench: () => Bench) => MemoryHooks
  readonly lease?: Partial<ChannelLease>
  readonly others?: readonly Splice[]
}

type World = {
  readonly bench: Bench
  readonly requests: SubmitRequest[]
  readonly came: Submitted
  readonly splice: Splice
  readonly lease: ChannelLease | null
  /** Ids of attempts that stood in the table when the node was asked. */
  readonly journalled: readonly string[]
}

async function submitted(given: Given = {}): Promise<World> {
  const requests: SubmitRequest[] = []
  const journalled: string[] = []
  const port: NodePort = {
    ...fakeNode(() => ok(aLook())),
    submit: async (request) => {
      requests.push(request)
      journalled.push(...((await bench.store.load(splice.id))?.attempts.map(({ id }) => id) ?? []))
      return given.answer ?? { type: 'taken' }
    },
    ...given.port,
  }
  const hooks = given.hooks?.(() => bench) ?? {}
  const bench: Bench = aBench({ nodes: [aConfiguredNode({ port })], hooks })
  const splice = (await bench.store.create(given.splice ?? aLiveSplice())).splice
  for (const other of given.others ?? []) await bench.store.create(other)
  await bench.store.putItem('node', 'alice', aNodeSeen(), 0)
  if (given.lease) await bench.store.putItem('lease', CHANNEL, { ...freeLease, ...given.lease }, 0)
  const came = await submit({ stored: splice, splice }, anObservation(given.observation), bench.ports, policy)
  const stored = await bench.store.load(splice.id)
  if (stored === null) throw new Error('the splice is lost')
  const lease = (await bench.store.item('lease', CHANNEL))?.value ?? null
  return { bench, requests, came, splice: stored, lease, journalled }
}

/** Nothing was sent, and nothing was journalled. */
function expectNothingSent({ requests, splice }: World): void {
  expect(requests).toEqual([])
  expect(splice.attempts).toEqual([])
  expect(splice.state).toBe('queued')
}

const isSave = (operation: Operation, text: string): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith('SPL#') && JSON.stringify(operation.row.body).includes(text)

describe('a submission', () => {
  test('takes the lease, journals the attempt, and then asks the node for all that was ordered', async () => {
    const budget = { ...aLiveSplice().budget, maxFeeRateSatPerKw: 9_000, maxFeeSats: 8_000 }
    const waitingFor = { code: 'lease', message: '' }
    const ordered = aLiveSplice({ userChannelId: 'user-1', budget, waitingFor })
    const { came, splice, lease, requests, journalled } = await submitted({ splice: ordered })
    expect(came).toBe('submitted')
    expect(lease).toMatchObject({ holder: splice.id })
    const [attempt] = splice.attempts
    expect(splice).toMatchObject({
      state: 'submitted',
      submittedOn: FUNDING,
      leaseHeld: true,
      waitingFor: null,
    })
    expect(splice.baseline).toEqual({ claimableSats: 0, reservedSats: 0 })
    expect(attempt).toMatchObject({
      submittedOn: FUNDING,
      startedAt: NOW,
      fenceAt: NOW + 120_000,
      result: { type: 'taken', at: NOW },
    })
    expect(journalled).toEqual([attempt?.id])
    expect(requests).toEqual([
      {
        attemptId: attempt?.id,
        channelId: CHANNEL,
        userChannelId: 'user-1',
        peerId: splice.peerId,
        submittedOn: FUNDING,
        kind: 'splice_out',
        amountSats: 50_000,
        address: ADDRESS,
        feeRateSatPerKw: 1_000,
        signedAt: NOW,
        maxFeeRateSatPerKw: 9_000,
        maxFeeSats: 8_000,
      },
    ])
  })

  test.each<[string, boolean, string | null]>([
    ['with the overlap guard proves the earlier one dead', true, 'overlap_guard'],
    ['without it proves nothing', false, null],
  ])('that is taken by a node %s', async (_says, overlapGuard, rule) => {
    const { splice } = await submitted({
      splice: aSubmittedSplice(),
      observation: { node: aLook({ capabilities: capabilities({ overlapGuard }) }) },
    })
    expect(splice.attempts.map(({ notExecuted }) => notExecuted?.proof ?? null)).toEqual([rule, null])
  })

  test('that is refused for now gives the lease to the next one, and backs off', async () => {
    const next = aSpliceId(2)
    const { came, splice, lease, bench } = await submitted({
      answer: { type: 'refused', class: 'not_now', message: 'busy' },
      lease: { queue: queueOf(aLiveSplice().id, next) },
      others: [aLiveSplice({ id: next })],
    })
    expect(came).toBe('submitted')
    expect(splice.state).toBe('queued')
    expect(lease).toMatchObject({ holder: null, queue: [{ passes: true }, { id: next, passes: false }] })
    expect(bench.hints).toEqual([next, splice.id])
    // It asks to be woken when it has waited long enough.
    expect(bench.hintDelaysMs).toEqual([0, (splice.nextAttemptAt ?? 0) - NOW])
    expect(splice.nextAttemptAt).toBeGreaterThan(NOW)
  })

  test.each<CommandResult>([{ type: 'taken' }, { type: 'unknown', message: 'timed out' }])(
    'that was answered $type keeps the lease',
    async (answer) => {
      const { splice, lease, bench } = await submitted({ answer })
      expect(bench.hints).toEqual([])
      expect(splice.attempts[0]?.result?.type).toBe(answer.type)
      expect(lease?.holder).toBe(splice.id)
    },
  )
})

describe('nothing is sent', () => {
  test.each<[string, Given]>([
    ['without a look at the node', { observation: { node: null } }],
    ['without its channel', { observation: { channel: null } }],
    ['to a node that is not configured', { splice: aLiveSplice({ node: 'bob' }) }],
  ])('%s, and the line is not entered', async (_says, given) => {
    const world = await submitted(given)
    expectNothingSent(world)
    expect(world.came).toBe('idle')
    expect(world.lease).toBeNull()
  })

  test.each([1, null])('from a table that was restored and not confirmed (generation %s)', async (stored) => {
    const world = await submitted({ observation: { generation: { configured: 0, stored } } })
    expectNothingSent(world)
    expect(world.came).toBe('idle')
    expect(world.splice.waitingFor?.code).toBe('generation')
    expect(world.lease).toBeNull()
  })

  const other = aLiveSplice({ id: aSpliceId(2), state: 'submitted', attempts: [anAttempt()] })
  const full = Array.from({ length: 120 }, (_unused, n) => aQueueEntry({ id: aSpliceId(n + 2), amountSats: n + 1 }))
  test.each<[string, Given, string]>([
    ['another splice has the channel', { lease: { holder: other.id }, others: [other] }, 'channel_queue'],
    [
      'its queue has no room',
      {
        lease: { holder: other.id, queue: full.map((entry) => ({ ...entry, enteredAt: NOW })) },
        others: [other],
      },
      'channel_queue_full',
    ],
    ['it is frozen', { lease: { frozen: { cause: 'x', at: 1, note: '' } } }, 'frozen'],
  ])('while %s, and the record says so', async (_says, given, code) => {
    const world = await submitted(given)
    expectNothingSent(world)
    expect(world.came).toBe('idle')
    expect(world.splice.waitingFor?.code).toBe(code)
  })

  test('while another writer is faster to say what it waits for', async () => {
    const world = await submitted({
      lease: { frozen: { cause: 'x', at: 1, note: '' } },
      hooks: () => ({ before: (operation) => (isSave(operation, 'frozen') ? 'lost_race' : null) }),
    })
    expectNothingSent(world)
    expect(world.came).toBe('busy')
  })

  test.each([
    [10_000, 1],
    [10_001, 0],
  ])('on what was seen %i ms ago: sent %i times, else looked at again', async (slowMs, sends) => {
    const world = await submitted({
      hooks: (bench) => ({
        after: (operation) => {
          if (operation.type === 'put' && operation.row.pk.startsWith('LEASE#') && bench().now === NOW)
            bench().now = NOW + slowMs
        },
      }),
    })
    expect(world.requests).toHaveLength(sends)
    expect(world.splice.attempts).toHaveLength(sends)
    expect(world.came).toBe(sends === 1 ? 'submitted' : 'idle')
    expect(world.bench.hints).toEqual(sends === 1 ? [] : [world.splice.id])
  })

  test('when the attempt could not be journalled: somebody was faster', async () => {
    const world = await submitted({
      hooks: () => ({ before: (operation) => (isSave(operation, 'attempt 1') ? 'lost_race' : null) }),
    })
    expectNothingSent(world)
    expect(world.came).toBe('busy')
  })

  test('on a channel whose funding the node does not name', async () => {
    const world = await submitted({ observation: { channel: aChannel({ funding: null }) } })
    expectNothingSent(world)
    expect(world.came).toBe('busy')
  })
})

describe('a splice-out without an address', () => {
  const unaddressed = aLiveSplice({ address: null, script: null })
  const asking = (answer: Awaited<ReturnType<NodePort['newAddress']>>) => {
    let asked = 0
    const port = {
      newAddress: async () => {
        asked += 1
        return answer
      },
    }
    return { port, asked: () => asked }
  }

  test('asks the node for one and journals it, so that every attempt pays the same script', async () => {
    const { port, asked } = asking(ok(ADDRESS))
    const { splice, requests } = await submitted({ splice: unaddressed, port })
    expect(asked()).toBe(1)
    expect(splice).toMatchObject({ address: ADDRESS, script: SCRIPT, state: 'submitted' })
    expect(requests).toMatchObject([{ address: ADDRESS }])
  })

  test.each<[string, Splice]>([
    ['one that has an address', aLiveSplice()],
    ['a splice-in', aLiveSplice({ kind: 'splice_in', address: null, script: null })],
  ])('%s asks for none', async (_says, splice) => {
    const { port, asked } = asking(ok(ADDRESS))
    expect((await submitted({ splice, port })).came).toBe('submitted')
    expect(asked()).toBe(0)
  })

  const fault = { class: 'unreachable', message: '' } as const
  test.each<[string, Awaited<ReturnType<NodePort['newAddress']>>]>([
    ['gives none', err(fault)],
    ['gives one of another network', ok('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')],
    ['gives what is none', ok('x')],
  ])('waits where the node %s', async (_says, answer) => {
    const world = await submitted({ splice: unaddressed, port: asking(answer).port })
    expectNothingSent(world)
    expect(world.came).toBe('busy')
    expect(world.splice).toMatchObject({ address: null, script: null })
  })

  test('is not sent when somebody else was faster to write it down', async () => {
    const world = await submitted({
      splice: unaddressed,
      port: asking(ok(ADDRESS)).port,
      hooks: () => ({ before: (operation) => (isSave(operation, SCRIPT) ? 'lost_race' : null) }),
    })
    expectNothingSent(world)
    expect(world.came).toBe('busy')
  })
})

test('a second attempt is is asked for on the same funding outpoint, and the answer to the first stays its own', async () => {
  const first = aSubmittedSplice({ attempts: [anAttempt({ result: taken() })] })
  const { splice, requests } = await submitted({ splice: first, lease: { holder: first.id } })
  expect(requests).toMatchObject([{ submittedOn: FUNDING }])
  expect(splice.attempts.map(({ number }) => number)).toEqual([1, 2])
  expect(splice.attempts[0]?.result).toEqual(taken())
})
