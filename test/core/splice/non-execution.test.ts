import { describe, expect, test } from 'vitest'
import { nonExecutionProofOf, followedByTaken, type NonExecutionFacts } from '../../../core/splice/non-execution.ts'
import type { Attempt, NonExecutionProof, Splice } from '../../../core/splice/splice.ts'
import type { Verdict, VerdictName } from '../../../core/splice/verdict.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aVerdict } from '../../../harness/verdicts.ts'
import { anAttempt, taken } from '../../../harness/records/attempts.ts'
import { NOW, policy } from '../../../harness/values.ts'

const FENCE = NOW - 3_000_000
const QUIET_SINCE = NOW - 1_000_000

type Given = {
  readonly attempt?: Partial<Attempt>
  readonly others?: readonly Attempt[]
  readonly splice?: Partial<Splice>
  readonly verdict?: Partial<Verdict>
  readonly quietAbsenceMs?: number | null
  readonly quietMs?: number
}

function rule(rules: readonly NonExecutionProof[], given: Given): NonExecutionProof | null {
  const attempt = anAttempt({ fenceAt: FENCE, ...given.attempt })
  const attempts = [attempt, ...(given.others ?? [])]
  const facts: NonExecutionFacts = {
    splice: aSubmittedSplice({ quietSince: QUIET_SINCE, ...given.splice, attempts }),
    attempt,
    verdict: aVerdict(given.verdict),
    quietAbsenceMs: given.quietAbsenceMs ?? null,
    now: NOW,
    policy: { ...policy, quietMs: given.quietMs ?? policy.quietMs },
  }
  return nonExecutionProofOf(facts, rules)
}

type Case = readonly [says: string, given: Given, notExecuted: boolean]

function table(id: NonExecutionProof, cases: readonly Case[]): void {
  test.each(cases)('%s', (_says, given, notExecuted) => expect(rule([id], given)).toBe(notExecuted ? id : null))
}

describe('a restart of the process proves nothing until it is certain, and quiet since', () => {
  const started = (at: number, more: Given = {}): Given => ({
    ...more,
    verdict: { processStarts: [at], ...more.verdict },
  })
  const after = FENCE + 60_000
  const named = (name: VerdictName): Given => started(after, { verdict: { name } })
  table('process_restarted', [
    ['a start before the margin has passed', started(after - 1), false],
    ['a start when the margin has passed', started(after), true],
    ['a start before the fence', started(FENCE - 1), false],
    ['no start', {}, false],
    ['one of several starts', { verdict: { processStarts: [FENCE, after] } }, true],
    ['no fence', started(after, { attempt: { fenceAt: null } }), false],
    ['no fence, and no quiet is asked for', started(after, { attempt: { fenceAt: null }, quietMs: 0 }), false],
    ['the fence is the answer', started(after, { attempt: { fenceAt: null, result: taken(FENCE) } }), true],
    ['a later answer than the start', started(after, { attempt: { result: taken(after) } }), false],
    ['not quiet', started(after, { splice: { quietSince: null } }), false],
    ['quiet for just too short', started(after, { splice: { quietSince: NOW - 179_999 } }), false],
    ['quiet for long enough', started(after, { splice: { quietSince: NOW - 180_000 } }), true],
    ['quiet, but not since the start', started(NOW - 179_999), false],
    ['quiet since the start', started(NOW - 180_000), true],
    ['the peer is away', started(after, { verdict: { peerConnected: false } }), false],
    ['no look at the node', started(after, { verdict: { peerConnected: null } }), false],
    ['something stirs', started(after, { verdict: { isBusy: true } }), false],
    ['the funding outpoint is not known unspent', named('not_known'), false],
    ['a candidate is in the mempool', named('pending'), false],
    ['another splice moved the channel', named('foreign'), true],
    ['another splice is on its way', named('foreign_pending'), false],
    ['something is not attributed', named('unattributed'), false],
  ])

  test('a node for which the rule does not hold is not believed dead by it', () => {
    expect(rule(['quiet_absence'], started(after))).toBeNull()
  })
})

describe('the overlap guard proves the earlier of two splices-out dead', () => {
  const later = anAttempt({ number: 2, result: taken() })
  const [first, third] = [anAttempt(), anAttempt({ number: 3 })]
  test.each<[string, Partial<Splice>, Attempt[], boolean]>([
    ['a later one was taken', {}, [first, later], true],
    ['a later one is not answered yet', {}, [first, anAttempt({ number: 2, result: null })], false],
    ['a later one is unknown', {}, [first, anAttempt({ number: 2 })], false],
    ['an earlier one was taken', {}, [third, later], false],
    ['itself was taken', {}, [later], false],
    ['a splice-in', { kind: 'splice_in' }, [first, later], false],
  ])('%s', (_says, splice, attempts, notExecuted) => {
    const [attempt] = attempts
    if (attempt === undefined) throw new Error('no attempt')
    expect(followedByTaken(aSubmittedSplice({ ...splice, attempts }), attempt)).toBe(notExecuted)
  })

  test('but in a look nothing follows from it: the node may have got the guard since', () => {
    expect(rule(['overlap_guard'], { others: [later] })).toBeNull()
  })
})

describe('quiet by the word of the operator, or of a node that shows enough', () => {
  const quiet = (since: number | null, quietAbsenceMs: number | null = null): Given => ({
    splice: { quietSince: since },
    quietAbsenceMs,
  })
  describe('quiet_absence', () =>
    table('quiet_absence', [
      ['no word', quiet(QUIET_SINCE), false],
      ['shorter than said', quiet(NOW - 599_999, 600_000), false],
      ['as long as said', quiet(NOW - 600_000, 600_000), true],
      ['not quiet', quiet(null, 1), false],
      ['no fence and no answer', { ...quiet(QUIET_SINCE, 1), attempt: { fenceAt: null } }, false],
      ['quiet since before the fence', { ...quiet(FENCE - 1, 600_000), attempt: { fenceAt: NOW - 1 } }, false],
    ]))
  const hungUp = (at: number): Given => ({
    attempt: { fenceAt: null, result: { type: 'unknown', message: '', at } },
  })
  const answered = (at: number): Given => ({ attempt: { fenceAt: null, result: taken(at) } })
  for (const id of ['single_commitment', 'node_idle'] as const) {
    describe(id, () =>
      table(id, [
        ['less than two quiescence timeouts', quiet(NOW - 119_999), false],
        ['two quiescence timeouts', quiet(NOW - 120_000), true],
        ['not quiet', quiet(null), false],
        ['no fence and no answer', { ...quiet(QUIET_SINCE), attempt: { fenceAt: null, result: null } }, false],
        ['no fence, two timeouts after the hang-up', hungUp(NOW - 120_000), true],
        ['no fence, less than two after the hang-up', hungUp(NOW - 119_999), false],
        ['no fence, two timeouts after it was taken', answered(NOW - 120_000), true],
        ['no fence, less than two after it was taken', answered(NOW - 119_999), false],
        ['the peer is away', { ...hungUp(FENCE), verdict: { peerConnected: false } }, false],
        ['the funding outpoint is not known unspent', { ...hungUp(FENCE), verdict: { name: 'not_known' } }, false],
        ['a candidate stirs', { ...hungUp(FENCE), verdict: { isBusy: true } }, false],
      ]),
    )
  }
})

describe('Core Lightning: the step of no return, and the disconnect', () => {
  const steps = (name: string) => [{ name, at: FENCE }]
  describe('no_return_not_reached', () =>
    table('no_return_not_reached', [
      ['its journal stops before', { attempt: { steps: steps('splice_init') } }, true],
      ['commitments were secured', { attempt: { steps: steps('splice_update_secured') } }, false],
      ['it was signed', { attempt: { steps: steps('splice_signed') } }, false],
      ['the fence falls now', { attempt: { fenceAt: NOW } }, true],
      ['the fence is still to come', { attempt: { fenceAt: NOW + 1 } }, false],
      ['no fence', { attempt: { fenceAt: null } }, false],
    ]))
  describe('disconnected_since', () =>
    table('disconnected_since', [
      ['never seen disconnected', {}, false],
      ['quiet since', { attempt: { seenDisconnectedAt: NOW - 1 } }, true],
      ['seen disconnected just now', { attempt: { seenDisconnectedAt: NOW } }, false],
      ['not quiet', { attempt: { seenDisconnectedAt: FENCE }, splice: { quietSince: null } }, false],
    ]))
})

describe('what is asked in every look', () => {
  const another = anAttempt({ number: 2 })
  const refused: Attempt['result'] = { type: 'refused', class: 'invalid', message: '', at: NOW }
  const atFinalDepth = (name: VerdictName): Given => ({ verdict: { name, atFinalDepth: true } })
  const fresh = (name: VerdictName): Given => ({ verdict: { name, atFinalDepth: false } })
  const cases: (readonly [string, Given, NonExecutionProof | null])[] = [
    ['refused', { ...fresh('not_known'), attempt: { result: refused } }, 'refused'],
    ['not answered yet', { attempt: { result: null } }, null],
    ['the close is final', atFinalDepth('closed'), 'channel_closed'],
    ['the close is fresh', fresh('closed'), null],
    ['its transaction lost, final', atFinalDepth('replaced'), 'conflict_final'],
    ['another splice moved the channel, final, and the node may still hold it', atFinalDepth('foreign'), null],
    ['its transaction lost, not final', fresh('replaced'), null],
    ['its transaction lost, another is alive', { ...atFinalDepth('replaced'), others: [another] }, null],
    [
      'its transaction lost, another is alive, the channel is gone',
      { verdict: { name: 'replaced', atFinalDepth: true, channelGone: true }, others: [another] },
      'conflict_final',
    ],
    [
      'its transaction lost, another is dead',
      { ...atFinalDepth('replaced'), others: [{ ...another, notExecuted: { proof: 'refused', at: NOW } }] },
      'conflict_final',
    ],
    ['taken, and nothing else', { attempt: { result: taken() } }, null],
    ['dead already', { attempt: { notExecuted: { proof: 'operator', at: 1 } }, ...atFinalDepth('closed') }, 'operator'],
  ]
  test.each(cases)('%s', (_says, given, expected) => expect(rule([], given)).toBe(expected))
})
