import { describe, expect, test } from 'vitest'
import type { SpliceEvent } from '../../../core/splice/event.ts'
import { setState, emit, addToTimeline } from '../../../core/splice/timeline.ts'
import { EventType, SpliceState, type Splice } from '../../../core/splice/splice.ts'
import type { Stepped } from '../../../core/splice/action.ts'
import { step } from '../../../core/splice/step.ts'
import { hasEnded } from '../../../core/splice/transitions.ts'
import { aTxid, FUNDING, context, NOW } from '../../../harness/values.ts'
import { aBump, aBumpAttempt } from '../../../harness/records/bumps.ts'
import { aCandidate, aNotExecutedAttempt, anAttempt, aRefusedAttempt } from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aVerdict } from '../../../harness/verdicts.ts'

const NEXT = `${aTxid('b')}:0`
const second = anAttempt({ number: 2 })
const taken = (splice: Splice, event: SpliceEvent): Stepped => step(splice, event, context)
const types = (splice: Splice): string[] => splice.events.map((event) => event.type)
const kinds = ({ actions }: Stepped): string[] => actions.map((action) => action.type)
const cancelled = (splice: Splice): Stepped => taken(splice, { type: 'cancel_requested', generation: 0 })
const given: SpliceEvent = { type: 'given_up', code: 'x', message: 'y', proof: 'never_taken' }

describe('a watch follows an end where something may still come', () => {
  const confirmed = (attempts: Splice['attempts']): Splice =>
    aSubmittedSplice({ state: 'confirmed', attempts, fundingHistory: [FUNDING, NEXT] })
  const watch = { from: NEXT, untilHeight: null }

  test.each<[string, Splice['attempts'], Splice['watch']]>([
    ['the one that confirmed', [anAttempt()], null],
    ['another one', [anAttempt(), second], watch],
    ['another one that is dead', [aNotExecutedAttempt(), second], watch],
    ['another one that was refused', [aRefusedAttempt(), second], null],
  ])('settled, with %s', (_says, attempts, expected) => {
    const { splice, actions } = taken(confirmed(attempts), { type: 'settled' })
    expect(actions, 'nothing was frozen for it').toEqual([])
    expect(splice.watch).toEqual(expected)
    expect(splice).toMatchObject({ state: 'settled', settledAt: NOW })
  })

  test.each<[string, Splice['attempts'], boolean]>([
    ['no attempt', [], false],
    ['one that was refused', [aRefusedAttempt()], false],
    ['one that may have been taken', [aNotExecutedAttempt()], true],
  ])('without effect, with %s', (_says, attempts, watched) => {
    const splice = aLiveSplice({ attempts, fundingHistory: [FUNDING, NEXT] })
    for (const event of [given, { type: 'withdrawn', proof: 'never_taken' } as const])
      expect(taken(splice, event).splice.watch, event.type).toEqual(watched ? watch : null)
  })

  test('ends when it is told to, and the end stays', () => {
    const watched = aSubmittedSplice({ state: 'failed', watch })
    expect(taken(watched, { type: 'watch_ended' }).splice).toEqual({ ...watched, watch: null })
  })
})

describe('an outcome is said once in an epoch', () => {
  test('a candidate that comes and goes is said once, an anomaly or a reorg each time', () => {
    let splice = aSubmittedSplice()
    for (const type of ['candidate_seen', 'candidate_confirmed', 'reorged', 'candidate_confirmed'] as const)
      splice = taken(splice, type === 'reorged' ? { type, tipHeight: 200 } : { type }).splice
    splice = taken(splice, { type: 'reorged', tipHeight: 200 }).splice
    expect(types(splice)).toEqual(['splice.pending', 'splice.confirmed', 'splice.reorged', 'splice.reorged'])
    expect(splice.events.map(({ n }) => n)).toEqual([1, 2, 3, 4])
  })

  test('a reorg after settling opens an epoch: what was said may be said again', () => {
    const settled = taken(aSubmittedSplice({ state: 'confirmed' }), { type: 'settled' }).splice
    const reorged = taken(settled, { type: 'reorged', tipHeight: 200 })
    expect(reorged.splice).toMatchObject({ state: 'pending', epoch: 1, settledAt: null, watch: null })
    const cause = 'a settled splice was reorganised out'
    expect(reorged.actions).toEqual([
      { type: 'freeze_channel', cause },
      { type: 'alarm', message: cause },
    ])
    expect(reorged.splice.emitted).toEqual(['splice.reorged'])
    const confirmed = taken(reorged.splice, { type: 'candidate_confirmed' }).splice
    const again = taken(confirmed, { type: 'settled' })
    expect(types(again.splice)).toEqual(['splice.settled', 'splice.reorged', 'splice.confirmed', 'splice.settled'])
    expect(again.splice.events.map(({ epoch }) => epoch)).toEqual([0, 1, 1, 1])
    expect(kinds(again)).toEqual([])
  })

  test('a reorg before settling opens none, and freezes nothing', () => {
    const reorged = taken(aSubmittedSplice({ state: 'confirmed', lockedAt: 1 }), {
      type: 'reorged',
      tipHeight: 200,
    })
    expect(reorged.splice).toMatchObject({ state: 'pending', epoch: 0, lockedAt: null })
    expect(reorged.actions).toEqual([])
  })

  test.each(['failed', 'cancelled'] as const)('a correction of one that %s opens one', (state) => {
    const failure = { code: 'x', message: '', proof: 'operator' } as const
    const over = { code: 'x', message: '', at: 1 }
    const ended = aSubmittedSplice({
      state,
      failure,
      stopped: over,
      cancelRequestedAt: 1,
      emitted: ['splice.pending'],
    })
    const corrected = taken(ended, { type: 'corrected' })
    expect(corrected.splice).toMatchObject({
      state: 'pending',
      epoch: 1,
      failure: null,
      stopped: null,
      cancelRequestedAt: null,
      watch: null,
    })
    expect(types(corrected.splice)).toEqual(['splice.corrected', 'splice.pending'])
    expect(kinds(corrected)).toEqual(['freeze_channel', 'alarm'])
  })

  test.each(EventType.options)('%s', (type) => {
    const once = ['accepted', 'submitted', 'pending', 'confirmed', 'settled', 'failed', 'cancelled']
    const said = emit(emit(aLiveSplice(), type, NOW), type, NOW)
    expect(said.events).toHaveLength(once.includes(type.replace('splice.', '')) ? 1 : 2)
    expect(said.emitted).toEqual([type])
  })

  test('events that are published are kept for a while, those that are not for ever', () => {
    const say25 = (publishedThrough: number): Splice => {
      let splice = aSubmittedSplice()
      for (let n = 0; n < 25; n++) splice = emit({ ...splice, publishedThrough }, 'splice.anomaly', NOW)
      return splice
    }
    expect(say25(0).events).toHaveLength(25)
    expect(say25(24).events.map(({ n }) => n)).toEqual(Array.from({ length: 21 }, (_, n) => n + 5))
  })
})

describe('an event keeps what its splice was when it happened', () => {
  const paid = aCandidate({ feeSats: 310 })
  const block = { height: 190, hash: aTxid('9') }
  const failure = { code: 'x', message: '', proof: 'operator' } as const
  const attention_needed = { type: 'attention_needed', code: 'deadline', message: '' } as const
  const nothing = { txid: null, feeSats: null, failureCode: null, attentionCode: null }
  const paying = { ...nothing, txid: paid.txid, feeSats: 310 }

  test.each<[string, Splice, SpliceEvent, object[]]>([
    ['seen', aSubmittedSplice({ candidates: [paid] }), { type: 'candidate_seen' }, [{ state: 'pending', ...paying }]],
    ['given up', aLiveSplice(), given, [{ state: 'failed', ...nothing, failureCode: 'x' }]],
    [
      'cancelled',
      aLiveSplice(),
      { type: 'cancel_requested', generation: 0 },
      [{ state: 'cancelled', ...nothing, failureCode: 'cancelled' }],
    ],
    [
      'in need',
      aSubmittedSplice(),
      attention_needed,
      [{ state: 'needs_attention', ...nothing, attentionCode: 'deadline' }],
    ],
    [
      'corrected',
      aSubmittedSplice({ state: 'failed', failure, candidates: [paid] }),
      { type: 'corrected' },
      [
        { state: 'pending', ...paying },
        { state: 'pending', ...paying },
      ],
    ],
    [
      'settled with the older of two transactions',
      aSubmittedSplice({ state: 'confirmed', candidates: [{ ...paid, block }, aCandidate({ txid: aTxid('8') })] }),
      { type: 'settled' },
      [{ state: 'settled', ...paying }],
    ],
  ])('%s', (_says, splice, event, snapshots) => {
    const after = taken(splice, event).splice
    expect(after.events.map(({ snapshot }) => snapshot)).toEqual(snapshots)
  })

  test('until it is published, whatever follows; the log has it then', () => {
    const pending = taken(aSubmittedSplice({ candidates: [paid] }), { type: 'candidate_seen' }).splice
    const confirmed = taken(pending, { type: 'candidate_confirmed' }).splice
    expect(confirmed.events.map(({ snapshot }) => snapshot?.state)).toEqual(['pending', 'confirmed'])
    const published = taken({ ...pending, publishedThrough: 1 }, { type: 'candidate_confirmed' }).splice
    expect(published.events.map(({ snapshot }) => snapshot?.state)).toEqual([undefined, 'confirmed'])
  })
})

describe('given up', () => {
  test('with its reason and proof, and nothing left to attend to', () => {
    const splice = aLiveSplice({ attention: { code: 'x', message: '' } })
    const { splice: failed } = taken(splice, { ...given, message: 'm'.repeat(600) })
    expect(failed).toMatchObject({ state: 'failed', attention: null, waitingFor: null })
    expect(failed.failure).toEqual({ code: 'x', message: 'm'.repeat(500), proof: 'never_taken' })
    expect(types(failed)).toEqual(['splice.failed'])
  })

  test("by an operator's word: every attempt is dead, and those that were keep their proof", () => {
    const attempts = [aNotExecutedAttempt(), second]
    const { splice } = taken(aSubmittedSplice({ state: 'needs_attention', attempts }), {
      type: 'resolved_failed',
      note: 'the node was wiped',
    })
    expect(splice).toMatchObject({
      state: 'failed',
      failure: { code: 'operator', message: 'the node was wiped', proof: 'operator' },
      attempts: [{ notExecuted: { proof: 'process_restarted' } }, { notExecuted: { proof: 'operator', at: NOW } }],
      watch: { from: FUNDING },
    })
  })

  test("by an operator's word: what its fee bumps asked for is dead as well", () => {
    const refused = aRefusedAttempt({ number: 2, kind: 'bump' })
    const bumps = [aBump({ attempts: [aBumpAttempt(), refused] })]
    const splice = aSubmittedSplice({ state: 'needs_attention', bumps })
    expect(taken(splice, { type: 'resolved_failed', note: '' }).splice.bumps).toEqual([
      aBump({
        attempts: [aBumpAttempt({ notExecuted: { proof: 'operator', at: NOW } }), refused],
      }),
    ])
  })

  test("no operator's word undoes a transaction that is in a block; one in the mempool it may", () => {
    const event = { type: 'resolved_failed', note: '' } as const
    const waiting = aCandidate({ txid: aTxid('d') })
    const mined = aCandidate({ block: { height: 190, hash: aTxid('e') } })
    const splice = aSubmittedSplice({ state: 'needs_attention', candidates: [waiting, mined] })
    expect(taken(splice, event)).toEqual({ splice, actions: [{ type: 'ignored', event: 'resolved_failed' }] })
    expect(taken({ ...splice, candidates: [waiting] }, event).splice.state).toBe('failed')
  })
})

describe('a cancel', () => {
  test.each<[string, Splice['attempts']]>([
    ['no attempt', []],
    ['every attempt refused', [aRefusedAttempt()]],
    ['every attempt dead', [aNotExecutedAttempt()]],
  ])('while queued with %s ends it at once', (_says, attempts) => {
    const proof = attempts[0]?.notExecuted?.proof === 'process_restarted' ? 'none_executed' : 'never_taken'
    const { splice } = cancelled(aLiveSplice({ attempts }))
    expect(types(splice)).toEqual(['splice.cancelled'])
    expect(splice.timeline.at(-1)?.why).toBe('cancelled by the client')
    expect(splice).toMatchObject({
      state: 'cancelled',
      cancelRequestedAt: NOW,
      failure: { code: 'cancelled', proof },
    })
  })

  test.each(['queued', 'submitted', 'needs_attention'] as const)(
    'while %s with an attempt alive only stops submitting, and keeps its first time',
    (state) => {
      const { splice } = cancelled(aSubmittedSplice({ state }))
      expect(splice).toMatchObject({ state, cancelRequestedAt: NOW, failure: null })
      expect(cancelled({ ...splice, cancelRequestedAt: 7 }).splice.cancelRequestedAt).toBe(7)
    },
  )

  test.each(['submitted', 'needs_attention'] as const)(
    'while %s ends nothing by itself, though every attempt is dead: the next look does',
    (state) => {
      const { splice } = cancelled(aSubmittedSplice({ state, attempts: [aNotExecutedAttempt()] }))
      expect(splice).toMatchObject({ state, cancelRequestedAt: NOW, failure: null })
    },
  )

  test('of a record out of a backup ends nothing at once: what was submitted since is not in it', () => {
    const event = { type: 'cancel_requested', generation: 1 } as const
    expect(taken(aLiveSplice({ generation: 1 }), event).splice.state).toBe('cancelled')
    expect(taken(aLiveSplice({ generation: 0 }), event).splice).toMatchObject({
      state: 'queued',
      cancelRequestedAt: NOW,
      failure: null,
    })
  })

  test('is ignored once a candidate was seen', () => {
    const splice = aSubmittedSplice({ candidates: [aCandidate()] })
    expect(cancelled(splice)).toEqual({ splice, actions: [{ type: 'ignored', event: 'cancel_requested' }] })
  })

  test.each(SpliceState.options.filter((state) => hasEnded(state) || ['pending', 'confirmed'].includes(state)))(
    'is ignored where it is %s',
    (state) => {
      const splice = aSubmittedSplice({ state })
      expect(cancelled(splice).splice).toBe(splice)
    },
  )
})

describe('a candidate', () => {
  test.each([
    ['candidate_seen', 'pending', 'a transaction of this splice was seen'],
    ['candidate_confirmed', 'confirmed', 'a transaction of this splice is in a block'],
  ] as const)('%s ends all waiting', (type, state, why) => {
    const splice = aSubmittedSplice({
      attention: { code: 'x', message: '' },
      quietSince: 1,
      lastLookAt: 1,
      nextAttemptAt: 1,
    })
    expect(taken(splice, { type }).splice).toMatchObject({
      state,
      timeline: [{ status: state, why }],
      attention: null,
      quietSince: null,
      lastLookAt: null,
      nextAttemptAt: null,
    })
  })

  test('that an operator names is one, once', () => {
    const event = { type: 'resolved_candidate', txid: aTxid('c'), spends: FUNDING, note: 'seen' } as const
    const { splice } = taken(aSubmittedSplice({ state: 'needs_attention' }), event)
    expect(splice).toMatchObject({ state: 'pending', candidates: [{ txid: aTxid('c'), spends: FUNDING }] })
    const known = aSubmittedSplice({ state: 'needs_attention', candidates: [aCandidate()] })
    expect(taken(known, event).splice.candidates).toEqual([aCandidate()])
    const other = aCandidate({ txid: aTxid('d') })
    const both = taken({ ...known, candidates: [other] }, event).splice.candidates
    expect(both).toMatchObject([other, { txid: aTxid('c'), spends: FUNDING, block: null }])
  })

  test.each(['pending', 'confirmed', 'settled', 'needs_attention'] as const)(
    'a second one is an anomaly that freezes the channel, and %s stays',
    (state) => {
      const found = taken(aSubmittedSplice({ state }), { type: 'second_effect', txid: aTxid('9') })
      expect(found.splice).toMatchObject({ state, anomaly: { txid: aTxid('9'), at: NOW } })
      expect(types(found.splice)).toEqual(['splice.anomaly'])
      expect(kinds(found)).toEqual(['freeze_channel', 'alarm'])
    },
  )
})

test('attention is asked for with an alarm and a code', () => {
  const event = { type: 'attention_needed', code: 'unproven', message: 'why' } as const
  const { splice, actions } = taken(aSubmittedSplice(), event)
  expect(splice).toMatchObject({ state: 'needs_attention', attention: { code: 'unproven', message: 'why' } })
  expect(types(splice)).toEqual(['splice.needs_attention'])
  expect(actions).toEqual([{ type: 'alarm', message: 'why' }])
})

describe('nothing is asked of anybody but by a freeze, an alarm or a pause', () => {
  const waiting = aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })
  test.each<[SpliceEvent, Splice]>([
    [{ type: 'looked', verdict: aVerdict() }, aSubmittedSplice()],
    [{ type: 'address_given', address: 'x', script: '00' }, aLiveSplice()],
    [{ type: 'none_executed_yet' }, waiting],
    [{ type: 'submitting_stopped', code: 'deadline', message: '' }, aSubmittedSplice()],
    [given, aLiveSplice()],
    [{ type: 'withdrawn', proof: 'never_taken' }, aLiveSplice()],
    [{ type: 'cancel_requested', generation: 0 }, aSubmittedSplice()],
    [{ type: 'candidate_seen' }, aSubmittedSplice()],
    [{ type: 'candidate_confirmed' }, aSubmittedSplice()],
    [{ type: 'resolved_failed', note: '' }, aSubmittedSplice()],
    [{ type: 'watch_ended' }, aSubmittedSplice({ state: 'failed' })],
  ])('$type', (event, splice) => expect(taken(splice, event).actions).toEqual([]))
})

test('an address that the node gave is what every attempt pays', () => {
  const event = { type: 'address_given', address: 'bcrt1', script: '0014' } as const
  const before = aLiveSplice({ address: null, script: null })
  expect(taken(before, event).splice).toEqual({ ...before, address: 'bcrt1', script: '0014' })
})

test('every attempt dead: it waits in the line again, and what submitting ended by stands', () => {
  const before = aSubmittedSplice({
    attempts: [aNotExecutedAttempt()],
    waitingFor: { code: 'quiet', message: '' },
  })
  expect(taken(before, { type: 'none_executed_yet' }).splice).toMatchObject({
    state: 'queued',
    waitingFor: null,
  })
  const over = { type: 'submitting_stopped', code: 'deadline', message: 'passed' } as const
  const ended = taken(before, over).splice
  expect(ended).toMatchObject({
    state: 'submitted',
    stopped: { code: 'deadline', message: 'passed', at: NOW },
  })
  expect(taken(ended, { ...over, code: 'budget_spent' }).splice.stopped?.code).toBe('deadline')
})

describe('the timeline', () => {
  test('equal neighbours are one line with a count and the latest time', () => {
    let splice = addToTimeline(aLiveSplice(), 'a', 1)
    splice = addToTimeline(splice, 'a', 2)
    splice = addToTimeline(splice, 'b', 3)
    splice = setState(splice, 'submitted', 'b', 4)
    expect(splice.timeline).toEqual([
      { at: 2, status: 'queued', why: 'a', count: 2 },
      { at: 3, status: 'queued', why: 'b', count: 1 },
      { at: 4, status: 'submitted', why: 'b', count: 1 },
    ])
  })

  test('a line is cut to two hundred characters, and what is cut alike is one line', () => {
    let splice = addToTimeline(aLiveSplice(), 'x'.repeat(200) + 'a', 1)
    splice = addToTimeline(splice, 'x'.repeat(200) + 'b', 2)
    expect(splice.timeline).toEqual([{ at: 2, status: 'queued', why: 'x'.repeat(200), count: 2 }])
  })

  test('holds the last fifty lines', () => {
    let splice = aLiveSplice()
    for (let n = 1; n <= 51; n++) splice = addToTimeline(splice, `line ${n}`, n)
    expect(splice.timeline).toHaveLength(50)
    expect(splice.timeline[0]?.why).toBe('line 2')
  })
})
