import { describe, expect, test } from 'vitest'
import { decide, type Decision } from '../../../../core/decision/decide.ts'
import { rulesAfterBroadcast } from '../../../../core/decision/rules/after-broadcast.ts'
import { SpliceState, type Splice } from '../../../../core/splice/splice.ts'
import type { Verdict, VerdictName } from '../../../../core/splice/verdict.ts'
import { aBump, aBumpAttempt, anEndedBump } from '../../../../harness/records/bumps.ts'
import { aCandidate, anAttempt, taken } from '../../../../harness/records/attempts.ts'
import { FUNDING, NOW, policy, TIP } from '../../../../harness/values.ts'
import { anObservation } from '../../../../harness/looks/observation.ts'
import { aSubmittedSplice } from '../../../../harness/records/splices.ts'
import { aVerdict, VERDICTS } from '../../../../harness/verdicts.ts'

const WITH_CANDIDATE: readonly SpliceState[] = ['pending', 'confirmed', 'needs_attention']

function seen(state: SpliceState, overrides: Partial<Splice> = {}): Splice {
  return aSubmittedSplice({ state, candidates: [aCandidate()], ...overrides })
}

function look(splice: Splice, verdict: Partial<Verdict> = {}): Decision {
  return decide(splice, aVerdict(verdict), anObservation(), NOW, policy)
}

function statesOf(row: string, splice: Splice, verdict: Partial<Verdict>): SpliceState[] {
  return SpliceState.options.filter((state) => look({ ...splice, state }, verdict).rule === row)
}

function verdictsOf(row: string, splice: Splice, verdict: Partial<Verdict> = {}): VerdictName[] {
  return VERDICTS.filter((name) => look(splice, { ...verdict, name }).rule === row)
}

const two = { attempts: [anAttempt(), anAttempt({ number: 2 })] }
const bumped = { bumps: [anEndedBump('abandoned', { attempts: [aBumpAttempt({ result: taken() })] })] }

test('what is seen comes before what is missing, and what has ended waits last', () => {
  expect(rulesAfterBroadcast.map(({ id }) => id)).toEqual([
    'confirm',
    'replaced',
    'replaced_unresolved',
    'unseen_long',
    'unattributed',
    'wait_pending',
    'settle',
    'reorg',
    'not_locked',
    'wait_confirmed',
    'reorg_after_settling',
    'correct',
    'watch_over',
    'ended',
    'attended',
  ])
})

test('a pending one is confirmed by a block, however deep', () => {
  expect(verdictsOf('confirm', seen('pending'))).toEqual(['final', 'confirmed'])
  expect(statesOf('confirm', seen('pending'), { name: 'confirmed' })).toEqual(['pending'])
  expect(look(seen('pending'), { name: 'final' }).event).toEqual({ type: 'candidate_confirmed' })
})

describe('another transaction took the place of ours', () => {
  const lost = { name: 'replaced', atFinalDepth: true } as const
  const closed = { ...lost, channelGone: true }

  test('and is final: the splice has failed, by the close of the channel or by what spent the funding history', () => {
    expect(statesOf('replaced', seen('pending'), lost)).toEqual(WITH_CANDIDATE)
    expect(verdictsOf('replaced', seen('pending'), { atFinalDepth: true })).toEqual(['replaced'])
    expect(look(seen('pending'), lost).event).toMatchObject({
      type: 'given_up',
      code: 'funding_spent',
      proof: 'funding_spent',
    })
    expect(look(seen('pending'), closed).event).toMatchObject({
      type: 'given_up',
      code: 'channel_closed',
      proof: 'channel_closed',
    })
  })

  test('and is not final yet: it waits', () => {
    expect(look(seen('pending'), { name: 'replaced' }).rule).toBe('wait_pending')
    expect(look(seen('needs_attention'), { name: 'replaced', channelGone: true }).rule).toBe('attended')
  })

  test.each<[string, Partial<Splice>]>([
    ['a second attempt', two],
    ['a bump that was taken', bumped],
  ])('and %s may still take effect: it needs attention, unless the channel is gone', (_says, more) => {
    expect(look(seen('pending', more), lost)).toMatchObject({
      rule: 'replaced_unresolved',
      event: { type: 'attention_needed', code: 'unproven' },
    })
    expect(statesOf('replaced_unresolved', seen('pending', more), lost)).toEqual(['pending', 'confirmed'])
    expect(verdictsOf('replaced_unresolved', seen('pending', more), { atFinalDepth: true })).toEqual(['replaced'])
    expect(look(seen('pending', more), { ...lost, atFinalDepth: false }).rule).toBe('wait_pending')
    expect(look(seen('pending', more), closed).rule).toBe('replaced')
  })

  test('and whether it is ours as well is not known: attention once it is final', () => {
    const doubtful = { name: 'unattributed', atFinalDepth: true } as const
    expect(statesOf('unattributed', seen('pending'), doubtful)).toEqual(['pending', 'confirmed'])
    expect(verdictsOf('unattributed', seen('pending'), { atFinalDepth: true })).toEqual(['unattributed'])
    expect(look(seen('pending'), { name: 'unattributed' }).rule).toBe('wait_pending')
    expect(look(seen('pending'), doubtful).event).toMatchObject({
      type: 'attention_needed',
      code: 'attribution',
    })
  })
})

describe('a transaction that has left the mempool', () => {
  const since = (height: number | null): Splice => seen('pending', { unseenSinceHeight: height })
  const unseen = { name: 'unseen' } as const

  test.each<[string, Splice, Partial<Verdict>, string]>([
    ['for 144 blocks', since(TIP - 144), unseen, 'unseen_long'],
    ['for 143 blocks', since(TIP - 143), unseen, 'wait_pending'],
    ['and was not missed before', since(null), unseen, 'wait_pending'],
    ['and no chain source tells a height', since(1), { ...unseen, tipHeight: null }, 'wait_pending'],
  ])('%s', (_says, splice, verdict, row) => expect(look(splice, verdict).rule).toBe(row))

  test('needs attention, and only while it is pending and unseen', () => {
    expect(look(since(1), unseen).event).toMatchObject({ type: 'attention_needed', code: 'unseen' })
    expect(statesOf('unseen_long', since(1), unseen)).toEqual(['pending'])
    expect(verdictsOf('unseen_long', since(1))).toEqual(['unseen'])
  })
})

describe('a confirmed one', () => {
  const final = { name: 'final' } as const
  const withBump = (fenceAt: number | null) =>
    seen('confirmed', {
      bumps: [aBump({ attempts: [aBumpAttempt({ fenceAt })], outcome: anEndedBump('abandoned').outcome })],
    })

  test('settles at final depth', () => {
    expect(look(seen('confirmed'), final)).toMatchObject({ rule: 'settle', event: { type: 'settled' } })
    expect(statesOf('settle', seen('confirmed'), final)).toEqual(['confirmed'])
    expect(verdictsOf('settle', seen('confirmed'))).toEqual(['final'])
  })

  test.each<[string, Splice, string]>([
    ['has passed', withBump(NOW - 1), 'settle'],
    ['falls now', withBump(NOW), 'wait_confirmed'],
    ['is not known: the node offers none', withBump(null), 'settle'],
  ])('settles not before the fence of a bump %s', (_says, splice, row) => expect(look(splice, final).rule).toBe(row))

  test('is pending again after a reorg, at the height of the look', () => {
    expect(verdictsOf('reorg', seen('confirmed'))).toEqual(['pending', 'unseen', 'replaced', 'unattributed'])
    expect(statesOf('reorg', seen('confirmed'), { name: 'unseen' })).toEqual(['confirmed'])
    expect(look(seen('confirmed'), { name: 'pending' }).event).toEqual({ type: 'reorged', tipHeight: TIP })
  })

  const stuck = { name: 'confirmed', depth: 12 } as const
  test.each<[string, Partial<Verdict>, string]>([
    ['twelve deep', stuck, 'not_locked'],
    ['eleven deep', { ...stuck, depth: 11 }, 'wait_confirmed'],
    ['twelve deep and locked', { ...stuck, locked: true }, 'wait_confirmed'],
    ['twelve deep with the peer away', { ...stuck, peerConnected: false }, 'wait_confirmed'],
    ['twelve deep, and the node does not answer', { ...stuck, peerConnected: null }, 'wait_confirmed'],
  ])('needs attention when the channel does not move to it: %s', (_says, verdict, row) =>
    expect(look(seen('confirmed'), verdict).rule).toBe(row),
  )

  test('is asked about by that name, and only as long as it is confirmed', () => {
    expect(look(seen('confirmed'), stuck).event).toMatchObject({
      type: 'attention_needed',
      code: 'not_locked',
    })
    expect(statesOf('not_locked', seen('confirmed'), stuck)).toEqual(['confirmed'])
    expect(verdictsOf('not_locked', seen('confirmed'), stuck)).toEqual(['confirmed'])
  })
})

describe('a settled one', () => {
  const moved = { blockMoved: true } as const

  test('is pending again when its block left the chain and took its depth', () => {
    expect(verdictsOf('reorg_after_settling', seen('settled'), moved)).toEqual([
      'confirmed',
      'pending',
      'unseen',
      'replaced',
      'unattributed',
    ])
    expect(look(seen('settled'), { ...moved, name: 'unseen' }).event).toEqual({
      type: 'reorged',
      tipHeight: TIP,
    })
    expect(statesOf('reorg_after_settling', seen('settled'), { ...moved, name: 'unseen' })).toEqual(['settled'])
  })

  test.each<[string, Partial<Verdict>, string]>([
    ['another block as deep', { ...moved, name: 'confirmed', atFinalDepth: true }, 'ended'],
    ['another block less deep', { ...moved, name: 'confirmed' }, 'reorg_after_settling'],
    ['something else in its place, final', { ...moved, name: 'replaced', atFinalDepth: true }, 'reorg_after_settling'],
    ['a source that does not show it, without a reorg', { name: 'unseen' }, 'ended'],
  ])('stays so where nothing was taken from it: %s', (_says, verdict, row) =>
    expect(look(seen('settled'), verdict).rule).toBe(row),
  )
})

test('evidence corrects one that ended without effect', () => {
  expect(statesOf('correct', seen('failed'), { name: 'pending' })).toEqual(['failed', 'cancelled'])
  expect(verdictsOf('correct', seen('cancelled'))).toEqual(['final', 'confirmed', 'pending'])
  expect(look(seen('failed'), { name: 'pending' }).event).toEqual({ type: 'corrected' })
})

describe('the watch after an end', () => {
  const watched = (untilHeight: number | null): Splice => seen('settled', { watch: { from: FUNDING, untilHeight } })
  test.each<[string, Splice, Partial<Verdict>, string]>([
    ['goes on while nothing is spent', watched(TIP + 1), {}, 'ended'],
    ['ends when both outpoints are spent', watched(TIP + 1), { watchedSpent: true }, 'watch_over'],
    ['ends at its height', watched(TIP), {}, 'watch_over'],
    ['goes on without a height', watched(null), {}, 'ended'],
    ['goes on while no height is known', watched(1), { tipHeight: null }, 'ended'],
    ['is not there to end', seen('settled'), { watchedSpent: true }, 'ended'],
  ])('%s', (_says, splice, verdict, row) => expect(look(splice, verdict).rule).toBe(row))

  test('ends once, whatever the end was', () => {
    expect(look(watched(TIP)).event).toEqual({ type: 'watch_ended' })
    expect(statesOf('watch_over', watched(TIP), {})).toEqual(['settled', 'failed', 'cancelled'])
  })
})

test('what none of this concerns waits, and does nothing', () => {
  const waits: [SpliceState, string][] = [
    ['pending', 'wait_pending'],
    ['confirmed', 'wait_confirmed'],
    ['settled', 'ended'],
    ['failed', 'ended'],
    ['cancelled', 'ended'],
    ['needs_attention', 'attended'],
  ]
  for (const [state, row] of waits)
    expect(look(seen(state), { name: 'not_known' })).toMatchObject({ rule: row, event: null, act: null })
})
