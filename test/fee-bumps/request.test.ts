import { describe, expect, test } from 'vitest'
import { acceptBump, type BumpFacts } from '../../core/accept/accept-fee-bump.ts'
import { SpliceState, type Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { aTxid, context, NOW } from '../../harness/values.ts'
import { aBump, anEndedBump, aPendingSplice, FIRST, SECOND } from '../../harness/records/bumps.ts'
import { aCandidate } from '../../harness/records/attempts.ts'
import { aChannelSeen, aNodeSeen, aNodeThat } from '../../harness/records/states.ts'

const chain = { height: 210, hash: aTxid('1'), seenAt: NOW, hashes: [], orphans: [] }
const seen: BumpFacts = { node: aNodeThat({ bump: true }), channel: aChannelSeen(), chain }
const setting: BumpFacts = { ...seen, node: aNodeThat({ bump: true, setsFeeRate: true }) }
const wish = (feeRateSatPerKw: number | null = null) => ({ id: 'bmp_9', bodyHash: 'body', feeRateSatPerKw })

/** What an asked bump is refused with; null: it is accepted. */
function refusal(splice: Partial<Splice>, facts: Partial<BumpFacts> = {}, feeRateSatPerKw: number | null = null) {
  const answer = acceptBump(aPendingSplice(splice), wish(feeRateSatPerKw), { ...seen, ...facts })
  return answer.ok ? null : answer.error
}

test('what is accepted opens a bump', () => {
  const accepted = acceptBump(aPendingSplice(), wish(), seen)
  expect(accepted).toEqual({
    ok: true,
    value: {
      type: 'bump_opened',
      id: 'bmp_9',
      by: 'client',
      bodyHash: 'body',
      feeRateSatPerKw: null,
      tipHeight: 210,
    },
  })
  if (accepted.ok) expect(step(aPendingSplice(), accepted.value, context).splice.bumps).toHaveLength(1)
})

test('before any block was seen, no height is claimed', () => {
  const accepted = acceptBump(aPendingSplice(), wish(), { ...seen, chain: null })
  expect(accepted.ok && accepted.value.tipHeight).toBeNull()
})

describe('what can be bumped', () => {
  test.each(SpliceState.options)('one that is %s', (state) => {
    const refused = refusal({ state })
    expect(refused?.code ?? null).toBe(state === 'pending' ? null : 'not_bumpable')
    if (refused !== null) expect(refused.message).toContain(state)
  })

  const ended = (count: number) => Array.from({ length: count }, (_, n) => anEndedBump('done', { id: `b${n}` }))
  test.each<[string, Partial<Splice>, Partial<BumpFacts>, string | null]>([
    ['without a transaction', { candidates: [] }, {}, 'not_bumpable'],
    ['with an open bump', { bumps: [aBump()] }, {}, 'bump_open'],
    ['with an open bump behind ended ones', { bumps: [...ended(9), aBump()] }, {}, 'bump_open'],
    ['bumped nine times', { bumps: ended(9) }, {}, null],
    ['bumped ten times', { bumps: ended(10) }, {}, 'bumps_spent'],
    ['a node that was never seen', {}, { node: null }, 'bump_unsupported'],
    ['a node that does not bump', {}, { node: aNodeSeen() }, 'bump_unsupported'],
    ['no guard', {}, { node: aNodeThat({ bump: true, overlapGuard: false }) }, 'bump_unsupported'],
    ['no guard, but checked', {}, { node: aNodeThat({ bump: true, overlapGuard: false, checksFunding: true }) }, null],
    ['a splice-in', { kind: 'splice_in' }, {}, 'bump_unsupported'],
    ['a splice-in, checked', { kind: 'splice_in' }, { node: aNodeThat({ bump: true, checksFunding: true }) }, null],
    ['zero-conf', {}, { channel: aChannelSeen({ lockDepth: 0 }) }, 'bump_unsupported'],
    ['a lock depth of 1', {}, { channel: aChannelSeen({ lockDepth: 1 }) }, null],
    ['a lock depth that is not known: the gate waits for it', {}, { channel: aChannelSeen({ lockDepth: null }) }, null],
    ['a channel that was never seen', {}, { channel: null }, null],
  ])('%s', (_says, splice, facts, code) => expect(refusal(splice, facts)?.code ?? null).toBe(code))

  test('no field is blamed for what is not about the body', () => {
    for (const splice of [{ state: 'queued' as const }, { bumps: [aBump()] }, { kind: 'splice_in' as const }])
      expect(refusal(splice)?.field).toBeUndefined()
  })
})

describe('the feerate asked for, over 1000 sat/kw', () => {
  const ceiling = (maxFeeRateSatPerKw: number | null) => ({
    budget: { ...aPendingSplice().budget, maxFeeRateSatPerKw },
  })
  const unknown = { candidates: [aCandidate({ txid: FIRST.txid, feeRateSatPerKw: null })] }
  const two = {
    candidates: [aCandidate({ txid: FIRST.txid }), aCandidate({ txid: SECOND.txid, feeRateSatPerKw: 2_400 })],
  }
  test.each<[string, Partial<Splice>, BumpFacts, number | null, string | null]>([
    ['where the node chooses', {}, seen, 5_000, 'fee_rate_unsupported'],
    ['none, where the node chooses', {}, seen, null, null],
    ['none, where the node takes one', {}, setting, null, null],
    ['below the least replacement', {}, setting, 1_041, 'fee_rate_too_low'],
    ['the least replacement', {}, setting, 1_042, null],
    ['below the least replacement of the newest', two, setting, 2_499, 'fee_rate_too_low'],
    ['the least replacement of the newest', two, setting, 2_500, null],
    ['over one of an unknown feerate', unknown, setting, 1, null],
    ['at the ceiling', ceiling(5_000), setting, 5_000, null],
    ['over it', ceiling(5_000), setting, 5_001, 'fee_rate_over_ceiling'],
    ['without a ceiling', ceiling(null), setting, 1_000_000, null],
    ['a ceiling under the least replacement', ceiling(1_000), setting, 1_042, 'fee_rate_over_ceiling'],
  ])('%s', (_says, splice, facts, asked, code) => {
    const refused = refusal(splice, facts, asked)
    expect(refused?.code ?? null).toBe(code)
    expect(refused?.field).toBe(code === null ? undefined : 'feeRateSatPerVb')
  })

  test('the best paying one is what has to be outbid, not the newest', () => {
    const candidates = [...two.candidates].reverse()
    expect(refusal({ candidates }, setting, 2_499)?.code).toBe('fee_rate_too_low')
    expect(refusal({ candidates }, setting, 2_500)).toBeNull()
  })

  test('a refusal says what would do, in sat/vB', () => {
    expect(refusal(two, setting, 1)?.message).toContain('at least 10 sat/vB')
    expect(refusal(ceiling(5_000), setting, 6_000)?.message).toContain('is 20 sat/vB')
  })

  test('what the splice is comes before what was asked for', () => {
    expect(refusal({ state: 'confirmed' }, {}, 5_000)?.code).toBe('not_bumpable')
    expect(refusal({ kind: 'splice_in' }, setting, 1)?.code).toBe('bump_unsupported')
  })
})
