import { describe, expect, test } from 'vitest'
import { decodeAddress } from '../../core/bitcoin/address.ts'
import type { Account } from './account.ts'
import { brokenBy, rules, type Case } from './checker.ts'
import type { Line, Operation, Order, Outcome, Request, Splice } from './history.ts'

const CHANNEL = 'a'.repeat(64)
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const TXID = 'b'.repeat(64)
const OTHER_TXID = 'c'.repeat(64)

const order: Order = {
  channel: CHANNEL,
  kind: 'splice_out',
  amountSats: 50_000,
  address: ADDRESS,
  maxAttempts: 1,
  deadline: '2026-12-01T00:00:00.000Z',
}
const otherBody: Order = { ...order, amountSats: 70_000 }

const accepted: Splice = {
  id: 'spl_one',
  status: 'queued',
  channel: CHANNEL,
  kind: 'splice_out',
  amountSats: 50_000,
  address: ADDRESS,
  paymentId: 'one',
  attempts: [],
  candidates: [],
  bumps: [],
  budget: { maxAttempts: 1 },
  metadata: { key: 'one' },
  cancelRequestedAt: null,
  waitingFor: null,
  failure: null,
  attention: null,
  anomaly: null,
  epoch: 0,
  createdAt: '2026-11-30T00:00:00.000Z',
  updatedAt: '2026-11-30T00:00:00.000Z',
  settledAt: null,
}
const settled: Splice = {
  ...accepted,
  status: 'settled',
  attempts: [{ number: 1, result: 'taken', notExecuted: false }],
  candidates: [{ txid: TXID }],
  bumps: [{ id: 'bmp_1', status: 'done', by: 'client' }],
  updatedAt: '2026-11-30T00:01:00.000Z',
  settledAt: '2026-11-30T00:01:00.000Z',
}
const splicedIn: Splice = {
  ...settled,
  id: 'spl_two',
  kind: 'splice_in',
  amountSats: 60_000,
  address: null,
  paymentId: 'two',
  metadata: { key: 'two' },
  candidates: [{ txid: OTHER_TXID }],
  bumps: [],
}
const cancelled: Splice = {
  ...accepted,
  id: 'spl_three',
  status: 'cancelled',
  amountSats: 80_000,
  paymentId: 'three',
  metadata: { key: 'three' },
  cancelRequestedAt: '2026-11-30T00:00:30.000Z',
  updatedAt: '2026-11-30T00:00:30.000Z',
}

const ok = (status: number, splices: readonly Splice[], lines: readonly Line[] = []): Outcome => ({
  type: 'ok',
  status,
  splices,
  lines,
})
const fail = (status: number, code: string): Outcome => ({ type: 'fail', status, code })
const unknown: Outcome = { type: 'unknown', why: 'TypeError' }

let moment = 0
const did = (request: Request, outcome: Outcome): Operation => ({
  client: 1,
  request,
  invokedAt: (moment += 1),
  endedAt: outcome.type === 'unknown' ? null : (moment += 1),
  outcome,
})
const ordered = (key: string, wish: Order, outcome: Outcome): Operation =>
  did({ type: 'order', key, order: wish }, outcome)
const read = (splice: string, outcome: Outcome): Operation => did({ type: 'read', splice }, outcome)

const line = (sequence: number, splice: string, type: Line['type']): Line => ({
  sequence,
  id: `evt_${splice}_${type}`,
  type,
  splice,
  epoch: 0,
})
const log = [
  line(1, 'spl_one', 'splice.accepted'),
  line(2, 'spl_three', 'splice.cancelled'),
  line(3, 'spl_one', 'splice.settled'),
  line(4, 'spl_two', 'splice.settled'),
]

const history: readonly Operation[] = [
  ordered('one', order, unknown),
  ordered('one', order, ok(202, [accepted])),
  ordered('one', otherBody, fail(422, 'idempotency_key_reused')),
  ordered('two', { ...order, kind: 'splice_in', amountSats: 60_000, address: null }, unknown),
  ordered(
    'three',
    { ...order, amountSats: 80_000 },
    ok(202, [{ ...cancelled, status: 'queued', cancelRequestedAt: null }]),
  ),
  did({ type: 'cancel', splice: 'spl_three' }, ok(200, [cancelled])),
  did({ type: 'cancel', splice: 'spl_one' }, fail(409, 'not_cancellable')),
  did(
    { type: 'bump', splice: 'spl_one', key: 'bump-1' },
    ok(202, [{ ...settled, status: 'pending', settledAt: null }]),
  ),
  did({ type: 'bump', splice: 'spl_one', key: 'bump-2' }, fail(409, 'bump_open')),
  did({ type: 'events', after: 0 }, ok(200, [], log.slice(0, 2))),
  ordered('one', order, ok(200, [settled])),
  read('spl_one', ok(200, [settled])),
]

const decoded = decodeAddress(ADDRESS, 'regtest')
if (!decoded.ok) throw new Error('no address')
const { script } = decoded.value
const signed = { channelId: CHANNEL, oursNetSats: -50_300, contributes: true }
const paid = { txid: TXID, confirmed: true, outputs: [{ script, amountSats: 50_000 }], signed }
const brought = {
  txid: OTHER_TXID,
  confirmed: true,
  outputs: [],
  signed: { channelId: CHANNEL, oursNetSats: 60_200, contributes: true },
}
const account: Account = {
  transactions: [paid, brought],
  requests: [
    { channelId: CHANNEL, kind: 'splice_out', amountSats: 50_000, taken: 1 },
    { channelId: CHANNEL, kind: 'splice_in', amountSats: 60_000, taken: 1 },
  ],
}

const truth: Case = { history, account, splices: [settled, splicedIn, cancelled], log, output: 'curl' }

test('the truth breaks no rule', () => {
  expect(brokenBy(truth)).toEqual([])
})

const also = (...more: Operation[]): Case => ({ ...truth, history: [...history, ...more] })
const without = (id: string): readonly Splice[] => truth.splices.filter((splice) => splice.id !== id)
/** The record of `spl_one` is another in the end. */
const ends = (change: Partial<Splice>): Case => ({
  ...truth,
  splices: [{ ...settled, ...change }, ...without('spl_one')],
})
const happened = (...transactions: Account['transactions']): Case => ({
  ...truth,
  account: { ...account, transactions: [...transactions] },
})
const asked = (...requests: Account['requests']): Case => ({
  ...truth,
  account: { ...account, requests: [...account.requests, ...requests] },
})
const logged = (...lines: Line[]): Case => ({ ...truth, log: lines })

/** Lies by the rule that is to notice them: a way in which the product could have broken its promise. */
const lies: Readonly<Record<string, Readonly<Record<string, () => Case>>>> = {
  'what was accepted is kept, and comes to rest': {
    'a splice is gone': () => ({ ...truth, splices: without('spl_one') }),
    'a splice never ends': () => ends({ status: 'pending' }),
    'attention is needed, but nobody says why': () => ends({ status: 'needs_attention' }),
  },
  'what was accepted can be read from then on': {
    'a read does not find it': () => also(read('spl_one', fail(404, 'splice_not_found'))),
  },
  'one key is one splice, with one body': {
    'a repeat is told another id': () => also(ordered('one', order, ok(200, [{ ...settled, id: 'spl_two' }]))),
    'another body is taken': () => also(ordered('one', otherBody, ok(200, [settled]))),
  },
  'one key is new once': {
    'it is accepted as new twice': () => also(ordered('one', order, ok(202, [settled]))),
    'it is new after it was replayed': () => ({
      ...truth,
      history: [
        ordered('three', { ...order, amountSats: 80_000 }, ok(200, [cancelled])),
        ordered('three', { ...order, amountSats: 80_000 }, ok(202, [cancelled])),
      ],
    }),
  },
  'a repeat is answered with the splice, whatever became of it': {
    'a repeat is refused': () => also(ordered('one', order, fail(409, 'duplicate_output'))),
    'another body is refused for another reason': () => also(ordered('one', otherBody, fail(422, 'deadline_past'))),
  },
  'a request that got no answer and its repeats are one splice': {
    'the lost one and the repeat made two': () => ({
      ...truth,
      splices: [...truth.splices, { ...cancelled, id: 'spl_lost', metadata: { key: 'one' } }],
    }),
    'what stands for the key is not what was told': () => ends({ id: 'spl_lost' }),
  },
  'what is stored is what was ordered': {
    'the amount is another': () => ends({ amountSats: 51_000 }),
    'the address is another': () => ends({ address: 'bcrt1qelsewhere' }),
    'the key is unheard of': () => ends({ metadata: { key: 'nine' } }),
    'it was only ever refused': () => ends({ amountSats: otherBody.amountSats }),
  },
  'a refused order has no effect': {
    'it is stored': () => ends({ amountSats: otherBody.amountSats }),
    'the node is asked for it': () =>
      asked({ channelId: CHANNEL, kind: 'splice_out', amountSats: otherBody.amountSats, taken: 0 }),
  },
  'a refused cancel or bump has no effect': {
    'a refused cancel cancels': () => ends({ cancelRequestedAt: settled.updatedAt }),
    'a refused bump is opened': () =>
      ends({ bumps: [...settled.bumps, { id: 'bmp_2', status: 'done', by: 'client' }] }),
  },
  'an accepted cancel or bump is kept': {
    'the cancel is forgotten': () => ({
      ...truth,
      splices: [...without('spl_three'), { ...cancelled, cancelRequestedAt: null }],
    }),
    'the bump is forgotten': () => ends({ bumps: [] }),
    'the bump stays open': () => ends({ bumps: [{ id: 'bmp_1', status: 'open', by: 'client' }] }),
  },
  'no splice happens twice': {
    'the address is paid twice': () => happened(paid, { ...paid, txid: 'd'.repeat(64) }, brought),
    'the channel is filled twice': () => happened(paid, brought, { ...brought, txid: 'd'.repeat(64) }),
  },
  'an end is true': {
    'settled, and nothing is paid': () => happened(brought),
    'settled, and the payment only waits': () => happened({ ...paid, confirmed: false }, brought),
    'failed, and it is paid': () => ends({ status: 'failed' }),
    'cancelled, and it is paid': () => ends({ status: 'cancelled' }),
  },
  'nothing happens that nobody ordered': {
    'a transaction has something of ours': () =>
      happened(paid, brought, { ...paid, txid: 'd'.repeat(64), outputs: [{ script, amountSats: 99_000 }] }),
    'the node is asked for an amount of its own': () =>
      asked({ channelId: CHANNEL, kind: 'splice_out', amountSats: 99_000, taken: 0 }),
  },
  'attempts are bounded': {
    'the node took one more': () => asked({ channelId: CHANNEL, kind: 'splice_out', amountSats: 50_000, taken: 1 }),
  },
  'no second effect is suspected': { 'an anomaly is told': () => ends({ anomaly: { txid: TXID } }) },
  'reads never go back': {
    'the time of the last change does': () =>
      also(read('spl_one', ok(200, [{ ...settled, updatedAt: accepted.updatedAt }]))),
    'the epoch does': () =>
      also(read('spl_one', ok(200, [{ ...settled, epoch: 1 }])), read('spl_one', ok(200, [settled]))),
    'a settled splice becomes something else': () =>
      also(read('spl_one', ok(200, [{ ...settled, status: 'pending' }]))),
    'a transaction that was seen is unseen': () => also(read('spl_one', ok(200, [{ ...settled, candidates: [] }]))),
    'an attempt is forgotten': () => also(read('spl_one', ok(200, [{ ...settled, attempts: [] }]))),
    'a cancel is forgotten': () => also(read('spl_three', ok(200, [{ ...cancelled, cancelRequestedAt: null }]))),
    'the payment id changes': () => also(read('spl_one', ok(200, [{ ...settled, paymentId: 'other' }]))),
    'the address changes': () => also(read('spl_one', ok(200, [{ ...settled, address: 'bcrt1qelsewhere' }]))),
  },
  'the log has no gap, and its lines stay': {
    'a line is missing': () => logged(...log.slice(0, 2), ...log.slice(3)),
    'a line that was told is another': () =>
      logged(...log.map((each) => (each.sequence === 1 ? { ...each, id: 'evt_other' } : each))),
    'a line that was told is gone': () => logged(...log.slice(0, 1)),
  },
  'one outcome a splice and epoch': {
    'it is told twice': () => logged(...log, line(5, 'spl_one', 'splice.settled')),
    'two are told': () => logged(...log, line(5, 'spl_one', 'splice.failed')),
    'it is not told': () => logged(...log.slice(0, 3)),
    'an epoch begins without a reorg': () => ends({ epoch: 1 }),
  },
  'nothing breaks inside': {
    'an answer is an error of ours': () => also(ordered('one', order, { type: 'unknown', why: 'HTTP 500' })),
    'an assertion is printed': () => ({
      ...truth,
      output: '12:00 alarm: a look failed error=StoreAssertion',
    }),
  },
}

test('each rule has its lies', () => expect(Object.keys(lies)).toEqual(Object.keys(rules)))

describe.each(Object.entries(lies))('it is told that not: %s', (rule, told) => {
  test.each(Object.entries(told))('%s', (_, lie) => {
    expect(brokenBy(lie()).map((broken) => broken.rule)).toContain(rule)
  })
})

test('an order whose answer never came may have happened, or not', () => {
  expect(
    brokenBy({
      ...truth,
      splices: without('spl_two'),
      account: { ...account, transactions: [paid], requests: account.requests.slice(0, 1) },
    }),
  ).toEqual([])
})

test('reads that overlap may be answered in any order', () => {
  const late = { ...read('spl_one', ok(200, [accepted])), invokedAt: 0 }
  expect(brokenBy(also(late))).toEqual([])
})
