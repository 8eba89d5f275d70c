import { describe, expect, test } from 'vitest'
import { decide, type Decision } from '../../../../core/decision/decide.ts'
import type { Observation } from '../../../../core/decision/observation.ts'
import { rulesBeforeBroadcast } from '../../../../core/decision/rules/before-broadcast.ts'
import { SpliceState, type Attempt, type Splice } from '../../../../core/splice/splice.ts'
import type { Verdict, VerdictName } from '../../../../core/splice/verdict.ts'
import { aTxid, FUNDING, NOW, policy, TIP } from '../../../../harness/values.ts'
import { aCandidate, aNotExecutedAttempt, anAttempt, aRefusedAttempt } from '../../../../harness/records/attempts.ts'
import { aChannel, aLook, capabilities } from '../../../../harness/looks/node.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../../harness/records/splices.ts'
import { anObservation } from '../../../../harness/looks/observation.ts'
import { aVerdict, VERDICTS } from '../../../../harness/verdicts.ts'

const UNDECIDED: readonly SpliceState[] = ['queued', 'submitted', 'needs_attention']
const over: Splice['stopped'] = { code: 'CounterpartyAborted', message: 'the peer refused', at: NOW - 1 }

function look(splice: Splice, verdict: Partial<Verdict> = {}, observation: Partial<Observation> = {}): Decision {
  return decide(splice, aVerdict(verdict), anObservation(observation), NOW, policy)
}

/** The states in which a row decides, all else being equal. */
function statesOf(row: string, splice: Splice, verdict: Partial<Verdict> = {}): SpliceState[] {
  return SpliceState.options.filter((state) => look({ ...splice, state }, verdict).rule === row)
}

/** The verdicts for which a row decides, all else being equal. */
function verdictsOf(row: string, splice: Splice, verdict: Partial<Verdict> = {}): VerdictName[] {
  return VERDICTS.filter((name) => look(splice, { ...verdict, name }).rule === row)
}

/** One whose deadline was so long ago. */
function late(ms: number, overrides: Partial<Splice> = {}): Splice {
  const splice = aSubmittedSplice(overrides)
  return { ...splice, budget: { ...splice.budget, deadline: NOW - ms } }
}

const gone = aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })

test('what came out of a backup is looked at first, and what needs no decision waits', () => {
  expect(rulesBeforeBroadcast.map(({ id }) => id)).toEqual([
    'restored',
    'second_effect',
    'seen',
    'signed',
    'in_block',
    'closed',
    'attribution',
    'cancel',
    'give_up',
    'budget_spent',
    'deadline',
    'unproven',
    'foreign_lock',
    'requeue',
    'abort_unsigned',
    'submit',
    'wait',
  ])
})

describe('a record of an older generation than the table came out of a backup', () => {
  const generation = { configured: 2, stored: 2 }

  test('it needs attention, with an attempt that stands for what may have been submitted since', () => {
    const splice = aLiveSplice({ generation: 1 })
    expect(look(splice, {}, { generation })).toMatchObject({
      rule: 'restored',
      event: {
        type: 'restored',
        generation: 2,
        id: `${splice.id}/restored/2`,
        submittedOn: FUNDING,
        fenceMs: 120_000,
      },
    })
  })

  test('the attempt is on the funding that the node names, else on the last one known; a node may offer no fence', () => {
    const fundingHistory = ['1', '3', '2'].map((digit) => `${aTxid(digit)}:0`)
    const splice = aLiveSplice({ generation: 1, fundingHistory })
    const moved = `${aTxid('9')}:1`
    const node = aLook({ capabilities: capabilities({ fenceMs: null }) })
    expect(look(splice, {}, { generation, channel: aChannel({ funding: moved }) }).event).toMatchObject({
      submittedOn: moved,
    })
    for (const channel of [null, aChannel({ funding: null })])
      expect(look(splice, {}, { generation, channel, node }).event).toMatchObject({
        submittedOn: `${aTxid('2')}:0`,
        fenceMs: null,
      })
  })

  test.each<[string, Partial<Splice>, Partial<Observation>]>([
    ['it is of the same generation', { generation: 2 }, { generation }],
    ['the guard was not raised yet', { generation: 1 }, { generation: { configured: 2, stored: 1 } }],
    ['there is no guard yet', { generation: 1 }, { generation: { configured: 2, stored: null } }],
    ['the node does not answer', { generation: 1 }, { generation, node: null, channel: null }],
  ])('not while %s', (_says, splice, observation) => {
    expect(look(aLiveSplice(splice), {}, observation).rule).not.toBe('restored')
  })

  test('only one that is undecided', () => {
    const restored = SpliceState.options.filter(
      (state) => look(aLiveSplice({ state, generation: 1 }), {}, { generation }).rule === 'restored',
    )
    expect(restored).toEqual(UNDECIDED)
  })
})

describe('a second output of ours', () => {
  const second = { secondEffect: aTxid('5') }

  test('is reported once, by its txid', () => {
    const splice = aSubmittedSplice({ state: 'pending' })
    expect(look(splice, second)).toMatchObject({
      rule: 'second_effect',
      event: { type: 'second_effect', txid: aTxid('5') },
    })
    const known = { ...splice, anomaly: { txid: aTxid('5'), at: NOW - 1 } }
    expect(look(known, second).rule).not.toBe('second_effect')
  })

  test('can follow only a candidate', () => {
    expect(statesOf('second_effect', aSubmittedSplice(), second)).toEqual([
      'pending',
      'confirmed',
      'settled',
      'needs_attention',
    ])
  })
})

describe('a transaction of ours', () => {
  test('in the mempool makes an undecided splice pending', () => {
    expect(statesOf('seen', aSubmittedSplice(), { name: 'pending' })).toEqual(UNDECIDED)
    expect(verdictsOf('seen', aSubmittedSplice())).toEqual(['pending'])
    expect(look(aSubmittedSplice(), { name: 'pending' }).event).toEqual({ type: 'candidate_seen' })
  })

  test('in a block makes an undecided splice confirmed', () => {
    expect(statesOf('in_block', aSubmittedSplice(), { name: 'confirmed' })).toEqual(UNDECIDED)
    expect(verdictsOf('in_block', aSubmittedSplice())).toEqual(['final', 'confirmed'])
    expect(look(aSubmittedSplice(), { name: 'final' }).event).toEqual({ type: 'candidate_confirmed' })
  })

  const missing = { code: 'not_locked', message: '' }
  test.each<[string, Splice['attention'], Partial<Verdict>, boolean]>([
    ['the lock is still missing', missing, { name: 'confirmed' }, false],
    ['the lock came', missing, { name: 'confirmed', locked: true }, true],
    ['the channel has closed since', missing, { name: 'final' }, true],
    ['another cause', { code: 'unproven', message: '' }, { name: 'confirmed' }, true],
    ['no cause', null, { name: 'confirmed' }, true],
  ])('lifts attention only if what was missing came: %s', (_says, attention, verdict, lifted) => {
    const splice = aSubmittedSplice({ state: 'needs_attention', attention })
    expect(look(splice, verdict).rule).toBe(lifted ? 'in_block' : 'attended')
  })
})

describe('a close', () => {
  test('that is final ends an undecided splice with that proof', () => {
    const atFinalDepth = { name: 'closed', atFinalDepth: true } as const
    expect(statesOf('closed', aSubmittedSplice(), atFinalDepth)).toEqual(UNDECIDED)
    expect(look(aSubmittedSplice(), atFinalDepth).event).toMatchObject({
      type: 'given_up',
      code: 'channel_closed',
      proof: 'channel_closed',
    })
  })

  test('that is not final, or something else that is, ends nothing', () => {
    expect(look(aSubmittedSplice(), { name: 'closed' }).rule).toBe('wait')
    expect(verdictsOf('closed', aSubmittedSplice(), { atFinalDepth: true })).toEqual(['closed'])
  })
})

describe('what may be ours and cannot be attributed', () => {
  const unexplained = { effectWithoutAttempt: aTxid('5') }

  test('needs attention before anything is given up or asked for again', () => {
    expect(statesOf('attribution', aSubmittedSplice({ stopped: over }), unexplained)).toEqual(['queued', 'submitted'])
    expect(look(aSubmittedSplice(), unexplained).event).toMatchObject({
      type: 'attention_needed',
      code: 'attribution',
    })
  })

  test('of an unknown spender only once it is final', () => {
    expect(verdictsOf('attribution', aSubmittedSplice(), { atFinalDepth: true })).toEqual(['unattributed'])
    expect(verdictsOf('attribution', aSubmittedSplice(), { atFinalDepth: false })).toEqual([])
  })
})

describe.each<[string, string, Partial<Splice>]>([
  ['a cancel that was asked for', 'cancel', { cancelRequestedAt: NOW - 1 }],
  ['submitting that is over', 'give_up', { stopped: over }],
])('%s ends a splice only with a proof', (_says, row, asked) => {
  const ends = (splice: Partial<Splice>, verdict: Partial<Verdict> = {}): boolean =>
    look(aSubmittedSplice({ ...asked, ...splice }), verdict).rule === row

  test.each<[string, Attempt[], Partial<Verdict>, boolean]>([
    ['none made, and nothing is known of the chain', [], { name: 'not_known' }, true],
    ['all refused, and nothing is known of the chain', [aRefusedAttempt()], { name: 'not_known' }, true],
    ['all dead, and the funding outpoint is unspent', [aNotExecutedAttempt()], {}, true],
    ['all dead, and nothing is known of the chain', [aNotExecutedAttempt()], { name: 'not_known' }, false],
    ['one of two dead', [aNotExecutedAttempt(), anAttempt({ number: 2 })], {}, false],
    ['none dead', [anAttempt()], {}, false],
  ])('%s', (_says2, attempts, verdict, ended) => expect(ends({ attempts }, verdict)).toBe(ended))

  test('a trace of our effect is none, in whatever shape', () => {
    expect(verdictsOf(row, { ...gone, ...asked })).toEqual(['closed', 'foreign', 'foreign_pending', 'absent'])
    expect(ends({ attempts: [], candidates: [aCandidate()] })).toBe(false)
    const unexplained = { effectWithoutAttempt: aTxid('5') }
    expect(ends({ attempts: [], state: 'needs_attention' }, unexplained)).toBe(false)
  })

  test('a record out of a backup proves nothing', () => {
    const older = aLiveSplice({ ...asked, generation: 1 })
    const generation = { configured: 2, stored: 1 }
    expect(look(older, {}, { generation }).rule).toBe('wait')
    expect(look({ ...older, generation: 2 }, {}, { generation }).rule).toBe(row)
    expect(look({ ...older, generation: 3 }, {}, { generation }).rule).toBe(row)
  })

  test('nor does the end of one that has ended, or that has a candidate, come from here', () => {
    expect(statesOf(row, { ...gone, ...asked })).toEqual(UNDECIDED)
  })

  test('the proof says whether one may ever have been taken', () => {
    expect(look(aLiveSplice(asked)).event).toMatchObject({ proof: 'never_taken' })
    expect(look({ ...gone, ...asked }).event).toMatchObject({ proof: 'none_executed' })
  })
})

test('an end tells why submitting was over; a cancel is no failure', () => {
  expect(look({ ...gone, stopped: over }).event).toEqual({
    type: 'given_up',
    code: 'CounterpartyAborted',
    message: 'the peer refused',
    proof: 'none_executed',
  })
  expect(look({ ...gone, stopped: over, cancelRequestedAt: NOW - 1 }).event).toEqual({
    type: 'withdrawn',
    proof: 'none_executed',
  })
})

describe('submitting is over once another attempt would be due and none is left', () => {
  const three = [1, 2, 3].map((number) => aNotExecutedAttempt({ number }))
  const quiet = { quietSince: NOW - 180_000, lastLookAt: NOW - 1 }
  const spent = aSubmittedSplice({ attempts: three })

  test('in a look that knows the funding outpoint unspent', () => {
    expect(look(spent).event).toMatchObject({ type: 'submitting_stopped', code: 'budget_spent' })
    expect(statesOf('budget_spent', spent)).toEqual(['queued', 'submitted'])
    expect(verdictsOf('budget_spent', spent)).toEqual(['absent'])
  })

  test.each<[string, Partial<Splice>, string]>([
    ['more than are allowed', { attempts: [...three, aNotExecutedAttempt({ number: 4 })] }, 'budget_spent'],
    ['one is left', { attempts: three.slice(1) }, 'requeue'],
    ['one is alive, and it is quiet', { attempts: [...three.slice(1), anAttempt()], ...quiet }, 'budget_spent'],
    ['one is alive, and it is not quiet', { attempts: [...three.slice(1), anAttempt()] }, 'wait'],
    [
      'a request may still reach the node',
      { attempts: [...three.slice(1), anAttempt({ fenceAt: NOW })], ...quiet },
      'wait',
    ],
    ['it is over already', { attempts: [...three.slice(1), anAttempt()], ...quiet, stopped: over }, 'wait'],
  ])('%s', (_says, splice, row) => expect(look(aSubmittedSplice(splice)).rule).toBe(row))
})

describe('submitting is over when the deadline, the last fence and the last quiet have passed', () => {
  const quiet = (ms: number) => ({ quietSince: NOW - ms, lastLookAt: NOW - 1 })
  const fenced = (fenceAt: number | null) => ({ attempts: [anAttempt({ fenceAt })] })
  test.each<[string, Splice, boolean]>([
    ['none made, and the deadline is now', late(0, { attempts: [] }), true],
    ['none made, and the deadline is still to come', late(-1, { attempts: [] }), false],
    ['all dead', late(0, { attempts: [aNotExecutedAttempt()] }), true],
    ['all dead, and the fence falls now', late(0, { attempts: [aNotExecutedAttempt({ fenceAt: NOW })] }), false],
    ['all dead, and the fence fell', late(0, { attempts: [aNotExecutedAttempt({ fenceAt: NOW - 1 })] }), true],
    ['one alive, and quiet for long enough', late(0, quiet(180_000)), true],
    ['one alive, and quiet for too short', late(0, quiet(179_999)), false],
    ['never quiet, for twice the time it would have taken', late(360_000), true],
    ['never quiet, for less than that', late(359_999), false],
    ['never quiet, and the fence fell later than the deadline', late(400_000, fenced(NOW - 359_999)), false],
    ['never quiet, and so long ago since that fence', late(400_000, fenced(NOW - 360_000)), true],
    ['a node without fences', late(360_000, fenced(null)), true],
    ['it is over already', late(0, { stopped: over, ...quiet(180_000) }), false],
    ['a candidate is known', late(0, { candidates: [aCandidate()], attempts: [] }), false],
  ])('%s', (_says, splice, isOver) => expect(look(splice).rule === 'deadline').toBe(isOver))

  test('whatever the look found, in every state that is undecided', () => {
    expect(statesOf('deadline', late(0, { attempts: [] }))).toEqual(UNDECIDED)
    expect(look(late(0, { attempts: [] }), { name: 'not_known' }).event).toMatchObject({
      type: 'submitting_stopped',
      code: 'deadline',
    })
  })
})

describe('an attempt that nothing proves dead needs attention when time is up', () => {
  test.each<[string, Partial<Splice>, boolean]>([
    ['submitting is over', { stopped: over }, true],
    ['a cancel was asked for', { cancelRequestedAt: NOW - 1, stopped: over }, true],
    ['every attempt is dead', { stopped: over, attempts: [aNotExecutedAttempt()] }, false],
  ])('%s', (_says, splice, attended) =>
    expect(look(late(360_000, splice), { name: 'not_known' }).rule === 'unproven').toBe(attended),
  )

  test('not before, and only where it waits', () => {
    expect(look(late(359_999, { stopped: over })).rule).toBe('wait')
    expect(statesOf('unproven', late(360_000, { stopped: over }))).toEqual(['queued', 'submitted'])
    expect(look(late(360_000, { stopped: over })).event).toMatchObject({
      type: 'attention_needed',
      code: 'unproven',
    })
  })

  test('with a candidate on record only a cancel leads here: the deadline does not end its submitting', () => {
    const cancelled = late(360_000, { cancelRequestedAt: NOW - 1, candidates: [aCandidate()] })
    expect(look(cancelled, { name: 'not_known' }).rule).toBe('unproven')
    expect(look({ ...cancelled, cancelRequestedAt: null }, { name: 'not_known' }).rule).toBe('wait')
  })
})

describe('another splice that locked first needs attention while an attempt of ours is alive', () => {
  const since = (height: number | null): Splice => aSubmittedSplice({ foreignSinceHeight: height })
  const foreign = { name: 'foreign' } as const

  test.each<[string, Splice, string]>([
    ['six blocks ago', since(TIP - 6), 'foreign_lock'],
    ['five blocks ago', since(TIP - 5), 'wait'],
    ['not noted yet', since(null), 'wait'],
  ])('%s', (_says, splice, row) => expect(look(splice, foreign).rule).toBe(row))

  test('only while the look still finds it', () => {
    expect(look(since(TIP - 6), { ...foreign, tipHeight: null }).rule).toBe('wait')
    expect(verdictsOf('foreign_lock', since(TIP - 6))).toEqual(['foreign'])
    expect(statesOf('foreign_lock', since(TIP - 6), foreign)).toEqual(['queued', 'submitted'])
    expect(look(since(TIP - 6), foreign).event).toMatchObject({
      type: 'attention_needed',
      code: 'foreign_lock',
    })
  })
})

test('every attempt dead, and no trace of our effect: it waits for its turn again', () => {
  expect(statesOf('requeue', gone)).toEqual(['submitted'])
  expect(verdictsOf('requeue', gone)).toEqual(['closed', 'foreign', 'foreign_pending', 'absent'])
  expect(look(gone).event).toEqual({ type: 'none_executed_yet' })
  expect(look(aSubmittedSplice(), { name: 'closed' }).rule).toBe('wait')
})

describe('a submission', () => {
  test('follows from open gates and the funding outpoint known unspent, and from nothing else', () => {
    expect(look(aLiveSplice())).toMatchObject({ rule: 'submit', event: null, act: 'submit' })
    expect(statesOf('submit', aLiveSplice())).toEqual(['queued'])
    expect(verdictsOf('submit', aLiveSplice())).toEqual(['absent'])
    const again = aSubmittedSplice({ quietSince: NOW - 180_000, lastLookAt: NOW - 1 })
    expect(statesOf('submit', again)).toEqual(['queued', 'submitted'])
  })

  test('waits for the last gate as for the first', () => {
    const two = [anAttempt(), anAttempt({ number: 2 })]
    const quiet = aSubmittedSplice({ attempts: two, quietSince: NOW - 180_000, lastLookAt: NOW - 1 })
    const unguarded = { node: aLook({ capabilities: capabilities({ overlapGuard: false }) }) }
    expect(look(quiet).rule).toBe('submit')
    expect(look(quiet, {}, unguarded).rule, 'gate overlap').toBe('wait')
    expect(look(aSubmittedSplice({ attempts: [anAttempt({ fenceAt: NOW })] })).rule, 'gate fence').toBe('wait')
  })

  test('is not made of a splice that is over, cancelled or seen, even if no gate said so', () => {
    const submit = rulesBeforeBroadcast.find(({ id }) => id === 'submit')
    const holds = (splice: Splice): boolean | undefined =>
      submit?.when?.holds({
        splice,
        verdict: aVerdict(),
        observation: anObservation(),
        gates: [],
        bumpGates: [],
        now: NOW,
        policy,
      })
    expect(holds(aLiveSplice())).toBe(true)
    expect(holds(aLiveSplice({ stopped: over }))).toBe(false)
    expect(holds(aLiveSplice({ cancelRequestedAt: NOW }))).toBe(false)
    expect(holds(aLiveSplice({ candidates: [aCandidate()] }))).toBe(false)
  })
})
