import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyVerdict } from '../../../core/splice/apply-verdict.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import type { Instant } from '../../../core/values/instant.ts'
import type { Verdict } from '../../../core/splice/verdict.ts'
import { aTxid, FUNDING, context, NOW, policy, TIP } from '../../../harness/values.ts'
import { aBump, aBumpAttempt, aPendingSplice } from '../../../harness/records/bumps.ts'
import { aCandidate, aNotExecutedAttempt, anAttempt, taken } from '../../../harness/records/attempts.ts'
import { aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aVerdict } from '../../../harness/verdicts.ts'

const SINCE = NOW - 200_000
const RECENT = NOW - 60_000

function note(splice: Partial<Splice>, verdict: Partial<Verdict> = {}): Splice {
  const before = aSubmittedSplice({ quietSince: SINCE, lastLookAt: RECENT, ...splice })
  return applyVerdict(before, aVerdict({ candidates: before.candidates, ...verdict }), context)
}

/** On a node without a fence: no answer, and we have hung up. */
const hungUp = (at: number) => anAttempt({ fenceAt: null, result: { type: 'unknown', message: '', at } })

type Case = readonly [says: string, splice: Partial<Splice>, verdict: Partial<Verdict>, quietSince: number | null]

describe('quiet ends, or starts anew', () => {
  const lost: Partial<Splice> = {
    state: 'pending',
    attempts: [anAttempt({ result: taken() })],
    candidates: [aCandidate()],
    bumps: [aBump({ attempts: [aBumpAttempt()] })],
  }
  const cases: Case[] = [
    ['nothing happened: it goes on', {}, {}, SINCE],
    ['it starts', { quietSince: null }, {}, NOW],
    ['the peer is away', {}, { peerConnected: false }, null],
    ['something stirs', {}, { isBusy: true }, null],
    ['the first look', { lastLookAt: null }, {}, NOW],
    ['a look 90 s ago', { lastLookAt: NOW - 90_000 }, {}, SINCE],
    ['a look more than 90 s ago', { lastLookAt: NOW - 90_001 }, {}, NOW],
    ['an answer that something is in flight', { inFlightAt: NOW - 5 }, {}, NOW - 5],
    ['one from before', { inFlightAt: SINCE - 5 }, {}, SINCE],
    ['a fence since', { attempts: [anAttempt({ fenceAt: NOW - 7 })] }, {}, NOW - 7],
    ['a fence that falls now', { attempts: [anAttempt({ fenceAt: NOW })] }, {}, NOW],
    ['a fence still to come', { attempts: [anAttempt({ fenceAt: NOW + 1 })] }, {}, null],
    ['no fence and no answer', { attempts: [anAttempt({ fenceAt: null, result: null })] }, {}, null],
    ['no fence, but hung up', { attempts: [anAttempt({ fenceAt: null })] }, {}, SINCE],
    ['no fence, and hung up since', { attempts: [hungUp(NOW - 8)] }, {}, NOW - 8],
    ['no fence, but taken', { attempts: [anAttempt({ fenceAt: null, result: taken(NOW - 9) })] }, {}, NOW - 9],
    ['the chain source cannot tell', {}, { name: 'not_known' }, SINCE],
    ['no look at the node', {}, { peerConnected: null }, SINCE],
    ['no attempt is alive', { attempts: [aNotExecutedAttempt()] }, {}, null],
    ['a candidate was seen', { candidates: [aCandidate()] }, {}, null],
    ['it has ended', { state: 'failed' }, {}, null],
    ['a candidate lost, and a bump may still run', lost, { name: 'replaced', atFinalDepth: true }, SINCE],
    ['the same, not final yet', lost, { name: 'replaced' }, null],
    ['the same, and something stirs', lost, { name: 'replaced', atFinalDepth: true, isBusy: true }, SINCE],
    ['the same, and it negotiates', lost, { name: 'replaced', atFinalDepth: true, negotiating: true }, null],
    ['a candidate at final depth', lost, { name: 'final', atFinalDepth: true }, null],
    ['a candidate lost, final, and no bump', { ...lost, bumps: [] }, { name: 'replaced', atFinalDepth: true }, null],
  ]
  test.each(cases)('%s', (_says, splice, verdict, since) => expect(note(splice, verdict).quietSince).toBe(since))

  test('a look that tells nothing about the node is no look: the gap goes on', () => {
    expect(note({}, { peerConnected: null }).lastLookAt).toBe(RECENT)
  })

  test('a peer that is away leaves nothing to count, and nothing to write: its return starts quiet anew', () => {
    const away = note({}, { peerConnected: false })
    expect(away).toMatchObject({ quietSince: null, lastLookAt: null })
    expect(applyVerdict(away, aVerdict({ peerConnected: false }), { now: NOW + 1, policy })).toEqual(away)
    const back = applyVerdict(away, aVerdict(), { now: NOW + 60_000, policy })
    expect(back.quietSince).toBe(NOW + 60_000)
  })
})

/** A look that comes `afterMs` after the one before it. */
type Look = {
  readonly sees: 'calm' | 'stir' | 'peer_away' | 'no_node' | 'no_chain'
  readonly afterMs: number
}

const SEQUENCES = { numRuns: 200, seed: 20_261_130 }
const looks = fc.array(
  fc.record({
    sees: fc.constantFrom<Look['sees'][]>('calm', 'calm', 'calm', 'stir', 'peer_away', 'no_node', 'no_chain'),
    afterMs: fc.constantFrom(0, 1, 30_000, 60_000, 60_000, 89_999, 90_000, 90_001, 400_000),
  }),
  { maxLength: 20 },
)

describe('over any sequence of looks at the same attempts', () => {
  const waiting = aSubmittedSplice({ attempts: [anAttempt({ fenceAt: NOW + 45_000 })], inFlightAt: NOW + 50 })
  const bumping = aPendingSplice({ bumps: [aBump({ attempts: [aBumpAttempt({ fenceAt: NOW + 45_000 })] })] })
  const subjects = [
    {
      whose: 'a splice',
      splice: waiting,
      calm: {},
      stir: { isBusy: true },
      quiet: (splice: Splice) => splice,
    },
    {
      whose: 'a bump',
      splice: bumping,
      calm: { name: 'pending', candidates: bumping.candidates },
      stir: { negotiating: true },
      quiet: (splice: Splice) => splice.bumps[0],
    },
  ] as const

  /** What each look leaves of the quiet, with the latest instant before which it cannot have begun. */
  function watch(subject: (typeof subjects)[number], sequence: readonly Look[]) {
    let splice = subject.splice
    let now = NOW
    let earliest: Instant = NOW + 45_000
    let lastTold: Instant | null = null
    return sequence.map(({ sees, afterMs }) => {
      now += afterMs
      const stir = sees === 'stir' ? subject.stir : {}
      const peerConnected = sees === 'no_node' ? null : sees !== 'peer_away'
      const name = sees === 'no_chain' ? 'not_known' : undefined
      const verdict = aVerdict({ ...subject.calm, ...stir, peerConnected, ...(name && { name }) })
      splice = applyVerdict(splice, verdict, { now, policy })
      if (sees === 'stir' || sees === 'peer_away') earliest = now
      if (sees === 'calm') {
        if (lastTold === null || now - lastTold > policy.quietGapMs) earliest = Math.max(earliest, now)
        lastTold = now
      }
      return { now, since: subject.quiet(splice)?.quietSince ?? null, earliest }
    })
  }

  test.each(subjects)('quiet of $whose never begins earlier than it did before', (subject) => {
    fc.assert(
      fc.property(looks, (sequence) => {
        const begun = watch(subject, sequence).flatMap(({ since }) => (since === null ? [] : [since]))
        expect(begun).toEqual(begun.toSorted((a, b) => a - b))
      }),
      SEQUENCES,
    )
  })

  test.each(subjects)('$whose counts as quiet only what was looked at, and saw calm', (subject) => {
    fc.assert(
      fc.property(looks, (sequence) => {
        for (const { now, since, earliest } of watch(subject, sequence)) {
          if (since === null) continue
          expect(since).toBeGreaterThanOrEqual(earliest)
          expect(since).toBeLessThanOrEqual(now)
        }
      }),
      SEQUENCES,
    )
  })

  test.each(subjects)('three minutes of calm looks are three minutes of quiet of $whose', (subject) => {
    fc.assert(
      fc.property(looks, fc.integer({ min: 10_000, max: 90_000 }), (sequence, everyMs) => {
        const calm = Array.from({ length: 1 + Math.ceil(policy.quietMs / everyMs) }, () => everyMs)
        const settled = [400_000, ...calm].map((afterMs): Look => ({ sees: 'calm', afterMs }))
        const last = watch(subject, [...sequence, ...settled]).at(-1)
        expect((last?.now ?? 0) - (last?.since ?? Infinity)).toBeGreaterThanOrEqual(policy.quietMs)
      }),
      SEQUENCES,
    )
  })
})

describe('a disconnect is noted once, and only after the fence', () => {
  const cases = [
    ['the peer is away', anAttempt({ fenceAt: NOW - 1 }), false, NOW],
    ['the peer is away before the fence', anAttempt({ fenceAt: NOW }), false, null],
    ['the peer is there', anAttempt(), true, null],
    ['nothing is known of the peer', anAttempt(), null, null],
    ['it was noted before', anAttempt({ seenDisconnectedAt: 5 }), false, 5],
    ['it was noted, and the peer is back', anAttempt({ seenDisconnectedAt: 5 }), true, 5],
  ] as const
  test.each(cases)('%s', (_says, attempt, peerConnected, seen) =>
    expect(note({ attempts: [attempt] }, { peerConnected }).attempts[0]?.seenDisconnectedAt).toBe(seen),
  )
})

describe('a proof of death is noted with its time, and never taken back', () => {
  test('the close is final', () => {
    const noted = note({}, { name: 'closed', atFinalDepth: true })
    expect(noted.attempts[0]?.notExecuted).toEqual({ proof: 'channel_closed', at: NOW })
    const later = applyVerdict(noted, aVerdict(), { now: NOW + 60_000, policy })
    expect(later.attempts[0]?.notExecuted).toEqual({ proof: 'channel_closed', at: NOW })
  })

  test('nothing is proven', () => expect(note({}).attempts[0]?.notExecuted).toBeNull())

  test('the quiet of this look counts for it', () => {
    const verdict = { processStarts: [NOW - 1_000_000] }
    expect(note({ quietSince: NOW - 180_000 }, verdict).attempts[0]?.notExecuted?.proof).toBe('process_restarted')
    expect(note({ quietSince: NOW - 180_000, lastLookAt: null }, verdict).attempts[0]?.notExecuted).toBeNull()
  })
})

describe('heights and times of what was found', () => {
  const cases = [
    ['unseen for the first time', { unseenSinceHeight: null }, 'unseen', { unseenSinceHeight: TIP }],
    ['unseen since before', { unseenSinceHeight: 150 }, 'unseen', { unseenSinceHeight: 150 }],
    ['seen again', { unseenSinceHeight: 150 }, 'pending', { unseenSinceHeight: null }],
    ['foreign for the first time', { foreignSinceHeight: null }, 'foreign', { foreignSinceHeight: TIP }],
    ['foreign since before', { foreignSinceHeight: 150 }, 'foreign', { foreignSinceHeight: 150 }],
    ['not foreign any more', { foreignSinceHeight: 150 }, 'absent', { foreignSinceHeight: null }],
  ] as const
  test.each(cases)('%s', (_says, splice, name, expected) => expect(note(splice, { name })).toMatchObject(expected))

  const end = `${aTxid('b')}:0`
  const unspent = [
    ['noted for the first time', null, [FUNDING], { name: 'absent' }, TIP],
    ['noted again after 36 blocks', TIP - 36, [FUNDING], { name: 'absent' }, TIP],
    ['not sooner', TIP - 35, [FUNDING], { name: 'absent' }, TIP - 35],
    ['of a new end of the funding history', TIP - 1, [FUNDING, end], { name: 'absent' }, TIP],
    ['a new end that nobody knows to be unspent', TIP - 1, [FUNDING, end], { name: 'not_known' }, null],
    ['not while the chain cannot tell', null, [FUNDING], { name: 'not_known' }, null],
    ['what was noted stays', TIP - 99, [FUNDING], { name: 'not_known' }, TIP - 99],
    ['not without a tip', null, [FUNDING], { name: 'absent', tipHeight: null }, null],
  ] as const
  test.each(unspent)(
    'the end of the funding history is unspent: %s',
    (_says, height, fundingHistory, verdict, expected) => {
      const noted = note({ unspentThroughHeight: height }, { fundingHistory: fundingHistory, ...verdict })
      expect(noted.unspentThroughHeight).toBe(expected)
    },
  )

  const locks = [
    ['locked', null, { name: 'confirmed', locked: true }, NOW],
    ['locked since before', 5, { name: 'confirmed', locked: true }, 5],
    ['final and locked', null, { name: 'final', locked: true }, NOW],
    ['confirmed, not locked', null, { name: 'confirmed', locked: false }, null],
    ['locked before, the node says nothing', 5, { name: 'confirmed', locked: false }, 5],
    ['the chain cannot tell', 5, { name: 'not_known', locked: false }, 5],
    ['its block is gone', 5, { name: 'pending', locked: true }, null],
    ['it was replaced', 5, { name: 'replaced', locked: false }, null],
  ] as const
  test.each(locks)('the lock: %s', (_says, lockedAt, verdict, expected) =>
    expect(note({ lockedAt }, verdict).lockedAt).toBe(expected),
  )

  const watches = [
    ['its end is set at the first look', null, TIP, TIP + 2016],
    ['its end stays', 150, TIP, 150],
    ['without a tip it waits', null, null, null],
  ] as const
  test.each(watches)('the watch: %s', (_says, untilHeight, tipHeight, expected) =>
    expect(note({ watch: { from: FUNDING, untilHeight } }, { tipHeight }).watch).toEqual({
      from: FUNDING,
      untilHeight: expected,
    }),
  )

  test('no watch is made up', () => expect(note({ watch: null }).watch).toBeNull())

  test('a candidate is seen when it is first noted, and keeps that time', () => {
    const noted = note({}, { candidates: [aCandidate({ seenAt: 0 }), aCandidate({ txid: aTxid('9') })] })
    expect(noted.candidates.map((candidate) => candidate.seenAt)).toEqual([NOW, NOW - 1])
  })

  test('no more than twenty candidates are kept: the newest, and whatever is in a block', () => {
    const block = { height: 1, hash: 'b' }
    const candidates = Array.from({ length: 22 }, (_, n) =>
      aCandidate({ txid: n.toString(16).padStart(64, '0'), seenAtHeight: 1, block: n === 0 ? block : null }),
    )
    expect(note({}, { candidates }).candidates).toEqual([candidates[0], ...candidates.slice(3)])
    expect(note({}, { candidates: candidates.slice(0, 20) }).candidates).toEqual(candidates.slice(0, 20))
  })

  test('no more than fifty outpoints of the funding history are kept, the newest', () => {
    const fundingHistory = Array.from({ length: 60 }, (_, n) => `${aTxid('a')}:${n}`)
    expect(note({}, { fundingHistory: fundingHistory }).fundingHistory).toEqual(fundingHistory.slice(10))
  })
})
