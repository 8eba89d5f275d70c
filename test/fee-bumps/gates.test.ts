import { describe, expect, test } from 'vitest'
import {
  askedFeeRateSatPerKw,
  bumpGates,
  canBump,
  priceShut,
  readBumpGates,
} from '../../core/decision/fee-bump-gates.ts'
import { classify } from '../../core/decision/classify.ts'
import type { GateFacts } from '../../core/decision/gate.ts'
import type { Observation } from '../../core/decision/observation.ts'
import type { Attempt, Bump, Splice } from '../../core/splice/splice.ts'
import { aTxid, FUNDING, NOW, policy } from '../../harness/values.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice, FIRST } from '../../harness/records/bumps.ts'
import { aCandidate, anAttempt, aRefusedAttempt, taken } from '../../harness/records/attempts.ts'
import { aChain, aChainWith } from '../../harness/looks/chain.ts'
import { aChannel, aLook, capabilities } from '../../harness/looks/node.ts'
import { aHeldLease, aNodeSeen } from '../../harness/records/states.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'
import { aSplicing } from '../../harness/transactions.ts'

type Given = {
  readonly splice?: Partial<Splice>
  readonly bump?: Partial<Bump>
  readonly observation?: Partial<Observation>
}

function facts({ splice = {}, bump = {}, observation = {} }: Given = {}): GateFacts {
  const pending = aPendingSplice({ bumps: [aBump(bump)], ...splice })
  const seen = aPendingObservation(observation)
  return { splice: pending, observation: seen, verdict: classify(pending, seen, policy), now: NOW, policy }
}

function shut(gate: string, given: Given): string | null {
  const reading = readBumpGates(facts(given)).find((candidate) => candidate.name === gate)
  if (reading === undefined) throw new Error(`no gate ${gate}`)
  return reading.shut?.code ?? null
}

const RIVAL = aSplicing(FUNDING, 800_000)

type Case = readonly [says: string, given: Given, shut: string | null]

test('they are read in order, each says why it is shut, and all are open where nothing speaks against it', () => {
  expect(bumpGates.map(({ name }) => name)).toEqual([
    'fence',
    'node',
    'channel',
    'unconfirmed',
    'lock_depth',
    'able',
    'quiet',
    'backoff',
    'price',
    'lease',
    'attempts',
  ])
  expect(readBumpGates(facts()).map((reading) => reading.shut)).toEqual(Array.from({ length: 11 }, () => null))
})

test('there are none without an open bump', () => {
  const ended = aPendingSplice({ bumps: [anEndedBump('done')] })
  expect(readBumpGates({ ...facts(), splice: ended })).toEqual([])
  expect(readBumpGates({ ...facts(), splice: aPendingSplice() })).toEqual([])
})

describe('gate fence: a request that may still reach the node shuts it, the splice’s and the bump’s', () => {
  const late = { fenceAt: NOW + 1 }
  const bumps = (...attempts: Attempt[]): Given => ({ bump: { attempts } })
  const submits = (...attempts: Attempt[]): Given => ({ splice: { attempts } })
  const cases: Case[] = [
    ['a fence of the bump just passed', bumps(aBumpAttempt({ fenceAt: NOW - 1 })), null],
    ['a fence of the bump that falls now', bumps(aBumpAttempt({ fenceAt: NOW })), 'fence'],
    ['a fence of the bump to come', bumps(aBumpAttempt(late)), 'fence'],
    ['the same, but taken before', bumps(aBumpAttempt({ ...late, result: taken(NOW - 1) })), null],
    ['the same, but refused', bumps(aRefusedAttempt({ ...late, kind: 'bump' })), null],
    ['one of two of the bump', bumps(aBumpAttempt(), aBumpAttempt({ number: 2, ...late })), 'fence'],
    [
      'a fence to come of a bump that was given up',
      { splice: { bumps: [anEndedBump('abandoned', { attempts: [aBumpAttempt(late)] }), aBump()] } },
      'fence',
    ],
    ['no fence, not answered', bumps(aBumpAttempt({ fenceAt: null, result: null })), 'fence'],
    ['a fence of the splice just passed', submits(anAttempt({ fenceAt: NOW - 1 })), null],
    ['a fence of the splice to come', submits(anAttempt(late)), 'fence'],
    ['the same, but dead', submits(anAttempt({ ...late, notExecuted: { proof: 'operator', at: NOW } })), null],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('fence', given)).toBe(code))
})

describe('gate node: the node must be the pinned one, sane, and at the height of the chain source', () => {
  const node = (overrides: Parameters<typeof aLook>[0]): Given => ({
    observation: { node: aLook({ capabilities: capabilities({ bump: true }), ...overrides }) },
  })
  const paused = aNodeSeen({ paused: { at: NOW, message: 'no' } })
  const cases: Case[] = [
    ['no look', { observation: { node: null, channel: null } }, 'node_unreachable'],
    ['another node id', node({ nodeId: `02${'9'.repeat(64)}` }), 'node_identity'],
    ['paused', { observation: { nodeState: paused } }, 'node_paused'],
    ['syncing', node({ synced: false }), 'node_syncing'],
    ['a look of a minute ago', node({ observedAt: NOW - 60_000 }), null],
    ['an older look', node({ observedAt: NOW - 60_001 }), 'node_stale'],
    ['no chain source', { observation: { chain: null } }, 'chain'],
    ['a tip one block away', node({ tipHeight: 199 }), null],
    ['a tip two blocks away', node({ tipHeight: 198 }), 'tips_differ'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('node', given)).toBe(code))
})

describe('gates channel to able: the channel, the candidate, the lock depth, and what the node can', () => {
  const channel = (overrides: Parameters<typeof aChannel>[0]): Given => ({
    observation: { channel: aChannel(overrides) },
  })
  const can = (overrides: Parameters<typeof capabilities>[0], kind: Splice['kind'] = 'splice_out'): Given => ({
    splice: { kind },
    observation: { node: aLook({ capabilities: capabilities({ bump: true, ...overrides }) }) },
  })
  const chain = (view: Observation['chain']): Given => ({ observation: { chain: view } })
  const cases: (readonly [gate: string, ...Case])[] = [
    ['channel', 'not listed', { observation: { channel: null } }, 'channel_missing'],
    ['channel', 'closing', channel({ closing: true }), 'channel_not_ready'],
    ['channel', 'not ready', channel({ ready: false }), 'channel_not_ready'],
    ['channel', 'on another funding', channel({ funding: `${aTxid('9')}:1` }), 'funding_moved'],
    ['channel', 'no funding told', channel({ funding: null }), 'funding_moved'],
    ['channel', 'a candidate not to be seen, known from before', chain(aChain()), null],
    ['channel', 'another transaction in its place', chain(aChainWith(RIVAL, { effect: 'none' })), 'funding_moved'],
    ['channel', 'the peer away', channel({ peerConnected: false }), 'peer_away'],
    ['unconfirmed', 'in the mempool', {}, null],
    ['unconfirmed', 'in a block', chain(aChainWith(FIRST, { height: 200 })), 'unseen'],
    ['unconfirmed', 'not to be seen, known from before', chain(aChain()), null],
    ['unconfirmed', 'another in its place', chain(aChainWith(RIVAL, { effect: 'none' })), 'unseen'],
    ['unconfirmed', 'no chain source', chain(null), 'unseen'],
    ['unconfirmed', 'locked before, by the record', { splice: { lockedAt: NOW - 1 } }, 'unseen'],
    ['lock_depth', 'a lock depth of 1', channel({ lockDepth: 1 }), null],
    ['lock_depth', 'zero-conf', channel({ lockDepth: 0 }), 'zero_conf'],
    ['lock_depth', 'a lock depth that is not known', channel({ lockDepth: null }), 'zero_conf'],
    ['lock_depth', 'no channel', { observation: { channel: null } }, 'zero_conf'],
    ['able', 'bumps, guarded, a splice-out', can({}), null],
    ['able', 'bumps, guarded, a splice-in', can({}, 'splice_in'), 'bump_unsupported'],
    ['able', 'bumps, unguarded', can({ overlapGuard: false }), 'bump_unsupported'],
    ['able', 'bumps, checked', can({ overlapGuard: false, checksFunding: true }), null],
    ['able', 'bumps, checked, a splice-in', can({ checksFunding: true }, 'splice_in'), null],
    ['able', 'does not bump', can({ bump: false, checksFunding: true }), 'bump_unsupported'],
    ['able', 'no look: the gate node says so', { observation: { node: null, channel: null } }, null],
  ]
  test.each(cases)('gate %s: %s', (gate, _says, given, code) => expect(shut(gate, given)).toBe(code))

  test('gate unconfirmed: a channel that has moved to the candidate shuts it, even in the mempool', () => {
    const seen = facts()
    const locked = { ...seen, verdict: { ...seen.verdict, locked: true } }
    expect(readBumpGates(locked).find(({ name }) => name === 'unconfirmed')?.shut?.code).toBe('unseen')
  })
})

describe('gates quiet to backoff: quiet after an attempt that may live, and the backoff', () => {
  const alive = (quietSince: number | null): Given => ({ bump: { attempts: [aBumpAttempt()], quietSince } })
  const active = { observation: { channel: aChannel({ negotiation: 'active' }) } } as const
  const refused = { attempts: [aRefusedAttempt({ kind: 'bump' })] }
  const cases: (readonly [gate: string, ...Case])[] = [
    ['quiet', 'not asked for yet', {}, null],
    ['quiet', 'a negotiation runs', active, 'node_busy'],
    ['quiet', 'a negotiation runs although it is quiet', { ...active, ...alive(NOW - 180_000) }, 'node_busy'],
    ['quiet', 'not quiet', alive(null), 'quiet'],
    ['quiet', 'quiet for a millisecond less than three minutes', alive(NOW - 179_999), 'quiet'],
    ['quiet', 'quiet for three minutes', alive(NOW - 180_000), null],
    ['quiet', 'refused', { bump: refused }, null],
    ['backoff', 'no backoff', {}, null],
    ['backoff', 'backoff over', { bump: { nextAttemptAt: NOW } }, null],
    ['backoff', 'backing off', { bump: { nextAttemptAt: NOW + 1 } }, 'backoff'],
    ['backoff', "the splice's own backoff", { splice: { nextAttemptAt: NOW + 1 } }, null],
  ]
  test.each(cases)('gate %s: %s', (gate, _says, given, code) => expect(shut(gate, given)).toBe(code))
})

describe('gate price: what it may cost at worst, of a transaction of weight 596, and 400 that the node may add', () => {
  const priced = (
    ceiling: { maxFeeRateSatPerKw?: number; maxFeeSats?: number },
    { estimate = 2_000, told = null, ...more }: PriceGiven = {},
  ): Given => ({
    splice: {
      budget: { maxAttempts: 3, deadline: NOW + 1, maxFeeRateSatPerKw: null, maxFeeSats: null, ...ceiling },
    },
    bump: more.bump ?? {},
    observation: {
      node: aLook({ capabilities: capabilities({ bump: true, ...more.can }), feeRateSatPerKw: told }),
      chain: { ...(more.chain ?? aChainWith(FIRST)), feeRateSatPerKw: estimate },
    },
  })
  type PriceGiven = {
    readonly estimate?: number | null
    readonly told?: number | null
    readonly bump?: Partial<Bump>
    readonly can?: Parameters<typeof capabilities>[0]
    readonly chain?: ReturnType<typeof aChain>
  }
  const sets = { can: { setsFeeRate: true } }
  const cases: Case[] = [
    ['no ceiling, no estimate', priced({}, { estimate: null }), null],
    ['a ceiling, no estimate', priced({ maxFeeRateSatPerKw: 9_000 }, { estimate: null }), 'fee_unknown'],
    ['a ceiling for the fee, no estimate', priced({ maxFeeSats: 9_000 }, { estimate: null }), 'fee_unknown'],
    ['the worst case just at the ceiling', priced({ maxFeeRateSatPerKw: 3_000 }), null],
    ['the worst case over it', priced({ maxFeeRateSatPerKw: 2_999 }), 'fee_ceiling'],
    ['its fee just at the ceiling', priced({ maxFeeSats: 2_988 }), null],
    ['its fee over it', priced({ maxFeeSats: 2_987 }), 'fee_ceiling'],
    ['one of two ceilings is enough', priced({ maxFeeRateSatPerKw: 9_000, maxFeeSats: 2_987 }), 'fee_ceiling'],
    ['what the node tells counts', priced({ maxFeeRateSatPerKw: 2_000 }, { told: 2_000 }), null],
    [
      'a market below the replacement: the least replacement counts',
      priced({ maxFeeRateSatPerKw: 1_042 }, { estimate: 1 }),
      null,
    ],
    ['the least replacement over the ceiling', priced({ maxFeeRateSatPerKw: 1_041 }, { estimate: 1 }), 'fee_ceiling'],
    [
      'the transaction not to be seen, its fee known from before',
      priced({ maxFeeSats: 2_988 }, { chain: aChain() }),
      null,
    ],
    ['the same, over the ceiling', priced({ maxFeeSats: 2_987 }, { chain: aChain() }), 'fee_ceiling'],
    [
      'another transaction in its place',
      priced({ maxFeeRateSatPerKw: 9_000 }, { chain: aChainWith(RIVAL, { effect: 'none' }) }),
      'fee_unknown',
    ],
    [
      'what was asked for just at the ceiling, whatever the market',
      priced({ maxFeeRateSatPerKw: 2_500 }, { ...sets, bump: { feeRateSatPerKw: 2_500 } }),
      null,
    ],
    [
      'what was asked for over it',
      priced({ maxFeeRateSatPerKw: 2_499 }, { ...sets, bump: { feeRateSatPerKw: 2_500 } }),
      'fee_ceiling',
    ],
    ['what we choose just at the ceiling', priced({ maxFeeRateSatPerKw: 2_000 }, sets), null],
    ['what we choose over it', priced({ maxFeeRateSatPerKw: 1_999 }, sets), 'fee_ceiling'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('price', given)).toBe(code))

  test('without the fee of what stands, its weight is not known, and so no price', () => {
    const candidates = aPendingSplice().candidates.map((each) => ({ ...each, feeSats: null }))
    const given = priced({ maxFeeRateSatPerKw: 9_000 }, { chain: aChainWith(FIRST, { feeSats: null }) })
    expect(shut('price', { ...given, splice: { ...given.splice, candidates } })).toBe('fee_unknown')
  })

  test('its fee is rounded up: a fraction of a satoshi over the ceiling is over it', () => {
    // 1042 sat/kw × 996 are 1037.832 sat.
    expect(priceShut(facts(priced({ maxFeeSats: 1_038 })), 1_042)).toBeNull()
    expect(priceShut(facts(priced({ maxFeeSats: 1_037 })), 1_042)?.code).toBe('fee_ceiling')
  })
})

describe('gates lease to attempts: the lease, and the attempts of the bump', () => {
  const frozen = aHeldLease({ frozen: { cause: 'x', at: NOW, note: '' } })
  const used = (count: number): Given => ({
    bump: { attempts: Array.from({ length: count }, (_, n) => aBumpAttempt({ number: n + 1 })) },
  })
  const cases: (readonly [gate: string, ...Case])[] = [
    ['lease', 'no lease', { observation: { lease: null } }, 'lease'],
    ['lease', 'held by another', { observation: { lease: aHeldLease({ holder: 'spl_other' }) } }, 'lease'],
    ['lease', 'held by nobody', { observation: { lease: aHeldLease({ holder: null }) } }, 'lease'],
    ['lease', 'ours, but frozen', { observation: { lease: frozen } }, 'frozen'],
    ['attempts', 'two used', used(2), null],
    ['attempts', 'three used', used(3), 'attempts_spent'],
  ]
  test.each(cases)('gate %s: %s', (gate, _says, given, code) => expect(shut(gate, given)).toBe(code))
})

describe('what is asked of the node', () => {
  const sets = { node: aLook({ capabilities: capabilities({ bump: true, setsFeeRate: true }) }) }
  const market = { ...aChainWith(FIRST), feeRateSatPerKw: 3_000 }
  const unknown = aCandidate({ txid: FIRST.txid, feeRateSatPerKw: null })
  test.each<[string, Given, number | null]>([
    ['what the client asked for', { bump: { feeRateSatPerKw: 1_300 }, observation: sets }, 1_300],
    ['nothing, where the node chooses', {}, null],
    ['nothing, without a look', { observation: { node: null, channel: null } }, null],
    ['1 sat/vB more than what stands', { observation: { ...sets, chain: aChainWith(FIRST) } }, 1_250],
    [
      '1 sat/vB more than a replacement that stands, not than what it replaced',
      {
        splice: { candidates: [aCandidate({ txid: FIRST.txid, feeRateSatPerKw: 2_000 })] },
        observation: sets,
      },
      2_250,
    ],
    ['the estimate, where it is more', { observation: { ...sets, chain: market } }, 3_000],
    [
      'more than what is to be replaced, where nothing stands',
      { bump: { from: { txid: FIRST.txid, feeRateSatPerKw: 2_000 } }, observation: { ...sets, chain: null } },
      2_250,
    ],
    [
      'nothing, where the feerate that stands is not known',
      {
        splice: { candidates: [unknown] },
        bump: { from: { txid: FIRST.txid, feeRateSatPerKw: null } },
        observation: sets,
      },
      null,
    ],
  ])('%s', (_says, given, asked) => expect(askedFeeRateSatPerKw(aBump(given.bump), facts(given))).toBe(asked))
})

test.each([
  // bump, overlapGuard, checksFunding: a splice-out, a splice-in
  [false, false, false, false, false],
  [false, true, true, false, false],
  [true, false, false, false, false],
  [true, true, false, true, false],
  [true, false, true, true, true],
  [true, true, true, true, true],
])(
  'a node that bumps: %s, guards: %s, checks: %s, can be asked for a splice-out: %s, a splice-in: %s',
  (bump, overlapGuard, checksFunding, out, into) => {
    const can = { bump, overlapGuard, checksFunding }
    expect([canBump(can, 'splice_out'), canBump(can, 'splice_in')]).toEqual([out, into])
  },
)
