import { describe, expect, test } from 'vitest'
import type { GateFacts } from '../../../core/decision/gate.ts'
import type { ChannelSnapshot, Obstacles } from '../../../core/ports/node.ts'
import { readGates } from '../../../core/decision/gates.ts'
import { worstFeeRateSatPerKw, worstFeeSats } from '../../../core/decision/worst-fee.ts'
import type { VerdictName } from '../../../core/splice/verdict.ts'
import { aTxid, NOW, policy } from '../../../harness/values.ts'
import {
  aCandidate,
  aNotExecutedAttempt,
  aRefusedAttempt,
  anAttempt,
  taken,
} from '../../../harness/records/attempts.ts'
import { aChain } from '../../../harness/looks/chain.ts'
import { aChannel, aLook, capabilities } from '../../../harness/looks/node.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'
import { aVerdict } from '../../../harness/verdicts.ts'
import { anObservation } from '../../../harness/looks/observation.ts'

function facts(overrides: Partial<GateFacts> = {}): GateFacts {
  return {
    splice: aLiveSplice(),
    observation: anObservation(),
    verdict: aVerdict(),
    now: NOW,
    policy,
    ...overrides,
  }
}

function shut(gate: string, overrides: Partial<GateFacts>): string | null {
  const reading = readGates(facts(overrides)).find((candidate) => candidate.name === gate)
  if (reading === undefined) throw new Error(`no gate ${gate}`)
  return reading.shut?.code ?? null
}

type Case = readonly [says: string, facts: Partial<GateFacts>, shut: string | null]

test('the gates are those of the design, in order, and all open where nothing speaks against it', () => {
  expect(readGates(facts()).map(({ name }) => name)).toEqual([
    'fence',
    'node',
    'channel',
    'funding_unspent',
    'no_candidate',
    'no_earlier_effect',
    'quiet',
    'budget',
    'lock_depth',
    'overlap',
  ])
  expect(readGates(facts()).filter((reading) => reading.shut !== null)).toEqual([])
})

const another = aChannel({ channelId: 'd'.repeat(64) })
const picking = (channels: readonly ChannelSnapshot[], leaseScope: 'channel' | 'node') =>
  facts({
    observation: anObservation({
      node: aLook({ channels, capabilities: capabilities({ leaseScope: leaseScope }) }),
    }),
  })

test.each<[string, GateFacts, string | null]>([
  ['its only channel', picking([aChannel()], 'node'), null],
  ['another one that it may pick', picking([aChannel(), another], 'node'), 'several_channels'],
  ['another one that is away', picking([aChannel(), { ...another, peerConnected: false }], 'node'), 'several_channels'],
  ['another one that is closing', picking([aChannel(), { ...another, closing: true }], 'node'), null],
  ['several channels, of which we name one', picking([aChannel(), another], 'channel'), null],
])('gate channel, a node that picks the channel itself: %s', (_says, given, code) => {
  expect(shut('channel', given)).toBe(code)
})

const standing = { fundingDepth: 6, announced: null, unsettledPayments: 0 }

test.each<[string, Partial<Obstacles>, string | null]>([
  ['none', {}, null],
  ['a funding of five confirmations', { fundingDepth: 5 }, 'funding_shallow'],
  ['an announcement from one side', { announced: false }, 'not_announced'],
  ['announced by both', { announced: true }, null],
  ['an unsettled payment', { unsettledPayments: 1 }, 'payments'],
])('gate channel, on a node that names what would break a splice: %s', (_says, obstacles, code) => {
  const channel = aChannel({ obstacles: { ...standing, ...obstacles } })
  expect(shut('channel', { observation: anObservation({ channel }) })).toBe(code)
})

const late = anAttempt({ fenceAt: NOW + 60_000 })

describe('gate fence: a request that may still reach the node shuts it', () => {
  const unanswered = { result: null, fenceAt: null }
  const cases: Case[] = [
    ['no attempt', { splice: aLiveSplice() }, null],
    ['a fence just passed', with1(anAttempt({ fenceAt: NOW - 1 })), null],
    ['a fence that falls now', with1(anAttempt({ fenceAt: NOW })), 'fence'],
    ['a fence still to come', with1(anAttempt({ fenceAt: NOW + 1 })), 'fence'],
    ['no fence and no answer', with1(anAttempt(unanswered)), 'fence'],
    ['no fence and an unknown answer', with1(anAttempt({ fenceAt: null })), 'fence'],
    ['no fence, taken before', with1(anAttempt({ fenceAt: null, result: taken(NOW - 1) })), null],
    ['no fence, taken just now', with1(anAttempt({ fenceAt: null, result: taken(NOW) })), 'fence'],
    ['a fence to come, but taken', with1({ ...late, result: taken(NOW - 1) }), null],
    ['a fence to come, answered with nothing known', with1(late), 'fence'],
    ['a fence to come, but dead', with1({ ...late, notExecuted: { proof: 'operator', at: NOW } }), null],
    ['one of two still on its way', withAll(anAttempt(), { ...late, number: 2 }), 'fence'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('fence', given)).toBe(code))
})

describe('gate node: the node must be the pinned one, sane, and at the height of the chain source', () => {
  const node = (overrides: Parameters<typeof aLook>[0]): Partial<GateFacts> => ({
    observation: anObservation({ node: aLook(overrides) }),
  })
  const tip = (height: number): Partial<GateFacts> => ({
    observation: anObservation({ chain: aChain({ tip: { height, hash: aTxid('e') } }) }),
  })
  const paused = aNodeSeen({ paused: { at: NOW, message: 'no' } })
  const cases: Case[] = [
    ['no look', { observation: anObservation({ node: null }) }, 'node_unreachable'],
    ['another node id', node({ nodeId: `02${'9'.repeat(64)}` }), 'node_identity'],
    ['another network', node({ network: 'signet' }), 'node_identity'],
    ['paused', { observation: anObservation({ nodeState: paused }) }, 'node_paused'],
    ['never written down', { observation: anObservation({ nodeState: null }) }, null],
    ['syncing', node({ synced: false }), 'node_syncing'],
    ['a look of a minute ago', node({ observedAt: NOW - 60_000 }), null],
    ['an older look', node({ observedAt: NOW - 60_001 }), 'node_stale'],
    ['no chain source', { observation: anObservation({ chain: null }) }, 'chain'],
    ['the source one block behind', tip(199), null],
    ['the source one block ahead', tip(201), null],
    ['the source two blocks behind', tip(198), 'tips_differ'],
    ['the source two blocks ahead', tip(202), 'tips_differ'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('node', given)).toBe(code))
})

describe('gate channel: the channel must be there, on the funding outpoint, and able to pay', () => {
  const channel = (overrides: Parameters<typeof aChannel>[0], more: Partial<GateFacts> = {}): Partial<GateFacts> => ({
    observation: anObservation({ channel: aChannel(overrides) }),
    ...more,
  })
  const elsewhere = { funding: `${aTxid('9')}:1` }
  const online = anObservation({
    channel: aChannel({ peerConnected: false }),
    node: aLook({ capabilities: capabilities({ queuesOffline: false }) }),
  })
  const splice = aSubmittedSplice()
  const notExecuted = aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })
  const cases: Case[] = [
    ['no look', { observation: anObservation({ node: null }) }, 'channel_missing'],
    ['not listed', { observation: anObservation({ channel: null }) }, 'channel_missing'],
    ['closing', channel({ closing: true }), 'channel_closing'],
    ['not ready', channel({ ready: false }), 'channel_not_ready'],
    ['no funding told', channel({ funding: null }), 'funding_moved'],
    ['off the funding outpoint with an attempt alive', channel(elsewhere, { splice }), 'funding_moved'],
    ['on the funding outpoint with an attempt alive', channel({}, { splice }), null],
    ['off the funding outpoint with every attempt dead', channel(elsewhere, { splice: notExecuted }), null],
    ['peer away, first attempt, a node that queues', channel({ peerConnected: false }), null],
    ['peer away, first attempt, a node that does not', { observation: online }, 'peer_away'],
    ['peer away, second attempt', channel({ peerConnected: false }, { splice: notExecuted }), 'peer_away'],
    ['amount and worst fee', channel({ outboundMsat: 51_500_000 }), null],
    ['a millisatoshi less', channel({ outboundMsat: 51_499_999 }), 'balance'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('channel', given)).toBe(code))

  test.each([
    [53_000, null],
    [51_499, 'balance'],
  ])('a splice-in is paid by the wallet (%i sat), not by the channel', (spendableSats, code) => {
    const observation = anObservation({
      node: aLook({ spendableSats }),
      channel: aChannel({ outboundMsat: 0 }),
    })
    expect(shut('channel', { splice: aLiveSplice({ kind: 'splice_in' }), observation })).toBe(code)
  })

  test('without any estimate only the amount is known to be needed', () => {
    const chain = aChain({ feeRateSatPerKw: null })
    const exactly = anObservation({ chain, channel: aChannel({ outboundMsat: 50_000_000 }) })
    const less = anObservation({ chain, channel: aChannel({ outboundMsat: 49_999_999 }) })
    expect([shut('channel', { observation: exactly }), shut('channel', { observation: less })]).toEqual([
      null,
      'balance',
    ])
  })

  test('the sentence says whose balance is missing', () => {
    const poor = anObservation({ channel: aChannel({ outboundMsat: 0 }), node: aLook({ spendableSats: 0 }) })
    const said = (kind: 'splice_in' | 'splice_out') =>
      readGates(facts({ splice: aLiveSplice({ kind }), observation: poor }))[2]?.shut?.message
    expect(said('splice_out')).toContain('the channel cannot pay')
    expect(said('splice_in')).toContain("the node's wallet cannot pay")
  })

  test.each([
    ['splice_out', 8_000_999, 'the channel', 'It can pay 8,000 sats; 42,000 sats are missing.'],
    ['splice_in', 0, "the node's wallet", 'It can pay 0 sats; 50,000 sats are missing.'],
    ['splice_out', 50_100_000, 'the channel', 'It can pay 50,100 sats, which leaves too little for the fee.'],
  ] as const)('the sentence says how much is missing -- %s with %i msat', (kind, msat, payer, missing) => {
    const poor = anObservation({
      channel: aChannel({ outboundMsat: msat }),
      node: aLook({ spendableSats: Math.floor(msat / 1_000) }),
    })
    const gate = readGates(facts({ splice: aLiveSplice({ kind }), observation: poor }))[2]
    expect(gate?.shut?.message).toBe(`Waiting for funds: ${payer} cannot pay the amount and the fee. ${missing}`)
  })
})

describe('gate funding_unspent: only an funding outpoint that is known unspent opens it', () => {
  const names: [VerdictName, string | null][] = [
    ['absent', null],
    ['not_known', 'chain'],
    ['final', 'funding_is_spent'],
    ['confirmed', 'funding_is_spent'],
    ['pending', 'funding_is_spent'],
    ['unseen', 'funding_is_spent'],
    ['replaced', 'funding_is_spent'],
    ['closed', 'funding_is_spent'],
    ['foreign', 'funding_is_spent'],
    ['foreign_pending', 'funding_is_spent'],
    ['unattributed', 'funding_is_spent'],
  ]
  test.each(names)('%s', (name, code) => expect(shut('funding_unspent', { verdict: aVerdict({ name }) })).toBe(code))
})

describe('gates no_candidate to no_earlier_effect: what is under way, and an effect that no attempt explains', () => {
  const cases: (readonly [string, ...Case])[] = [
    ['no_candidate', 'a candidate was seen', { splice: aSubmittedSplice({ candidates: [aCandidate()] }) }, 'node_busy'],
    ['no_candidate', 'something stirs at the node', { verdict: aVerdict({ isBusy: true }) }, 'node_busy'],
    ['no_candidate', 'nothing stirs', {}, null],
    ['no_earlier_effect', 'our effect', { verdict: aVerdict({ effectWithoutAttempt: aTxid('9') }) }, 'attribution'],
    ['no_earlier_effect', 'no effect', {}, null],
  ]
  test.each(cases)('gate %s: %s', (gate, _says, given, code) => expect(shut(gate, given)).toBe(code))
})

describe('gate quiet: an attempt that may live is followed only after quiet', () => {
  const quiet = (since: number | null): Partial<GateFacts> => ({
    splice: aSubmittedSplice({ quietSince: since }),
  })
  const cases: Case[] = [
    ['not quiet', quiet(null), 'quiet'],
    ['quiet for a millisecond less than three minutes', quiet(NOW - 179_999), 'quiet'],
    ['quiet for three minutes', quiet(NOW - 180_000), null],
    ['no attempt', {}, null],
    ['a dead one', { splice: aSubmittedSplice({ attempts: [aNotExecutedAttempt()] }) }, null],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('quiet', given)).toBe(code))
})

describe('gate budget: the budget', () => {
  const splice = (overrides: Parameters<typeof aLiveSplice>[0]): Partial<GateFacts> => ({
    splice: aLiveSplice(overrides),
  })
  const budget = aLiveSplice().budget
  const refused = (count: number) => Array.from({ length: count }, (_, n) => aRefusedAttempt({ number: n + 1 }))
  const used = (count: number) => Array.from({ length: count }, (_, n) => aNotExecutedAttempt({ number: n + 1 }))
  const over = { code: 'x', message: 'x', at: NOW }
  const cases: Case[] = [
    ['over', splice({ stopped: over }), 'submitting_stopped'],
    ['a cancel asked for', splice({ cancelRequestedAt: NOW }), 'cancel'],
    ['a millisecond before the deadline', splice({ budget: { ...budget, deadline: NOW + 1 } }), null],
    ['at the deadline', splice({ budget: { ...budget, deadline: NOW } }), 'deadline'],
    ['at its time', splice({ notBefore: NOW }), null],
    ['before its time', splice({ notBefore: NOW + 1 }), 'not_before'],
    ['one attempt left', splice({ attempts: used(2) }), null],
    ['all attempts used', splice({ attempts: used(3) }), 'attempts_spent'],
    ['refusals cost none', splice({ attempts: refused(19) }), null],
    ['the record is full of them', splice({ attempts: refused(20) }), 'attempts_spent'],
    ['backoff over', splice({ nextAttemptAt: NOW }), null],
    ['backing off', splice({ nextAttemptAt: NOW + 1 }), 'backoff'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('budget', given)).toBe(code))
})

describe('gate budget: the fee ceiling', () => {
  const ceiling = (
    maxFeeRateSatPerKw: number | null,
    maxFeeSats: number | null,
    estimate: number | null,
    told: number | null = null,
  ): Partial<GateFacts> => ({
    splice: aLiveSplice({ budget: { ...aLiveSplice().budget, maxFeeRateSatPerKw, maxFeeSats } }),
    observation: anObservation({
      chain: aChain({ feeRateSatPerKw: estimate }),
      node: aLook({ feeRateSatPerKw: told }),
    }),
  })
  const cases: Case[] = [
    ['no ceiling, no estimate', ceiling(null, null, null), null],
    ['a ceiling for the feerate, no estimate', ceiling(1_500, null, null), 'fee_unknown'],
    ['a ceiling for the fee, no estimate', ceiling(null, 1_500, null), 'fee_unknown'],
    ['the worst feerate just at the ceiling', ceiling(1_500, null, 1_000), null],
    ['the worst feerate over it', ceiling(1_499, null, 1_000), 'fee_ceiling'],
    ['the worst fee just at the ceiling', ceiling(null, 1_500, 1_000), null],
    ['the worst fee over it', ceiling(null, 1_499, 1_000), 'fee_ceiling'],
    ['what the node tells counts, not its worst case', ceiling(1_000, 1_000, 9_000, 1_000), null],
    ['what the node tells is over', ceiling(999, null, 1, 1_000), 'fee_ceiling'],
  ]
  test.each(cases)('%s', (_says, given, code) => expect(shut('budget', given)).toBe(code))

  test('the worst case is half as much again as the estimate, rounded up', () => {
    const observation = anObservation({ chain: aChain({ feeRateSatPerKw: 333 }) })
    expect(worstFeeRateSatPerKw(observation)).toBe(500)
    expect(worstFeeSats('splice_out', observation)).toBe(500)
    expect(worstFeeSats('splice_in', observation)).toBe(1_000)
    expect(worstFeeSats('splice_out', anObservation({ chain: null }))).toBeNull()
  })
})

describe('gates lock_depth to overlap: what may be alive limits what may be sent', () => {
  const two = aSubmittedSplice({ attempts: [anAttempt(), anAttempt({ number: 2 })] })
  const can = (more: Parameters<typeof capabilities>[0], lockDepth: number | null = 6): Partial<GateFacts> => ({
    observation: anObservation({
      channel: aChannel({ lockDepth }),
      node: aLook({ capabilities: capabilities(more) }),
    }),
  })
  const alive = { splice: aSubmittedSplice() }
  const cases: (readonly [string, ...Case])[] = [
    ['lock_depth', 'a lock depth of 3', { ...can({}, 3), ...alive }, null],
    ['lock_depth', 'a lock depth of 2', { ...can({}, 2), ...alive }, 'zero_conf'],
    ['lock_depth', 'zero-conf', { ...can({}, 0), ...alive }, 'zero_conf'],
    ['lock_depth', 'a lock depth that is not known', { ...can({}, null), ...alive }, 'zero_conf'],
    ['lock_depth', 'no channel', { observation: anObservation({ channel: null }), ...alive }, 'zero_conf'],
    ['lock_depth', 'zero-conf, the funding outpoint checked', { ...can({ checksFunding: true }, 0), ...alive }, null],
    ['lock_depth', 'zero-conf, no attempt', can({}, 0), null],
    [
      'lock_depth',
      'zero-conf, all dead',
      { ...can({}, 0), splice: aLiveSplice({ attempts: [aNotExecutedAttempt()] }) },
      null,
    ],
    ['overlap', 'two alive, guarded', { ...can({}), splice: two }, null],
    ['overlap', 'two alive, unguarded', { ...can({ overlapGuard: false }), splice: two }, 'overlap'],
    ['overlap', 'two splices-in alive, guarded', { ...can({}), splice: { ...two, kind: 'splice_in' } }, 'overlap'],
    ['overlap', 'two alive, checked', { ...can({ overlapGuard: false, checksFunding: true }), splice: two }, null],
    ['overlap', 'two alive, no look', { observation: anObservation({ node: null }), splice: two }, 'overlap'],
    ['overlap', 'one alive, unguarded', { ...can({ overlapGuard: false }), ...alive }, null],
  ]
  test.each(cases)('gate %s: %s', (gate, _says, given, code) => expect(shut(gate, given)).toBe(code))
})

function with1(attempt: ReturnType<typeof anAttempt>): Partial<GateFacts> {
  return withAll(attempt)
}

function withAll(...attempts: ReturnType<typeof anAttempt>[]): Partial<GateFacts> {
  return { splice: aSubmittedSplice({ attempts }) }
}
