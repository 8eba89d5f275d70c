import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../../adapters/store/memory.ts'
import { announcedTxids, wasStepped } from '../../../core/splice/attempt-steps.ts'
import { nonExecutionProofOf } from '../../../core/splice/non-execution.ts'
import type { CommandAnswer, Journal } from '../../../core/ports/ports.ts'
import { send } from '../../../core/drive/send.ts'
import { SpliceState, type Attempt, type Splice } from '../../../core/splice/splice.ts'
import { step } from '../../../core/splice/step.ts'
import { aTxid, NOW, policy } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, type Bench } from '../../../harness/ports/bench.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST } from '../../../harness/records/bumps.ts'
import { anAttempt, taken } from '../../../harness/records/attempts.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aVerdict } from '../../../harness/verdicts.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'

const context = { now: NOW, policy }
const running = (more: Partial<Attempt> = {}): Attempt =>
  anAttempt({ startedAt: NOW - 1_000, fenceAt: NOW + 119_000, result: null, ...more })
const aRunningSplice = (more: Partial<Splice> = {}, attempt: Partial<Attempt> = {}): Splice =>
  aSubmittedSplice({ attempts: [running(attempt)], ...more })
const stepped = (splice: Splice, name = 'splice_init', txid?: string, id = 'attempt-1', now = NOW) =>
  step(splice, { type: 'attempt_stepped', id, name, ...(txid === undefined ? {} : { txid }) }, { now, policy })
const isIgnored = (result: ReturnType<typeof stepped>) => result.actions.some(({ type }) => type === 'ignored')

describe('a step is journalled', () => {
  test('with its name, its time and its txid, and nothing else changes', () => {
    const splice = aRunningSplice()
    const after = stepped(splice, 'splice_signed', aTxid('7'))
    expect(after.actions).toEqual([])
    expect(after.splice.attempts[0]?.steps).toEqual([{ name: 'splice_signed', at: NOW, txid: aTxid('7') }])
    expect({ ...after.splice, attempts: splice.attempts }).toEqual(splice)
  })

  test('once, however often it is written', () => {
    const once = stepped(aRunningSplice(), 'splice_signed', aTxid('7')).splice
    const again = stepped(once, 'splice_signed', aTxid('7'), 'attempt-1', NOW + 1)
    expect(again).toEqual({ splice: once, actions: [] })
  })

  test('in the attempt that makes it, and in no other', () => {
    const second = running({ number: 2 })
    const after = stepped(aRunningSplice({ attempts: [running(), second] }), 'splice_init', undefined, second.id)
    expect(after.splice.attempts.map(({ id, steps }) => [id, steps.length])).toEqual([
      ['attempt-1', 0],
      ['attempt-2', 1],
    ])
  })

  test('as the fourth, when three stand', () => {
    const three = Array.from({ length: 3 }, (_, n) => ({ name: `${n}`, at: NOW - 1 }))
    const { splice } = stepped(aRunningSplice({}, { steps: three }))
    expect(splice.attempts[0]?.steps).toEqual([...three, { name: 'splice_init', at: NOW }])
  })

  test('at any time where the node offers no fence', () => {
    const { splice } = stepped(aRunningSplice({}, { fenceAt: null }))
    expect(splice.attempts[0]?.steps).toHaveLength(1)
  })

  test('in place of an earlier one of its name: that call was answered, and its transaction is void', () => {
    const once = stepped(aRunningSplice(), 'splice_update', aTxid('7')).splice
    const twice = stepped(once, 'splice_update', aTxid('8')).splice
    expect(twice.attempts[0]?.steps).toEqual([{ name: 'splice_update', at: NOW, txid: aTxid('8') }])
  })

  test('and only the last is kept once the attempt is answered', () => {
    const names = ['splice_init', 'splice_update_secured', 'splice_signed']
    const steps = names.map((name) => ({ name, at: NOW, txid: aTxid('7') }))
    const result = { type: 'unknown' as const, message: '' }
    const event = {
      type: 'attempt_answered' as const,
      id: 'attempt-1',
      result,
      overlapGuard: false,
      jitter: 0,
    }
    const answered = step(aRunningSplice({}, { steps }), event, context).splice
    expect(answered.attempts[0]?.steps).toEqual(steps.slice(2))
  })

  test('of an open bump while its splice is pending', () => {
    const attempt = aBumpAttempt({ startedAt: NOW, fenceAt: NOW + 1, result: null })
    const splice = aPendingSplice({ bumps: [aBump({ attempts: [attempt] })] })
    const { bumps } = stepped(splice, 'splice_init', undefined, attempt.id).splice
    expect(bumps[0]?.attempts[0]?.steps).toStrictEqual([{ name: 'splice_init', at: NOW }])
  })

  test('of an open bump although a cancel was asked for, too late, before its candidate was seen', () => {
    const attempt = aBumpAttempt({ startedAt: NOW, fenceAt: NOW + 1, result: null })
    const splice = aPendingSplice({ cancelRequestedAt: NOW - 1, bumps: [aBump({ attempts: [attempt] })] })
    const { bumps } = stepped(splice, 'splice_init', undefined, attempt.id).splice
    expect(bumps[0]?.attempts[0]?.steps).toHaveLength(1)
  })
})

describe('no step is journalled, and so no call may follow', () => {
  const notExecuted = { proof: 'operator' as const, at: NOW }
  const cases: readonly (readonly [string, Splice])[] = [
    ['of an attempt that nobody knows', aSubmittedSplice({ attempts: [] })],
    ['of one that is answered', aRunningSplice({}, { result: taken() })],
    ['of one that is proven dead', aRunningSplice({}, { notExecuted })],
    ['of one whose fence has passed', aRunningSplice({}, { fenceAt: NOW })],
    ['after a cancel', aRunningSplice({ cancelRequestedAt: NOW - 1 })],
    ['of a splice whose candidate was seen', aPendingSplice({ attempts: [running()] })],
    ['of a bump that has ended', aPendingSplice({ bumps: [anEndedBump('done', { attempts: [running()] })] })],
    ['after four', aRunningSplice({}, { steps: Array.from({ length: 4 }, (_, n) => ({ name: `${n}`, at: NOW })) })],
  ]
  test.each(cases)('%s', (_says, splice) => {
    const after = stepped(splice)
    expect(isIgnored(after)).toBe(true)
    expect(after.splice).toEqual(splice)
  })

  test('in any state but submitted and pending', () => {
    const open = SpliceState.options.filter((state) => !isIgnored(stepped(aRunningSplice({ state }))))
    expect(open).toEqual(['submitted'])
  })
})

describe('whoever proves an attempt dead and whoever steps it cannot both win', () => {
  const facts = (attempt: Attempt) => ({
    splice: aSubmittedSplice({ attempts: [attempt], quietSince: NOW - 1 }),
    attempt,
    verdict: aVerdict(),
    quietAbsenceMs: null,
    now: NOW,
    policy,
  })
  const rules = ['no_return_not_reached'] as const

  test.each([
    ['no step', [], true],
    ['the steps before the last one', ['splice_init', 'splice_update'], true],
    ['the update that secures a splice-out', ['splice_init', 'splice_update_secured'], false],
    ['the signatures of a splice-in', ['splice_init', 'splice_update', 'splice_signed'], false],
  ])('with %s in its journal, past its fence', (_says, names, expected) => {
    const steps = names.map((name) => ({ name, at: NOW - 10 }))
    const attempt = anAttempt({ fenceAt: NOW - 1, result: null, steps })
    expect(nonExecutionProofOf(facts(attempt), rules)).toBe(expected ? 'no_return_not_reached' : null)
    // Dead by this rule: no further step is taken, whatever the process that runs the attempt still wants.
    if (expected) expect(isIgnored(stepped(aSubmittedSplice({ attempts: [attempt] }), 'splice_signed'))).toBe(true)
  })

  test('before its fence it is not dead', () => {
    expect(nonExecutionProofOf(facts(anAttempt({ fenceAt: NOW + 1, result: null })), rules)).toBeNull()
  })
})

describe('what attempts announced is known', () => {
  const splice = aPendingSplice({
    attempts: [
      anAttempt({ steps: [{ name: 'splice_signed', at: NOW, txid: aTxid('1') }] }),
      anAttempt({ number: 2, result: { type: 'taken', txid: aTxid('2'), at: NOW } }),
    ],
    bumps: [aBump({ attempts: [aBumpAttempt({ steps: [{ name: 'splice_update', at: NOW, txid: aTxid('3') }] })] })],
  })

  test('of steps, of answers and of bumps', () => {
    expect([...announcedTxids(splice)].toSorted()).toEqual([aTxid('1'), aTxid('2'), aTxid('3')])
  })

  test('and whether it was about to be signed', () => {
    expect(wasStepped(splice, 'splice_signed', aTxid('1'))).toBe(true)
    expect(wasStepped(splice, 'splice_signed', aTxid('3'))).toBe(false)
  })

  test('also while the attempt runs, and nothing is answered', () => {
    const steps = [{ name: 'splice_signed', at: NOW, txid: aTxid('7') }]
    expect(wasStepped(aRunningSplice({}, { steps }), 'splice_signed', aTxid('7'))).toBe(true)
  })

  test('of a bump that has ended: how far each attempt came, and only of the last one what it announced', () => {
    const steps = [{ name: 'splice_update', at: NOW - 1, txid: aTxid('3') }]
    const attempts = [aBumpAttempt({ steps }), aBumpAttempt({ number: 2, steps })]
    const bumps = [aBump({ attempts })]
    const end = { type: 'bump_abandoned' as const, code: 'nothing_left', message: 'x' }
    const ended = step(aPendingSplice({ bumps }), end, context).splice.bumps[0]
    expect(ended?.attempts.map((attempt) => attempt.steps)).toEqual([[{ name: 'splice_update', at: NOW - 1 }], steps])
  })
})

describe('the journal that a command is given', () => {
  const isSave = (operation: Operation, text: string): boolean =>
    operation.type === 'put' && JSON.stringify(operation.row.body).includes(text)

  async function sent(hooks: MemoryHooks, command: (journal: Journal, bench: Bench) => Promise<CommandAnswer>) {
    const chain = new FakeChain()
    const bench = aBench({ hooks, nodes: [aConfiguredNode({ chain })] })
    const attempt = running({ startedAt: NOW })
    const splice = (await bench.store.create(aSubmittedSplice({ attempts: [attempt] }))).splice
    await bench.store.putItem('node', 'alice', aNodeSeen(), 0)
    const after = await send(
      {
        splice,
        attempt,
        command: (journal) => command(journal, bench),
        answered: (result, jitter) => ({
          type: 'attempt_answered',
          id: attempt.id,
          result,
          overlapGuard: false,
          jitter,
        }),
      },
      bench.ports,
      policy,
    )
    return { after, bench, chain }
  }

  test('says yes only after the step stands in the table', async () => {
    let stood: string | null = null
    const writes: MemoryHooks = {
      after: (operation) => {
        if (isSave(operation, 'splice_init')) stood ??= 'splice_init'
      },
    }
    await sent(writes, async (journal) => {
      expect(stood).toBeNull()
      expect(await journal({ name: 'splice_init' })).toBe(true)
      expect(stood).toBe('splice_init')
      return { type: 'unknown', message: '' }
    })
  })

  test.each(['throttle', 'no_response'] as const)('says no when the write failed: %s', async (fault) => {
    let faults = 1
    const failing: MemoryHooks = {
      before: (operation) => (isSave(operation, 'splice_update_secured') && faults-- > 0 ? fault : null),
    }
    let said: boolean | null = null
    const { after } = await sent(failing, async (journal) => {
      said = await journal({ name: 'splice_update_secured', txid: aTxid('7') })
      return { type: 'refused', class: 'not_now', message: 'x' }
    })
    expect(said).toBe(false)
    expect(after?.attempts[0]?.notExecuted?.proof).toBe('refused')
  })

  test.each<[string, Partial<Splice>]>([
    ['a cancel was asked for', { cancelRequestedAt: NOW }],
    ['its attempt was proven dead', { attempts: [running({ notExecuted: { proof: 'operator', at: NOW } })] }],
    ['its candidate was seen', { state: 'pending' }],
  ])('says no when, since it was given, %s', async (_says, change) => {
    let said: boolean | null = null
    await sent({}, async (journal, { store }) => {
      const stored = await store.load(aSubmittedSplice().id)
      if (stored !== null) await store.save({ ...stored, ...change })
      said = await journal({ name: 'splice_signed', txid: aTxid('7') })
      return { type: 'unknown', message: '' }
    })
    expect(said).toBe(false)
  })

  test('says no when the fence has passed since it was given', async () => {
    let said: boolean | null = null
    await sent({}, async (journal, bench) => {
      bench.now = NOW + 119_000
      said = await journal({ name: 'splice_init' })
      return { type: 'unknown', message: '' }
    })
    expect(said).toBe(false)
  })

  test('says yes when another writer was faster, and the attempt still runs', async () => {
    let races = 2
    const raced: MemoryHooks = {
      before: (operation) => (isSave(operation, 'splice_init') && races-- > 0 ? 'lost_race' : null),
    }
    let said: boolean | null = null
    const { after } = await sent(raced, async (journal) => {
      said = await journal({ name: 'splice_init' })
      return { type: 'unknown', message: '' }
    })
    expect(said).toBe(true)
    expect(after?.attempts[0]?.steps).toHaveLength(1)
  })

  test('a transaction that comes back signed is kept and broadcast, and is not in the record', async () => {
    const { after, bench, chain } = await sent({}, async () => ({
      type: 'taken',
      txid: FIRST.txid,
      hex: FIRST.hex,
    }))
    expect(after?.attempts[0]?.result).toEqual({ type: 'taken', txid: FIRST.txid, at: NOW })
    expect((await bench.store.item('rawTransaction', FIRST.txid))?.value.hex).toBe(FIRST.hex)
    expect(chain.calls).toEqual(['broadcast'])
  })

  test('one that cannot be read, or was not taken, is not', async () => {
    for (const answer of [
      { type: 'taken' as const, txid: FIRST.txid, hex: 'nonsense' },
      { type: 'unknown' as const, message: '', hex: FIRST.hex },
    ]) {
      const { chain } = await sent({}, async () => answer)
      expect(chain.calls).toEqual([])
    }
  })
})
