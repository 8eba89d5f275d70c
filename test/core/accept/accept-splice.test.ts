import { describe, expect, test } from 'vitest'
import {
  acceptSplice,
  checkDeadline,
  type AcceptFacts,
  type SpliceRequest,
} from '../../../core/accept/accept-splice.ts'
import { paymentIdOf, spliceIdOf } from '../../../core/splice/ids.ts'
import { Splice } from '../../../core/splice/splice.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { FUNDING, NOW } from '../../../harness/values.ts'
import { aChannelSeen, aNodeSeen, aNodeThat } from '../../../harness/records/states.ts'

const DAY_MS = 86_400_000
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const MAINNET_ADDRESS = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
const none: SpliceRequest['budget'] = {
  maxAttempts: null,
  deadline: null,
  maxFeeRateSatPerKw: null,
  maxFeeSats: null,
}

function aRequest(overrides: Partial<SpliceRequest> = {}): SpliceRequest {
  return {
    node: 'alice',
    channelId: 'c'.repeat(64),
    kind: 'splice_out',
    amountSats: 50_000,
    address: ADDRESS,
    budget: none,
    notBefore: null,
    autoBumpAfterBlocks: null,
    metadata: { order: '42' },
    ...overrides,
  }
}

function facts(overrides: Partial<AcceptFacts> = {}): AcceptFacts {
  return {
    tenant: 'acme',
    idempotencyKey: 'key',
    bodyHash: 'hash',
    node: aNodeSeen(),
    channel: aChannelSeen(),
    generation: 3,
    now: NOW,
    ...overrides,
  }
}

/** The record, or the code and the field of the refusal. */
function accepted(request: Partial<SpliceRequest>, given: Partial<AcceptFacts> = {}): Splice | string {
  const result = acceptSplice(aRequest(request), facts(given))
  return result.ok ? result.value : `${result.error.code} ${result.error.field}`
}

function splice(request: Partial<SpliceRequest> = {}, given: Partial<AcceptFacts> = {}): Splice {
  const result = accepted(request, given)
  if (typeof result === 'string') throw new Error(result)
  return result
}

test('a node that cannot splice says why', () => {
  const node = aNodeThat({ spliceIn: false, spliceOut: false, unsupported: 'it is too old' })
  expect(acceptSplice(aRequest(), facts({ node }))).toMatchObject({ error: { message: 'it is too old' } })
})

test('what a node that picks the channel is asked for takes the lease of the node, once', () => {
  const node = aNodeThat({ leaseScope: 'node', submitsOnce: true })
  const record = splice({ channelId: null }, { node })
  expect(record).toMatchObject({ channelId: 'c'.repeat(64), leaseScope: 'node', fundingHistory: [FUNDING] })
  expect(record.budget.maxAttempts).toBe(1)
  expect(splice().leaseScope).toBe('channel')
})

describe('what is accepted is a record that is queued, announced and due at once', () => {
  test('it carries the wish, who asked, and what the last sweep saw of node and channel', () => {
    const channel = aChannelSeen({ userChannelId: 'user-1' })
    const record = splice({ notBefore: NOW + DAY_MS }, { channel })
    const snapshot = { state: 'queued', txid: null, feeSats: null, failureCode: null, attentionCode: null }
    expect(record).toEqual({
      ...aSplice(),
      id: spliceIdOf('acme', 'key'),
      paymentId: paymentIdOf('acme', 'key'),
      leaseHeld: true,
      bodyHash: 'hash',
      userChannelId: 'user-1',
      budget: {
        maxAttempts: 3,
        deadline: NOW + 2 * DAY_MS,
        maxFeeRateSatPerKw: null,
        maxFeeSats: null,
      },
      notBefore: NOW + DAY_MS,
      metadata: { order: '42' },
      generation: 3,
      fundingHistory: [FUNDING],
      events: [{ n: 1, type: 'splice.accepted', at: NOW, epoch: 0, snapshot }],
      eventSerial: 1,
      emitted: ['splice.accepted'],
      timeline: [{ at: NOW, status: 'queued', why: 'accepted', count: 1 }],
      createdAt: NOW,
      updatedAt: NOW,
      dueAt: NOW,
    })
    expect(Splice.parse(record)).toEqual(record)
  })

  test('a splice-in pays no address, and a node may be left to give one', () => {
    const nothing = { address: null, script: null }
    expect(splice({ kind: 'splice_in', address: null })).toMatchObject(nothing)
    expect(splice({ address: null })).toMatchObject(nothing)
  })

  test('the same order is the same splice, and an order of another tenant is another one', () => {
    expect(splice().id).toBe(splice({ amountSats: 60_000 }).id)
    expect(splice({}, { tenant: 'other' }).id).not.toBe(splice().id)
    expect(splice({}, { idempotencyKey: 'other' }).id).not.toBe(splice().id)
  })
})

describe('what can never run is refused, with the field that says so', () => {
  const node = (can: Parameters<typeof aNodeThat>[0]) => ({ node: aNodeThat(can) })
  const channel = (overrides: Parameters<typeof aChannelSeen>[0]) => ({ channel: aChannelSeen(overrides) })
  const intake = { kind: 'splice_in', address: null } as const
  const once = node({ submitsOnce: true })
  const attempts = (maxAttempts: number): Partial<SpliceRequest> => ({ budget: { ...none, maxAttempts } })

  test.each<[string, Partial<SpliceRequest>, Partial<AcceptFacts>, string | null]>([
    ['a node that cannot splice', {}, node({ spliceIn: false, spliceOut: false }), 'node_unsupported node'],
    ['a node that only splices in', {}, node({ spliceOut: false }), 'node_unsupported kind'],
    ['the same, for a splice-in', intake, node({ spliceOut: false }), null],
    ['a node that only splices out', intake, node({ spliceIn: false }), 'node_unsupported kind'],
    ['the same, for a splice-out', {}, node({ spliceIn: false }), null],
    ['a node that pays its own wallet only', {}, node({ toAddress: false }), 'node_unsupported address'],
    ['the same, without an address', { address: null }, node({ toAddress: false }), null],
    ['the same, for a splice-in', intake, node({ toAddress: false }), null],
    ['a node without a wallet on chain', { address: null }, node({ ownWallet: false }), 'node_unsupported address'],
    ['the same, with an address', {}, node({ ownWallet: false }), null],
    ['a channel, of a node that picks it', {}, node({ leaseScope: 'node' }), 'channel_unexpected channel'],
    ['none, of a node that picks it', { channelId: null }, node({ leaseScope: 'node' }), null],
    [
      'none, of a node that has several to pick from, or none',
      { channelId: null },
      { ...node({ leaseScope: 'node' }), channel: null },
      'channel_not_found channel',
    ],
    ['more attempts, of a node that is asked once', attempts(2), once, 'attempts_out_of_range budget.maxAttempts'],
    ['one attempt, of a node that is asked once', attempts(1), once, null],
    ['a channel that nobody saw', {}, { channel: null }, 'channel_not_found channel'],
    ['a channel that has gone', {}, channel({ goneAt: NOW }), 'channel_not_found channel'],
    ['a closing channel', {}, channel({ closing: true }), 'channel_closing channel'],
    ['a channel without a funding outpoint', {}, channel({ funding: null }), 'channel_not_ready channel'],
    ['a channel that is not ready only has to wait', {}, channel({ ready: false }), null],
    ['a splice-in to an address', { kind: 'splice_in' }, {}, 'address_unexpected address'],
    ['an address of another network', { address: MAINNET_ADDRESS }, {}, 'address_network address'],
    ['what is no address', { address: 'bcrt1' }, {}, 'address_invalid address'],
    ['no satoshi', { amountSats: 0 }, {}, 'amount_out_of_range amountSats'],
    ['half a satoshi', { amountSats: 50_000.5 }, {}, 'amount_out_of_range amountSats'],
    ['a splice-in of nothing', { ...intake, amountSats: 0 }, {}, 'amount_out_of_range amountSats'],
    ['less than the dust limit of its script', { amountSats: 293 }, {}, 'dust amountSats'],
    ['the dust limit of its script', { amountSats: 294 }, {}, null],
    ['dust for some script', { amountSats: 545, address: null }, {}, 'dust amountSats'],
    ['dust for no script', { amountSats: 546, address: null }, {}, null],
    ['a splice-in may be small', { ...intake, amountSats: 1 }, {}, null],
    ['all that the channel holds', { amountSats: 1_000_000 }, {}, 'amount_over_capacity amountSats'],
    ['a satoshi less', { amountSats: 999_999 }, {}, null],
    ['a splice-in over the capacity', { ...intake, amountSats: 1_000_000 }, {}, null],
  ])('%s', (_says, request, given, refusal) => {
    const result = accepted(request, given)
    expect(typeof result === 'string' ? result : null).toBe(refusal)
  })

  test('the sentence names the limit that was missed', () => {
    const said = (request: Partial<SpliceRequest>): string => {
      const result = acceptSplice(aRequest(request), facts())
      return result.ok ? '' : result.error.message
    }
    expect(said({ amountSats: 293 })).toContain('294 sat')
    expect(said({ amountSats: 1_000_000 })).toContain('1000000 sat')
    expect(said({ budget: { ...none, maxAttempts: 11 } })).toBe('must be from 1 to 10')
  })
})

describe('a budget', () => {
  const budget = (overrides: Partial<SpliceRequest['budget']>, notBefore: number | null = null) => {
    const result = accepted({ budget: { ...none, ...overrides }, notBefore })
    return typeof result === 'string' ? result : result.budget
  }

  test('is three attempts in a day from now, or from the time before which it must not begin', () => {
    expect(budget({})).toMatchObject({ maxAttempts: 3, deadline: NOW + DAY_MS })
    expect(budget({}, NOW + 1)).toMatchObject({ deadline: NOW + DAY_MS + 1 })
    expect(budget({}, NOW - 5)).toMatchObject({ deadline: NOW + DAY_MS })
  })

  test('is what was asked for, within its bounds', () => {
    const asked = { maxAttempts: 1, deadline: NOW + 1, maxFeeRateSatPerKw: 7, maxFeeSats: 8 }
    expect(budget(asked)).toEqual(asked)
    expect(budget({ maxAttempts: 10 })).toMatchObject({ maxAttempts: 10 })
    expect(budget({ deadline: NOW + 30 * DAY_MS })).toMatchObject({ deadline: NOW + 30 * DAY_MS })
  })

  test.each<[string, Partial<SpliceRequest['budget']>, number | null, string]>([
    ['no attempt', { maxAttempts: 0 }, null, 'attempts_out_of_range budget.maxAttempts'],
    ['eleven attempts', { maxAttempts: 11 }, null, 'attempts_out_of_range budget.maxAttempts'],
    ['half an attempt', { maxAttempts: 1.5 }, null, 'attempts_out_of_range budget.maxAttempts'],
    ['a deadline that is now', { deadline: NOW }, null, 'deadline_past budget.deadline'],
    [
      'a deadline in more than thirty days',
      { deadline: NOW + 30 * DAY_MS + 1 },
      null,
      'deadline_too_far budget.deadline',
    ],
    ['a beginning at the deadline', { deadline: NOW + 9 }, NOW + 9, 'not_before_after_deadline notBefore'],
  ])('is refused with %s', (_says, asked, notBefore, refusal) => expect(budget(asked, notBefore)).toBe(refusal))

  test('a deadline that nobody chose keeps within its own bound, and a start that it cannot follow is what is refused', () => {
    expect(budget({}, NOW + 2 * DAY_MS)).toMatchObject({ deadline: NOW + 3 * DAY_MS })
    expect(budget({}, NOW + 29.5 * DAY_MS)).toMatchObject({ deadline: NOW + 30 * DAY_MS })
    expect(budget({}, NOW + 30 * DAY_MS)).toBe('not_before_after_deadline notBefore')
    expect(acceptSplice(aRequest({ notBefore: NOW + 40 * DAY_MS }), facts())).toMatchObject({
      error: { field: 'notBefore', message: 'a splice must start within 30 days' },
    })
  })

  test('may begin just before its deadline', () => {
    expect(budget({ deadline: NOW + 9 }, NOW + 8)).toMatchObject({ deadline: NOW + 9 })
  })

  test('a deadline says in words what is wrong with it', () => {
    expect(checkDeadline(NOW + 1, NOW)).toBeNull()
    expect(checkDeadline(NOW, NOW)?.message).toContain('passed')
    expect(checkDeadline(NOW + 31 * DAY_MS, NOW)?.message).toContain('30 days')
  })
})

describe('bumps that nobody looks at', () => {
  const able = { node: aNodeThat({ bump: true }) }
  const ask = (maxFeeSats: number | null, maxFeeRateSatPerKw: number | null = null) => ({
    autoBumpAfterBlocks: 6,
    budget: { ...none, maxFeeSats, maxFeeRateSatPerKw },
  })

  test('need a ceiling: of the fee, or of the feerate', () => {
    expect(splice(ask(1_000), able).autoBumpAfterBlocks).toBe(6)
    expect(splice(ask(null, 1_000), able).autoBumpAfterBlocks).toBe(6)
    expect(accepted(ask(null), able)).toBe('ceiling_missing budget.maxFeeRateSatPerVb')
  })

  test.each<[string, Partial<SpliceRequest>, Partial<AcceptFacts>]>([
    ['a node that bumps no fees', {}, {}],
    ['a node without the overlap guard', {}, { node: aNodeThat({ bump: true, overlapGuard: false }) }],
    ['a splice-in, which the guard does not know', { kind: 'splice_in', address: null }, able],
    ['a zero-conf channel', {}, { ...able, channel: aChannelSeen({ lockDepth: 0 }) }],
  ])('are refused where they are not safe: %s', (_says, request, given) =>
    expect(accepted({ ...ask(1_000), ...request }, given)).toBe('bump_unsupported autoBump'),
  )
})

describe('an order that would rather fail than wait', () => {
  const poor = { node: aNodeSeen({ balances: { walletSats: 9_000, outboundSats: [8_000] } }) }

  test('is refused for want of money, with what is missing', () => {
    const asked = (request: Partial<SpliceRequest>) =>
      acceptSplice(aRequest({ failFast: true, ...request }), facts(poor))
    expect(asked({})).toMatchObject({
      error: {
        code: 'insufficient_balance',
        field: 'amountSats',
        message: 'the channel cannot pay this now. It can pay 8,000 sats; 42,000 sats are missing.',
      },
    })
    expect(asked({ kind: 'splice_in', address: null })).toMatchObject({
      error: { message: "the node's wallet cannot pay this now. It can pay 9,000 sats; 41,000 sats are missing." },
    })
  })

  test.each<[string, Partial<SpliceRequest>, Partial<AcceptFacts>]>([
    ['it does not ask for that', { failFast: false }, poor],
    ['it says nothing', {}, poor],
    ['the channel has just enough', { failFast: true, amountSats: 8_000 }, poor],
    ['nobody knows yet what the channel has', { failFast: true }, { node: aNodeSeen() }],
    [
      'nobody knows yet what the wallet has',
      { failFast: true, kind: 'splice_in', address: null },
      { node: aNodeSeen() },
    ],
    [
      'the channel was not listed when the balances were kept',
      { failFast: true },
      { node: aNodeSeen({ ...poor.node, channelIds: [] }) },
    ],
  ])('is accepted where %s', (_says, request, given) => expect(typeof accepted(request, given)).toBe('object'))
})
