import { describe, expect, test } from 'vitest'
import { advance } from '../../core/decision/advance.ts'
import type { Bump, NonExecutionProof, Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import type { Verdict } from '../../core/splice/verdict.ts'
import { aBumpAttempt, anEndedBump, aPendingSplice } from '../../harness/records/bumps.ts'
import { aChainWith } from '../../harness/looks/chain.ts'
import { FUNDING, context, NOW, TIP } from '../../harness/values.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'
import { aRefusedAttempt, taken } from '../../harness/records/attempts.ts'
import { aSplicing } from '../../harness/transactions.ts'
import { aVerdict } from '../../harness/verdicts.ts'

const RIVAL = aSplicing(FUNDING, 800_000)
const FENCE = NOW - 600_000
const waiting = aBumpAttempt({ fenceAt: FENCE })
const lost: Partial<Verdict> = { name: 'replaced', atFinalDepth: true }
/** A start of the node's process 60 s after the fence, and quiet for longer than three minutes since. */
const restarted: Partial<Verdict> = { ...lost, processStarts: [FENCE + 60_000] }
const quiet = { quietSince: NOW - 300_000, lastLookAt: NOW - 60_000 }

function looked(attempts: Bump['attempts'], verdict: Partial<Verdict>, splice: Partial<Splice> = {}) {
  const before = aPendingSplice({ bumps: [anEndedBump('abandoned', { attempts })], ...splice })
  const candidates = before.candidates
  return step(before, { type: 'looked', verdict: aVerdict({ candidates, ...verdict }) }, context).splice
}
const rulesOf = ({ bumps }: Splice): (NonExecutionProof | null)[] =>
  bumps.flatMap(({ attempts }) => attempts.map(({ notExecuted }) => notExecuted?.proof ?? null))

describe('what a bump left at the node, once another transaction has taken the place of the candidate', () => {
  test.each<[string, Partial<Verdict>, Partial<Splice>, NonExecutionProof | null]>([
    ['final, and the channel gone', { ...lost, channelGone: true }, {}, 'channel_closed'],
    ['the channel gone, not final yet', { name: 'replaced', channelGone: true }, {}, null],
    ['final, and nothing proves anything', lost, quiet, null],
    ['final, a restart after the fence, and quiet since', restarted, quiet, 'process_restarted'],
    ['the same, not final yet', { ...restarted, atFinalDepth: false }, quiet, null],
    ['the same, not quiet', restarted, {}, null],
    ['the same, on a node without that proof', { ...restarted, nonExecutionProofs: [] }, quiet, null],
    ['a restart too close to the fence', { ...lost, processStarts: [FENCE + 59_999] }, quiet, null],
    ['quiet for as long as the operator said', { ...lost, quietAbsenceMs: 300_000 }, quiet, 'quiet_absence'],
    ['quiet for less', { ...lost, quietAbsenceMs: 300_001 }, quiet, null],
    ['quiet enough, on a node without that proof', { ...lost, quietAbsenceMs: 1, nonExecutionProofs: [] }, quiet, null],
    ['the candidate stands', { name: 'pending', atFinalDepth: true, channelGone: true }, {}, null],
  ])('%s', (_says, verdict, splice, rule) => {
    expect(rulesOf(looked([waiting], verdict, splice))).toEqual([rule])
  })

  test('only what may still be at the node is superseded; what is proven stays as it is', () => {
    const refused = aRefusedAttempt({ id: 'r', number: 1, kind: 'bump' })
    const before = aBumpAttempt({ number: 2, fenceAt: FENCE })
    const last = aBumpAttempt({ number: 3, result: taken(FENCE) })
    const after = looked([refused, before, last], { ...lost, channelGone: true })
    expect(rulesOf(after)).toEqual(['refused', null, 'channel_closed'])
    expect(after.bumps[0]?.attempts[0]).toEqual(refused)
  })
})

describe('a splice whose place another took, final, with a bump that may still be at the node', () => {
  const chain = aChainWith(RIVAL, { effect: 'none', height: TIP - 5 })
  const given = (attempts: Bump['attempts']) =>
    advance(
      aPendingSplice({ bumps: [anEndedBump('abandoned', { attempts })] }),
      aPendingObservation({ chain }),
      context,
    ).splice

  test('is not failed: the bump may still run as a second splice', () => {
    const splice = given([waiting])
    expect(splice.state).not.toBe('failed')
    expect(splice.failure).toBeNull()
  })

  test('is failed where nothing of a bump is alive', () => {
    for (const attempts of [[], [aRefusedAttempt({ kind: 'bump' })]])
      expect(given(attempts)).toMatchObject({ state: 'failed', failure: { proof: 'funding_spent' } })
  })
})
