import { describe, expect, test } from 'vitest'
import { noteLook } from '../../core/note.ts'
import type { Splice } from '../../core/splice.ts'
import type { Verdict } from '../../core/verdict.ts'
import { aTxid } from '../support/splices.ts'
import {
  aCandidate,
  aDeadAttempt,
  ANCHOR,
  anAttempt,
  aSubmittedSplice,
  aVerdict,
  context,
  NOW,
  policy,
  taken,
  TIP,
} from './builders.ts'

const SINCE = NOW - 200_000
const RECENT = NOW - 60_000

function note(splice: Partial<Splice>, verdict: Partial<Verdict> = {}): Splice {
  const before = aSubmittedSplice({ quietSince: SINCE, lastLookAt: RECENT, ...splice })
  return noteLook(before, aVerdict({ candidates: before.candidates, ...verdict }), context)
}

type Case = readonly [
  says: string,
  splice: Partial<Splice>,
  verdict: Partial<Verdict>,
  quietSince: number | null,
]

describe('quiet ends, or starts anew', () => {
  const cases: Case[] = [
    ['nothing happened: it goes on', {}, {}, SINCE],
    ['it starts', { quietSince: null }, {}, NOW],
    ['the peer is away', {}, { peerConnected: false }, null],
    ['something stirs', {}, { stirring: true }, null],
    ['the first look', { lastLookAt: null }, {}, NOW],
    ['a look 90 s ago', { lastLookAt: NOW - 90_000 }, {}, SINCE],
    ['a look more than 90 s ago', { lastLookAt: NOW - 90_001 }, {}, NOW],
    ['an answer that something is in flight', { inFlightAt: NOW - 5 }, {}, NOW - 5],
    ['one from before', { inFlightAt: SINCE - 5 }, {}, SINCE],
    ['a fence since', { attempts: [anAttempt({ fenceAt: NOW - 7 })] }, {}, NOW - 7],
    ['a fence that falls now', { attempts: [anAttempt({ fenceAt: NOW })] }, {}, NOW],
    ['a fence still to come', { attempts: [anAttempt({ fenceAt: NOW + 1 })] }, {}, null],
    ['no fence', { attempts: [anAttempt({ fenceAt: null })] }, {}, null],
    [
      'no fence, but taken',
      { attempts: [anAttempt({ fenceAt: null, result: taken(NOW - 9) })] },
      {},
      NOW - 9,
    ],
    ['the chain source cannot tell', {}, { name: 'not_known' }, SINCE],
    ['no look at the node', {}, { peerConnected: null }, SINCE],
    ['no attempt is alive', { attempts: [aDeadAttempt()] }, {}, null],
    ['a candidate was seen', { candidates: [aCandidate()] }, {}, null],
    ['it has ended', { state: 'failed' }, {}, null],
  ]
  test.each(cases)('%s', (_says, splice, verdict, since) =>
    expect(note(splice, verdict).quietSince).toBe(since),
  )

  test('a look that tells nothing about the node is no look: the gap goes on', () => {
    expect(note({}, { peerConnected: null }).lastLookAt).toBe(RECENT)
  })

  test('a peer that is away leaves nothing to count, and nothing to write: its return starts quiet anew', () => {
    const away = note({}, { peerConnected: false })
    expect(away).toMatchObject({ quietSince: null, lastLookAt: null })
    expect(noteLook(away, aVerdict({ peerConnected: false }), { now: NOW + 1, policy })).toEqual(away)
    const back = noteLook(away, aVerdict(), { now: NOW + 60_000, policy })
    expect(back.quietSince).toBe(NOW + 60_000)
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
  test('the close is buried', () => {
    const noted = note({}, { name: 'closed', buried: true })
    expect(noted.attempts[0]?.dead).toEqual({ rule: 'channel_closed', at: NOW })
    const later = noteLook(noted, aVerdict(), { now: NOW + 60_000, policy })
    expect(later.attempts[0]?.dead).toEqual({ rule: 'channel_closed', at: NOW })
  })

  test('nothing is proven', () => expect(note({}).attempts[0]?.dead).toBeNull())

  test('the quiet of this look counts for it', () => {
    const verdict = { processStarts: [NOW - 1_000_000] }
    expect(note({ quietSince: NOW - 180_000 }, verdict).attempts[0]?.dead?.rule).toBe('process_restarted')
    expect(note({ quietSince: NOW - 180_000, lastLookAt: null }, verdict).attempts[0]?.dead).toBeNull()
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
  test.each(cases)('%s', (_says, splice, name, expected) =>
    expect(note(splice, { name })).toMatchObject(expected),
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
    expect(note({ watch: { from: ANCHOR, untilHeight } }, { tipHeight }).watch).toEqual({
      from: ANCHOR,
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

  test('no more than fifty outpoints of the lineage are kept, the newest', () => {
    const lineage = Array.from({ length: 60 }, (_, n) => `${aTxid('a')}:${n}`)
    expect(note({}, { lineage }).lineage).toEqual(lineage.slice(10))
  })
})
