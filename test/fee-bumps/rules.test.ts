import { describe, expect, test } from 'vitest'
import { advance } from '../../core/decision/advance.ts'
import type { Observation } from '../../core/decision/observation.ts'
import { feeBumpRules } from '../../core/decision/rules/fee-bump.ts'
import type { Bump, Splice } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST, SECOND } from '../../harness/records/bumps.ts'
import { aCandidate, aRefusedAttempt } from '../../harness/records/attempts.ts'
import { aChain, aChainWith } from '../../harness/looks/chain.ts'
import { aChannel, aLook, capabilities } from '../../harness/looks/node.ts'
import { aCommitment, aSplicing, fundingOf } from '../../harness/transactions.ts'
import { aHeldLease } from '../../harness/records/states.ts'
import { FUNDING, NOW, policy, TIP } from '../../harness/values.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'

const CLOSE = aCommitment(FUNDING)
const RIVAL = aSplicing(FUNDING, 800_000)
const DEEP = TIP - 5
const able = (more: Parameters<typeof capabilities>[0] = {}) =>
  aLook({ capabilities: capabilities({ bump: true, ...more }) })

function look(splice: Splice, observation: Partial<Observation> = {}, now: Instant = NOW) {
  const seen = aPendingObservation({ at: now, ...observation })
  const advanced = advance(splice, seen, { now, policy })
  const bump = advanced.splice.bumps.at(-1) ?? null
  const said = advanced.splice.events.map(({ type }) => type)
  return { ...advanced, bump, said, act: advanced.decision.act }
}

/** One with an open bump. */
const bumping = (bump: Partial<Bump> = {}, overrides: Partial<Splice> = {}): Splice =>
  aPendingSplice({ bumps: [aBump(bump)], ...overrides })

/** One whose bump was asked for, fence passed, and quiet since. */
const asked = (bump: Partial<Bump> = {}): Splice =>
  bumping({ attempts: [aBumpAttempt()], quietSince: NOW - 180_000, lastLookAt: NOW - 60_000, ...bump })

test('an end is said after its bump has ended: the rows that end a bump come before those that end a splice', () => {
  expect(feeBumpRules.map(({ id }) => id)).toEqual([
    'bump_done',
    'bump_corrected',
    'bump_nothing_left',
    'bump_unsupported',
    'bump_not_relayed',
    'bump_spent',
    'bump',
    'auto_bump',
  ])
  const { rulesTaken: rulesTaken, said } = look(bumping(), { chain: aChainWith(FIRST, { height: TIP }) })
  expect(rulesTaken).toEqual(['bump_nothing_left', 'confirm', 'wait_confirmed'])
  expect(said).toEqual(['splice.bump_failed', 'splice.confirmed'])
})

describe('bump: an open one whose gates are open is asked for', () => {
  test('once, and nothing of it changes before it is journalled', () => {
    const splice = bumping()
    const { splice: after, act, rulesTaken: rulesTaken } = look(splice)
    expect(act).toBe('bump')
    expect(rulesTaken).toEqual(['bump'])
    expect(after.bumps).toEqual(splice.bumps)
  })

  test('although its transaction has left the mempool: a rise of the market is what bumps are for', () => {
    const { act, bump } = look(bumping(), { chain: aChain() })
    expect(act).toBe('bump')
    expect(bump?.outcome).toBeNull()
  })

  test.each<[string, Splice, Partial<Observation>, string]>([
    ['the node is away', bumping(), { node: null, channel: null }, 'bump_node_unreachable'],
    ['the peer is away', bumping(), { channel: aChannel({ peerConnected: false }) }, 'bump_peer_away'],
    ['it backs off', bumping({ nextAttemptAt: NOW + 1 }), {}, 'bump_backoff'],
    [
      'the lease is frozen',
      bumping(),
      { lease: aHeldLease({ frozen: { cause: '', at: 1, note: '' } }) },
      'bump_frozen',
    ],
    ['the fence has not passed', bumping({ attempts: [aBumpAttempt({ fenceAt: NOW + 1 })] }), {}, 'bump_fence'],
    ['it is not quiet', bumping({ attempts: [aBumpAttempt()] }), {}, 'bump_quiet'],
    ['a lock depth that is not known', bumping(), { channel: aChannel({ lockDepth: null }) }, 'bump_zero_conf'],
    [
      'it may cost too much',
      bumping({}, { budget: { ...aPendingSplice().budget, maxFeeSats: 1 } }),
      {},
      'bump_fee_ceiling',
    ],
  ])('it waits, and says for what: %s', (_says, splice, observation, code) => {
    const { act, bump, splice: after } = look(splice, observation)
    expect(act).toBeNull()
    expect(bump?.outcome).toBeNull()
    expect(after.waitingFor?.code).toBe(code)
    expect(after.waitingFor?.message).toMatch(/^Waiting for the transaction to confirm. Fee bump: .+/)
  })

  test('without one, it waits for the confirmation alone', () => {
    const { act, splice } = look(aPendingSplice({ bumps: [anEndedBump('abandoned')] }))
    expect(act).toBeNull()
    expect(splice.waitingFor?.code).toBe('confirmation')
  })

  test.each(['confirmed', 'needs_attention', 'settled'] as const)('not of one that is %s', (state) => {
    const locked = aChainWith(FIRST, { height: DEEP })
    expect(look(bumping({}, { state, attention: null }), { chain: locked }).act).toBeNull()
  })
})

describe('bump_done: a candidate with the wanted feerate stands', () => {
  const replaced = { chain: aChainWith(SECOND, { feeSats: 900 }) }

  test('in the mempool: the bump is done, the splice goes on, and both are candidates', () => {
    const { bump, splice, said, rulesTaken: rulesTaken } = look(bumping({ attempts: [aBumpAttempt()] }), replaced)
    expect(rulesTaken).toEqual(['bump_done', 'wait_pending'])
    expect(bump?.outcome).toEqual({
      result: 'done',
      code: 'replaced',
      message: 'a replacement was seen',
      txid: SECOND.txid,
      at: NOW,
    })
    expect(said).toEqual(['splice.bumped'])
    expect(splice.state).toBe('pending')
    expect(splice.candidates.map(({ txid }) => txid)).toEqual([FIRST.txid, SECOND.txid])
    expect(splice.timeline.at(-1)).toMatchObject({ status: 'pending', why: 'fee bump done', at: NOW })
  })

  test('in a block: it is said before the confirmation', () => {
    const { bump, splice, said } = look(bumping(), {
      chain: aChainWith(SECOND, { feeSats: 900, height: TIP }),
    })
    expect(bump?.outcome?.result).toBe('done')
    expect(splice.state).toBe('confirmed')
    expect(said).toEqual(['splice.bumped', 'splice.confirmed'])
  })

  test('it is not said again in the next look', () => {
    const first = look(bumping(), replaced)
    const second = look(first.splice, replaced, NOW + 60_000)
    expect(second.said).toEqual(['splice.bumped'])
    expect(second.splice.bumps).toEqual(first.splice.bumps)
  })

  test.each<[string, Partial<Bump>, Partial<Observation>, boolean]>([
    ['the candidate itself', {}, {}, false],
    // 600 sat of weight 596 are 1006 sat/kw.
    ['another one, a little more', {}, { chain: aChainWith(SECOND, { feeSats: 600 }) }, true],
    ['another one, not more', {}, { chain: aChainWith(SECOND, { feeSats: 596 }) }, false],
    ['less than asked for', { feeRateSatPerKw: 2_000 }, { chain: aChainWith(SECOND, { feeSats: 1_000 }) }, false],
    ['as asked for', { feeRateSatPerKw: 2_000 }, { chain: aChainWith(SECOND, { feeSats: 1_200 }) }, true],
    ['one without our effect', {}, { chain: aChainWith(RIVAL, { feeSats: 9_000, effect: 'none' }) }, false],
    ['nothing', {}, { chain: aChain() }, false],
  ])('seen: %s', (_says, given, observation, done) => {
    expect(look(bumping(given), observation).bump?.outcome?.result === 'done').toBe(done)
  })

  test('of one in need of attention as well', () => {
    const attention = { code: 'unseen', message: '' }
    const { bump, splice } = look(bumping({}, { state: 'needs_attention', attention }), replaced)
    expect(bump?.outcome?.result).toBe('done')
    expect(splice.state).toBe('pending')
  })
})

describe('bump_corrected: the replacement of a bump that was given up stands after all', () => {
  const replaced = { chain: aChainWith(SECOND, { feeSats: 900 }) }
  const given = (code: string) =>
    anEndedBump('abandoned', { outcome: { result: 'abandoned', code, message: 'x', txid: null, at: 1 } })

  test.each([
    ['not_relayed', true],
    ['budget_spent', true],
    ['nothing_to_replace', false],
    ['bump_unsupported', false],
    ['refused', false],
  ])('given up as %s: %s', (code, corrected) => {
    const { bump, said } = look(aPendingSplice({ bumps: [given(code)] }), replaced)
    expect(bump?.outcome?.result).toBe(corrected ? 'done' : 'abandoned')
    expect(bump?.outcome?.txid).toBe(corrected ? SECOND.txid : null)
    expect(said).toEqual(corrected ? ['splice.bumped'] : [])
  })

  test('is said once', () => {
    const first = look(aPendingSplice({ bumps: [given('not_relayed')] }), replaced)
    expect(look(first.splice, replaced, NOW + 60_000).said).toEqual(['splice.bumped'])
  })

  test('in a block as well, before the confirmation or after it', () => {
    const chain = aChainWith(SECOND, { feeSats: 900, height: TIP })
    expect(look(aPendingSplice({ bumps: [given('not_relayed')] }), { chain }).said).toEqual([
      'splice.bumped',
      'splice.confirmed',
    ])
    const confirmed = aPendingSplice({ state: 'confirmed', bumps: [given('budget_spent')] })
    expect(look(confirmed, { chain }).said).toEqual(['splice.bumped'])
  })

  test('not where the transaction that was to be replaced stands', () => {
    expect(look(aPendingSplice({ bumps: [given('not_relayed')] })).said).toEqual([])
  })

  test('only of the last bump, and never beside an open one', () => {
    const older = look(aPendingSplice({ bumps: [given('not_relayed'), given('refused')] }), replaced)
    expect(older.splice.bumps.map(({ outcome }) => outcome?.result)).toEqual(['abandoned', 'abandoned'])
    const open = aBump({ id: 'bmp_1' })
    const beside = look(aPendingSplice({ bumps: [given('not_relayed'), open] }), replaced)
    expect(beside.splice.bumps.map(({ outcome }) => outcome?.result)).toEqual(['abandoned', 'done'])
  })
})

describe('bump_nothing_left: what there was to replace is gone', () => {
  const gone: Partial<Observation> = { channel: null, node: able() }

  test.each<[string, Partial<Observation>, string]>([
    ['in a block', { chain: aChainWith(FIRST, { height: TIP }) }, 'the transaction is in a block'],
    ['final', { chain: aChainWith(FIRST, { height: DEEP }), ...gone }, 'the transaction is in a block'],
    [
      'replaced by another',
      { chain: aChainWith(RIVAL, { effect: 'none' }) },
      'another transaction, without this splice, has taken its place',
    ],
    [
      'replaced by a close',
      { chain: aChainWith(CLOSE, { effect: 'none' }) },
      'another transaction, without this splice, has taken its place',
    ],
    ['not listed any more', gone, 'the channel is closed'],
    ['zero-conf', { channel: aChannel({ lockDepth: 0 }) }, 'the channel is zero-conf'],
  ])('%s: abandoned, with the reason', (_says, observation, message) => {
    const { bump, said } = look(bumping(), observation)
    expect(bump?.outcome).toEqual({
      result: 'abandoned',
      code: 'nothing_to_replace',
      message,
      txid: null,
      at: NOW,
    })
    expect(said[0]).toBe('splice.bump_failed')
    expect(said.filter((type) => type === 'splice.bump_failed')).toHaveLength(1)
  })

  test.each(['confirmed', 'settled', 'failed', 'cancelled'] as const)(
    'one that is %s has nothing left, whatever the look shows',
    (state) => {
      const { bump } = look(bumping({}, { state }), { node: null, channel: null, chain: null })
      expect(bump?.outcome).toMatchObject({
        result: 'abandoned',
        code: 'nothing_to_replace',
        message: 'the splice can no longer be replaced',
      })
    },
  )

  test.each<[string, Partial<Observation>]>([
    ['the transaction left the mempool', { chain: aChain() }],
    ['the chain source is away', { chain: null }],
    ['the node is away', { node: null, channel: null }],
    ['the node is syncing and lists nothing', { channel: null, node: { ...able(), synced: false } }],
    ['the lock depth is not known', { channel: aChannel({ lockDepth: null }) }],
    ['the peer is away', { channel: aChannel({ peerConnected: false }) }],
  ])('it stays open while %s', (_says, observation) => {
    const { bump, splice } = look(bumping(), observation)
    expect(bump?.outcome).toBeNull()
    expect(splice.state).toBe('pending')
  })

  test('one in need of attention keeps its bump until there is nothing left', () => {
    const attention = { code: 'unseen', message: '' }
    const attended = bumping({}, { state: 'needs_attention', attention })
    expect(look(attended, { chain: aChain() }).bump?.outcome).toBeNull()
    const closed = look(attended, { chain: aChainWith(CLOSE, { effect: 'none' }) })
    expect(closed.bump?.outcome?.code).toBe('nothing_to_replace')
    expect(closed.splice.state).toBe('needs_attention')
  })

  test('a splice whose place another took, final, fails after its bump was given up', () => {
    const { said, splice } = look(bumping(), { chain: aChainWith(RIVAL, { effect: 'none', height: DEEP }) })
    expect(splice.state).toBe('failed')
    expect(said).toEqual(['splice.bump_failed', 'splice.failed'])
  })

  test('the answer of a bump that was given up changes nothing of the end', () => {
    const ended = look(bumping({ attempts: [aBumpAttempt({ result: null })] }), {
      chain: aChainWith(RIVAL, { effect: 'none', height: DEEP }),
    }).splice
    const again = look(ended, { chain: aChainWith(RIVAL, { effect: 'none', height: DEEP }) }, NOW + 1)
    expect(again.splice.events).toEqual(ended.events)
  })
})

describe('bump_unsupported: the node has lost what makes bumps safe', () => {
  test.each<[string, Partial<Observation>, boolean]>([
    ['the overlap guard is gone', { node: able({ overlapGuard: false }) }, true],
    ['it bumps no more', { node: able({ bump: false }) }, true],
    ['it checks instead', { node: able({ overlapGuard: false, checksFunding: true }) }, false],
    ['it is away', { node: null, channel: null }, false],
  ])('%s', (_says, observation, abandoned) => {
    const { bump, act, said } = look(bumping(), observation)
    expect(bump?.outcome?.code ?? null).toBe(abandoned ? 'bump_unsupported' : null)
    expect(said).toEqual(abandoned ? ['splice.bump_failed'] : [])
    if (abandoned) expect(act).toBeNull()
  })
})

describe('bump_not_relayed: the node signed a replacement that no chain source shows', () => {
  /** The outbound capacity is less by so much, and what a close would pay with it. */
  const moved = (sats: number) => ({
    channel: aChannel({ claimableSats: 600_000 - sats, outboundMsat: (600_000 - sats) * 1_000 }),
  })
  const reported = (signed: boolean, txid = SECOND.txid) => ({
    channel: aChannel({
      candidates: [
        { txid: FIRST.txid, signed: true },
        { txid, signed },
      ],
    }),
  })

  test.each<[string, Splice, Partial<Observation>, 'abandoned' | 'asked' | 'waits']>([
    ['nothing moved: it is asked for again', asked(), {}, 'asked'],
    ['the signs moved by a satoshi, which is rounding', asked(), moved(1), 'asked'],
    ['the signs moved', asked(), moved(2), 'abandoned'],
    // At worst 1500 sat/kw of weight 596: 894 sat.
    ['the outbound capacity fell by what a replacement may cost', asked(), moved(894), 'abandoned'],
    ['it fell by more, which is traffic', asked(), moved(895), 'asked'],
    ['it rose', asked(), moved(-24), 'asked'],
    [
      'without an estimate, a fall of up to the amount counts',
      asked(),
      { ...moved(50_000), chain: { ...aChainWith(FIRST), feeRateSatPerKw: null } },
      'abandoned',
    ],
    [
      'without an estimate, a larger one does not',
      asked(),
      { ...moved(50_001), chain: { ...aChainWith(FIRST), feeRateSatPerKw: null } },
      'asked',
    ],
    ['the signs moved, the transaction not to be seen', asked(), { ...moved(24), chain: aChain() }, 'abandoned'],
    ['the signs moved, and the lease is frozen', asked(), { ...moved(24), lease: null }, 'abandoned'],
    ['the node reports it, signed', asked(), reported(true), 'abandoned'],
    ['the node reports it, not signed yet', asked(), reported(false), 'asked'],
    ['the node reports the one that stands', asked(), reported(true, FIRST.txid), 'asked'],
    ['moved, but not asked for yet', bumping(), moved(24), 'asked'],
    ['reported, signed, but this bump was not asked for yet', bumping(), reported(true), 'asked'],
    ['moved, but not quiet for long enough', asked({ quietSince: NOW - 179_999 }), moved(24), 'waits'],
    ['moved, but the fence has not passed', asked({ attempts: [aBumpAttempt({ fenceAt: NOW })] }), moved(24), 'waits'],
    [
      'moved, all three attempts used',
      asked({ attempts: [1, 2, 3].map((number) => aBumpAttempt({ number })) }),
      moved(24),
      'abandoned',
    ],
  ])('%s', (_says, splice, observation, becomes) => {
    const { bump, act, said } = look(splice, observation)
    expect(bump?.outcome?.code ?? null).toBe(becomes === 'abandoned' ? 'not_relayed' : null)
    expect(act).toBe(becomes === 'asked' ? 'bump' : null)
    expect(said).toEqual(becomes === 'abandoned' ? ['splice.bump_failed'] : [])
  })

  test('one that was only ever refused is asked for again, whatever the signs: nobody can have signed it', () => {
    const refused = { attempts: [aRefusedAttempt({ kind: 'bump' })], quietSince: null }
    const { bump, act } = look(asked(refused), moved(24))
    expect(bump?.outcome).toBeNull()
    expect(act).toBe('bump')
  })
})

describe('bump_spent: another attempt would be due, and the three are used', () => {
  const three = { attempts: [1, 2, 3].map((number) => aBumpAttempt({ number })) }
  const two = { attempts: [1, 2].map((number) => aBumpAttempt({ number })) }
  test.each<[string, Splice, Partial<Observation>, boolean]>([
    ['three, quiet for long enough', asked(three), {}, true],
    ['two', asked(two), {}, false],
    ['three, not quiet for long enough', asked({ ...three, quietSince: NOW - 179_999 }), {}, false],
    ['three, the peer away', asked(three), { channel: aChannel({ peerConnected: false }) }, false],
    ['three, the channel not ready', asked(three), { channel: aChannel({ ready: false }) }, false],
    ['three, the transaction not to be seen', asked(three), { chain: aChain() }, true],
    ['three, backing off', asked({ ...three, nextAttemptAt: NOW + 1 }), {}, true],
    ['three, the lease lost', asked(three), { lease: null }, true],
    ['three, the node syncing', asked(three), { node: { ...able(), synced: false } }, true],
  ])('%s', (_says, splice, observation, abandoned) => {
    const { bump } = look(splice, observation)
    expect(bump?.outcome?.code ?? null).toBe(abandoned ? 'budget_spent' : null)
  })

  test('then it is asked for no more, and the splice waits for its transaction', () => {
    const { act, splice, said } = look(asked(three))
    expect(act).toBeNull()
    expect(said).toEqual(['splice.bump_failed'])
    expect(splice.waitingFor?.code).toBe('confirmation')
  })
})

test('an older candidate of an unknown fee, seen again, is no replacement', () => {
  const candidates = [
    aCandidate({ txid: FIRST.txid, feeSats: null, feeRateSatPerKw: null, seenAt: NOW - 120_000 }),
    aCandidate({ txid: SECOND.txid, feeRateSatPerKw: 1_510, seenAt: NOW - 90_000 }),
  ]
  const chain = { chain: aChainWith(FIRST, { feeSats: null }) }
  const bump = aBump({ from: { txid: SECOND.txid, feeRateSatPerKw: 1_510 } })
  expect(look(aPendingSplice({ candidates, bumps: [bump] }), chain).bump?.outcome).toBeNull()
})

test('the funding that a candidate makes is another outpoint: nothing is asked for there', () => {
  const channel = aChannel({ funding: fundingOf(FIRST) })
  expect(look(bumping(), { channel }).act).toBeNull()
})
