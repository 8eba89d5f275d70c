import { describe, expect, test } from 'vitest'
import type { MemoryHooks } from '../../../adapters/store/memory.ts'
import { send, type Sending } from '../../../core/drive/send.ts'
import type { CommandResult, Splice } from '../../../core/splice/splice.ts'
import { aBench, type Bench } from '../../../harness/ports/bench.ts'
import { aBump, aBumpAttempt, aPendingSplice } from '../../../harness/records/bumps.ts'
import { anAttempt } from '../../../harness/records/attempts.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { NOW, policy } from '../../../harness/values.ts'

const attempt = aBumpAttempt({ startedAt: NOW, fenceAt: NOW + 120_000, result: null })
const journalled = (): Splice => aPendingSplice({ bumps: [aBump({ attempts: [attempt] })] })

/** Sends the journalled attempt of a bump; `calls` counts what reached the adapter. */
async function sending(
  bench: Bench,
  answer: () => CommandResult | Promise<CommandResult>,
  { splice = journalled(), ...more }: Partial<Sending> = {},
) {
  let calls = 0
  const jitters: number[] = []
  const after = await send(
    {
      splice: (await bench.store.load(splice.id)) ?? { ...splice, version: 1 },
      attempt,
      command: async () => {
        calls += 1
        return answer()
      },
      answered: (result, jitter) => {
        jitters.push(jitter)
        return { type: 'bump_answered', id: attempt.id, result, jitter }
      },
      ...more,
    },
    bench.ports,
    policy,
  )
  return { after, calls, jitters }
}

async function aBenchWith(splice: Splice | null, hooks: MemoryHooks = {}): Promise<Bench> {
  const bench = aBench({ hooks })
  if (splice !== null) await bench.store.create(splice)
  await bench.store.putItem('node', 'alice', aNodeSeen(), 0)
  return bench
}

const taken = (): CommandResult => ({ type: 'taken' })
const resultOf = (splice: Splice | null) => splice?.bumps[0]?.attempts[0]?.result ?? null

describe('what was journalled is sent', () => {
  test('once, and its answer is attached and saved', async () => {
    const bench = await aBenchWith(journalled())
    const { after, calls, jitters } = await sending(bench, taken)
    expect(calls).toBe(1)
    expect(jitters).toEqual([0])
    expect(resultOf(after)).toEqual({ type: 'taken', at: NOW })
    expect(resultOf(await bench.store.load(journalled().id))).toEqual({ type: 'taken', at: NOW })
  })

  test('the answer is dated when it came, not when it was asked for', async () => {
    const bench = await aBenchWith(journalled())
    const { after } = await sending(bench, () => {
      bench.now = NOW + 4_000
      return taken()
    })
    expect(resultOf(after)).toEqual({ type: 'taken', at: NOW + 4_000 })
  })

  test('the answer goes to what stands then, whoever was faster', async () => {
    const bench = await aBenchWith(journalled())
    const { after } = await sending(bench, async () => {
      const stored = await bench.store.load(journalled().id)
      if (stored === null) throw new Error('missing')
      await bench.store.save({ ...stored, metadata: { seen: 'meanwhile' } })
      return taken()
    })
    expect(after?.metadata).toEqual({ seen: 'meanwhile' })
    expect(resultOf(after)?.type).toBe('taken')
  })

  test('a splice that is gone is answered by nothing', async () => {
    expect((await sending(await aBenchWith(null), taken)).after).toBeNull()
  })

  test('one whose answer cannot be saved against all others throws, and the attempt stays unanswered', async () => {
    const bench = await aBenchWith(journalled(), {
      before: (operation) => (operation.type === 'put' && operation.condition !== 'absent' ? 'lost_race' : null),
    })
    await expect(sending(bench, taken)).rejects.toThrow('contended')
    expect(resultOf(await bench.store.load(journalled().id))).toBeNull()
  })
})

describe('what took too long to journal', () => {
  test.each([
    [10_000, 1, 'taken'],
    [10_001, 0, 'refused'],
    [60_000, 0, 'refused'],
  ])('%i ms: sent %i times', async (lateMs, expected, type) => {
    const bench = await aBenchWith(journalled())
    bench.now = NOW + lateMs
    const { after, calls } = await sending(bench, taken)
    expect(calls).toBe(expected)
    expect(resultOf(after)?.type).toBe(type)
  })

  test('is a refusal for now: it is dead, costs no attempt, and comes again', async () => {
    const bench = await aBenchWith(journalled())
    bench.now = NOW + 10_001
    const { after } = await sending(bench, taken)
    expect(after?.bumps[0]).toMatchObject({
      outcome: null,
      attempts: [{ notExecuted: { proof: 'refused' }, result: { class: 'not_now', message: /not sent/ } }],
    })
    expect(after?.bumps[0]?.nextAttemptAt).toBeGreaterThan(bench.now)
  })
})

describe('an adapter that fails', () => {
  test.each<[string, () => Promise<CommandResult>]>([
    ['rejects', () => Promise.reject(new Error('macaroon 0201036c6e64'))],
    [
      'throws',
      () => {
        throw new TypeError('macaroon 0201036c6e64')
      },
    ],
  ])('and %s leaves nothing known, and none of its words', async (_says, fails) => {
    const bench = await aBenchWith(journalled())
    const { after } = await sending(bench, taken, { command: fails })
    expect(resultOf(after)).toEqual({ type: 'unknown', message: 'the adapter failed', at: NOW })
    expect(after?.bumps[0]?.attempts[0]?.notExecuted).toBeNull()
    expect(JSON.stringify(after)).not.toContain('0201036c6e64')
  })
})

describe('a credential that the node refuses', () => {
  const config = (): CommandResult => ({ type: 'refused', class: 'config', message: 'permission denied' })

  test('pauses the node, with an alarm, after the answer was saved', async () => {
    const order: string[] = []
    const bench = await aBenchWith(journalled(), {
      after: (operation) => {
        if (operation.type === 'put') order.push(operation.row.pk.slice(0, 4))
      },
    })
    order.length = 0
    await sending(bench, config)
    expect(order).toEqual(['SPL#', 'NODE'])
    const node = await bench.store.item('node', 'alice')
    expect(node?.value.paused).toEqual({ at: NOW, message: 'permission denied' })
    expect(bench.alarms).toEqual(['node paused'])
  })

  test.each<[string, CommandResult]>([
    ['taken', { type: 'taken' }],
    ['unknown', { type: 'unknown', message: '' }],
    ['refused for now', { type: 'refused', class: 'not_now', message: '' }],
    ['refused as invalid', { type: 'refused', class: 'invalid', message: '' }],
  ])('and nothing else does: %s', async (_says, result) => {
    const bench = await aBenchWith(journalled())
    await sending(bench, () => result)
    expect((await bench.store.item('node', 'alice'))?.value.paused).toBeNull()
    expect(bench.alarms).toEqual([])
  })
})

test('an answer that comes a second time changes nothing, and pauses nothing', async () => {
  const answered = { ...attempt, result: { type: 'taken' as const, at: NOW } }
  const splice = aPendingSplice({ bumps: [aBump({ attempts: [answered] })] })
  const bench = await aBenchWith(splice)
  const refused: CommandResult = { type: 'refused', class: 'config', message: 'permission denied' }
  const { after } = await sending(bench, () => refused, { splice })
  expect(resultOf(after)).toEqual({ type: 'taken', at: NOW })
  expect((await bench.store.item('node', 'alice'))?.value.paused).toBeNull()
  expect(bench.alarms).toEqual([])
})

test('an attempt of a splice goes the same way as one of a bump', async () => {
  const own = anAttempt({ startedAt: NOW, result: null })
  const splice = aSubmittedSplice({ attempts: [own] })
  const bench = await aBenchWith(splice)
  const { after } = await sending(bench, taken, {
    splice,
    attempt: own,
    answered: (result, jitter) => ({
      type: 'attempt_answered',
      id: own.id,
      result,
      overlapGuard: true,
      jitter,
    }),
  })
  expect(after?.attempts[0]?.result).toEqual({ type: 'taken', at: NOW })
})

test('a step that was journalled already is not gone on with once somebody has found the attempt dead', async () => {
  const own = anAttempt({ startedAt: NOW, fenceAt: NOW + 120_000, result: null })
  const splice = aSubmittedSplice({ attempts: [own] })
  const bench = await aBenchWith(splice)
  const wentOn: boolean[] = []
  await sending(bench, taken, {
    splice,
    attempt: own,
    command: async (journal) => {
      wentOn.push(await journal({ name: 'splice_signed' }))
      const stored = await bench.store.load(splice.id)
      if (stored === null) throw new Error('it is stored')
      const notExecuted = { proof: 'process_restarted' as const, at: NOW }
      await bench.store.save({
        ...stored,
        attempts: stored.attempts.map((each) => ({ ...each, notExecuted })),
      })
      wentOn.push(await journal({ name: 'splice_signed' }))
      return { type: 'unknown', message: '' }
    },
    answered: (result, jitter) => ({
      type: 'attempt_answered',
      id: own.id,
      result,
      overlapGuard: true,
      jitter,
    }),
  })
  expect(wentOn).toEqual([true, false])
})
