import { describe, expect, test } from 'vitest'
import { advance } from '../../../core/decision/advance.ts'
import { differs, dueAfter } from '../../../core/splice/due.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import type { Instant } from '../../../core/values/instant.ts'
import { aTxid, FUNDING, NOW, policy, TIP } from '../../../harness/values.ts'
import { aBump, anEndedBump } from '../../../harness/records/bumps.ts'
import { aCandidate, aNotExecutedAttempt, anAttempt, taken } from '../../../harness/records/attempts.ts'
import { aChain, aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { aCommitment, aSplicing, fundingOf } from '../../../harness/transactions.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { anObservation } from '../../../harness/looks/observation.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'

const ours = aSplicing(FUNDING)
const rival = aSplicing(FUNDING, 800_000)
const NEXT = fundingOf(ours)
const DEEP = TIP - 5

function look(splice: Splice, observation: Partial<Observation>, now: Instant = NOW) {
  const seen = anObservation({ at: now, node: aLook({ observedAt: now }), ...observation })
  return advance(splice, seen, { now, policy })
}

const spentBy = (built: typeof ours, effect: 'ours' | 'none', height: number | null) =>
  aChain({ fundingSpends: [aFundingSpend({ spender: aFundingSpender(FUNDING, built, effect, height) })] })
const movedTo = (height: number | null) =>
  aChain({
    fundingSpends: [
      aFundingSpend({ spender: aFundingSpender(FUNDING, ours, 'ours', height) }),
      aFundingSpend({ outpoint: NEXT }),
    ],
  })
const locked = (height: number) => ({ chain: movedTo(height), channel: aChannel({ funding: NEXT }) })

describe('one look may lead through several states', () => {
  test('submitted, and found in a block', () => {
    const { splice, rulesTaken: rulesTaken } = look(aSubmittedSplice(), { chain: spentBy(ours, 'ours', TIP) })
    expect(splice).toMatchObject({ state: 'confirmed', candidates: [{ txid: ours.txid, seenAt: NOW }] })
    expect(rulesTaken).toEqual(['in_block', 'wait_confirmed'])
    expect(splice.events.map((event) => event.type)).toEqual(['splice.confirmed'])
  })

  test('submitted, and found at final depth and locked: it settles in the next look, not in this one', () => {
    const first = look(aSubmittedSplice(), locked(DEEP))
    expect(first.splice).toMatchObject({ state: 'confirmed', lockedAt: NOW })
    const again = look(first.splice, locked(DEEP))
    expect(again.splice.state, 'the same instant').toBe('confirmed')
    const second = look(first.splice, locked(DEEP), NOW + 1)
    expect(second.splice).toMatchObject({ state: 'settled', settledAt: NOW + 1 })
  })

  test('submitted, found at final depth, and the channel closed since', () => {
    const { splice, rulesTaken: rulesTaken } = look(aSubmittedSplice(), {
      chain: spentBy(ours, 'ours', DEEP),
      channel: null,
    })
    expect(splice.state).toBe('settled')
    expect(rulesTaken.slice(0, 2)).toEqual(['in_block', 'settle'])
  })

  test('submitted, and the channel was closed without it', () => {
    const close = (height: number) => spentBy(aCommitment(FUNDING), 'none', height)
    expect(look(aSubmittedSplice(), { chain: close(DEEP + 1) }).splice.state, 'five deep').toBe('submitted')
    const { splice } = look(aSubmittedSplice(), { chain: close(DEEP) })
    expect(splice).toMatchObject({
      state: 'failed',
      failure: { code: 'channel_closed', proof: 'channel_closed' },
      attempts: [{ notExecuted: { proof: 'channel_closed' } }],
    })
  })

  test('pending, and another transaction final in its place', () => {
    const splice = aSubmittedSplice({ state: 'pending', candidates: [aCandidate({ txid: ours.txid })] })
    expect(look(splice, { chain: spentBy(rival, 'none', DEEP + 1) }).splice.state, 'five deep').toBe('pending')
    expect(look(splice, { chain: spentBy(rival, 'none', DEEP) }).splice).toMatchObject({
      state: 'failed',
      failure: { code: 'funding_spent', proof: 'funding_spent' },
    })
  })

  test('over, and its attempt found dead', () => {
    const over = { code: 'budget_spent', message: 'spent', at: 1 }
    const restarted = { nodeState: aNodeSeen({ processStarts: [NOW - 1_000_000] }) }
    const splice = aSubmittedSplice({ stopped: over, quietSince: NOW - 200_000, lastLookAt: NOW - 60_000 })
    expect(look(splice, {}).splice.state, 'not proven').toBe('submitted')
    expect(look(splice, restarted).splice).toMatchObject({
      state: 'failed',
      failure: { code: 'budget_spent', proof: 'none_executed' },
    })
    const cancelled = { ...splice, stopped: null, cancelRequestedAt: 1 }
    expect(look(cancelled, restarted).splice).toMatchObject({
      state: 'cancelled',
      failure: { proof: 'none_executed' },
    })
  })

  test('in need of attention, past its deadline, and its attempt found dead', () => {
    const splice = aSubmittedSplice({
      state: 'needs_attention',
      attention: { code: 'unproven', message: '' },
      attempts: [aNotExecutedAttempt()],
      budget: { ...aLiveSplice().budget, deadline: NOW - 1 },
    })
    expect(look(splice, {}).splice).toMatchObject({
      state: 'failed',
      failure: { code: 'deadline', proof: 'none_executed' },
    })
  })

  const passed = (ago: number) => ({ ...aLiveSplice().budget, deadline: NOW - ago })
  const recent = NOW - 60_000
  test.each<[string, Partial<Splice>, boolean]>([
    ['not quiet, the deadline just passed', { budget: passed(0) }, false],
    ['not quiet, for just less than twice the quiet period', { budget: passed(359_999) }, false],
    ['not quiet, for twice the quiet period', { budget: passed(360_000) }, true],
    ['quiet for just too short', { budget: passed(0), quietSince: NOW - 179_999, lastLookAt: recent }, false],
    ['quiet for long enough', { budget: passed(0), quietSince: NOW - 180_000, lastLookAt: recent }, true],
    ['the deadline still to come', { budget: passed(-1), quietSince: 1, lastLookAt: recent }, false],
    [
      'a fence still to come',
      { budget: passed(400_000), attempts: [aNotExecutedAttempt(), anAttempt({ number: 2, fenceAt: NOW })] },
      false,
    ],
  ])('past its deadline it is over once the last quiet has passed: %s', (_says, overrides, over) => {
    expect(look(aSubmittedSplice(overrides), {}).splice.stopped?.code ?? null).toBe(over ? 'deadline' : null)
  })

  test('out of a backup: nothing is claimed, not even that nothing was ever taken', () => {
    const cancelled = aLiveSplice({ cancelRequestedAt: 1 })
    expect(look(cancelled, {}).splice.state).toBe('cancelled')
    const generation = { configured: 1, stored: 0 }
    expect(look(cancelled, { generation }).splice.state, 'the guard is not raised').toBe('queued')
    const raised = { configured: 1, stored: 1 }
    const restored = look(cancelled, { generation: raised }).splice
    expect(restored).toMatchObject({
      state: 'needs_attention',
      generation: 1,
      attention: { code: 'restored' },
    })
    const away = { generation: raised, node: null, channel: null }
    expect(look(cancelled, away).splice.state, 'the node is away').toBe('queued')
  })

  test('failed, and in a block after all: corrected, and on to confirmed', () => {
    const { splice, actions } = look(aSubmittedSplice({ state: 'failed', attempts: [aNotExecutedAttempt()] }), {
      chain: spentBy(ours, 'ours', TIP),
    })
    expect(splice).toMatchObject({ state: 'confirmed', epoch: 1, failure: null })
    expect(splice.events.map((event) => event.type)).toEqual(['splice.corrected', 'splice.pending', 'splice.confirmed'])
    expect(actions.map((action) => action.type)).toEqual(['freeze_channel', 'alarm'])
  })

  test('settled, and reorganised out: a new epoch, and the channel frozen', () => {
    const block = { height: DEEP, hash: aTxid('7') }
    const settled = aSubmittedSplice({
      state: 'settled',
      candidates: [aCandidate({ txid: ours.txid, block })],
      settledAt: 1,
      lockedAt: 1,
    })
    const { splice, actions } = look(settled, { chain: spentBy(ours, 'ours', null) })
    expect(splice).toMatchObject({ state: 'pending', epoch: 1, settledAt: null, lockedAt: null })
    expect(actions.map((action) => action.type)).toEqual(['freeze_channel', 'alarm'])
    expect(look(settled, { chain: spentBy(ours, 'ours', DEEP) }).splice.state, 'another block').toBe('settled')
  })

  test('the same look leads to the same, and changes nothing that it was given', () => {
    const splice = aSubmittedSplice()
    const before = structuredClone(splice)
    const [one, two] = [look(splice, locked(DEEP)), look(splice, locked(DEEP))]
    expect(one).toEqual(two)
    expect(splice).toEqual(before)
  })
})

describe('what to do next', () => {
  test('with every gate open it is submitted', () => {
    const { decision, splice } = look(aLiveSplice(), {})
    expect(decision).toMatchObject({ rule: 'submit', act: 'submit', event: null })
    expect(splice.state).toBe('queued')
  })

  test('with every gate open it waits in the line, and what the line said stands', () => {
    const waitingFor = { code: 'lease', message: 'Another splice on this channel goes first.' }
    expect(look(aLiveSplice({ waitingFor }), {}).splice.waitingFor).toEqual(waitingFor)
    const later = aLiveSplice({ waitingFor, notBefore: NOW + 1 })
    expect(look(later, {}).splice.waitingFor?.code, 'a gate has shut since').toBe('not_before')
  })

  test.each<[string, Partial<Splice>, Partial<Observation>, string]>([
    ['the node is away', {}, { node: null, channel: null }, 'node_unreachable'],
    ['its time has not come', { notBefore: NOW + 1 }, {}, 'not_before'],
    ['the chain source lags', {}, { chain: aChain({ tip: { height: TIP - 1, hash: '' } }) }, 'chain'],
    ['it backs off', { nextAttemptAt: NOW + 1 }, {}, 'backoff'],
  ])('it waits, and says for what: %s', (_says, overrides, observation, code) => {
    const { decision, splice } = look(aLiveSplice(overrides), observation)
    expect(decision.act).toBeNull()
    expect(splice.waitingFor?.code).toBe(code)
  })

  const alive = [anAttempt({ result: taken() })]
  const takenLast = [aNotExecutedAttempt(), anAttempt({ number: 2, result: taken() })]
  const takenFirst = [aNotExecutedAttempt({ result: taken() }), anAttempt({ number: 2 })]
  test.each<[string, Partial<Splice>, Partial<Observation>, string | null]>([
    ['not answered', {}, {}, 'quiet'],
    ['taken, not quiet yet', { attempts: alive }, {}, 'negotiation'],
    ['taken, after one that is dead', { attempts: takenLast }, {}, 'negotiation'],
    ['not answered, after one that was taken and is dead', { attempts: takenFirst }, {}, 'quiet'],
    ['taken, something stirs', { attempts: alive }, { channel: aChannel({ claimableSats: 1 }) }, 'negotiation'],
    ['not answered, something stirs', {}, { channel: aChannel({ claimableSats: 1 }) }, 'node_busy'],
    ['taken, the node away', { attempts: alive }, { node: null, channel: null }, 'node_unreachable'],
    ['over', { stopped: { code: 'x', message: '', at: 1 } }, {}, 'proof'],
    ['cancel asked for', { cancelRequestedAt: 1 }, {}, 'proof'],
    ['seen', {}, { chain: spentBy(ours, 'ours', null) }, 'confirmation'],
    ['in a block', {}, { chain: spentBy(ours, 'ours', TIP) }, 'final_depth'],
    ['settled', {}, { chain: spentBy(ours, 'ours', DEEP), channel: null }, null],
  ])('submitted, it waits for its own thing: %s', (_says, overrides, observation, code) => {
    expect(look(aSubmittedSplice(overrides), observation).splice.waitingFor?.code ?? null).toBe(code)
  })

  test('in need of attention, it says why, and never submits', () => {
    const attention = { code: 'unproven', message: 'x' }
    const splice = aLiveSplice({ state: 'needs_attention', attention })
    const advanced = look(splice, {})
    expect(advanced.splice.waitingFor).toEqual(attention)
    expect(advanced.decision.act).toBeNull()
  })
})

describe('when to look next', () => {
  const due = (splice: Partial<Splice>, jitter = 0): Instant | null =>
    dueAfter(aLiveSplice({ dueAt: NOW - 5, ...splice }), NOW, policy, jitter)
  const STAYS = NOW - 5
  const DEADLINE = aLiveSplice().budget.deadline
  const ended: Partial<Splice> = { state: 'settled', eventSerial: 3, publishedThrough: 3 }
  const watch = { from: FUNDING, untilHeight: 1 }

  test.each(['queued', 'submitted', 'needs_attention'] as const)(
    '%s stays due, without a write of its own',
    (state) => {
      expect(due({ state })).toBe(STAYS)
      expect(due({ state, dueAt: NOW })).toBe(NOW)
      expect(due({ state, dueAt: NOW + 1 })).toBe(NOW)
      expect(due({ state, dueAt: null })).toBe(NOW)
    },
  )

  const pending: Partial<Splice> = { state: 'pending', candidates: [aCandidate({ seenAtHeight: TIP })] }
  const confirmed: Partial<Splice> = { ...pending, state: 'confirmed' }
  const unseen = aCandidate({ seenAtHeight: null, block: null })

  test.each<[string, Partial<Splice>, number, Instant | null]>([
    ['waits for its first block', pending, 0, NOW + 600_000],
    ['waits for its first block, spread', pending, 0.5, NOW + 602_500],
    ['waits for its first block, its time kept', { ...pending, dueAt: NOW + 1 }, 0.5, NOW + 1],
    ['waits for its first block again', { ...pending, dueAt: NOW + 605_001 }, 0.5, NOW + 602_500],
    ['waits for its first block, as late as can be', { ...pending, dueAt: NOW + 605_000 }, 0, NOW + 605_000],
    ['waits for its first block, and was told of untold', { ...pending, eventSerial: 3 }, 0, NOW + 600_000],
    ['waits for more blocks', confirmed, 0, NOW + 3_600_000],
    ['waits for more blocks, and is not told of yet', { ...confirmed, eventSerial: 3 }, 0, STAYS],
    ['its lock was just seen', { ...confirmed, lockedAt: NOW - 119_999 }, 0, STAYS],
    ['its lock was seen a while ago', { ...confirmed, lockedAt: NOW - 120_000 }, 0, NOW + 3_600_000],
    ['has left the mempool', { ...pending, unseenSinceHeight: 7 }, 0, STAYS],
    ['no source has shown it', { ...pending, candidates: [aCandidate({ seenAtHeight: TIP }), unseen] }, 0, STAYS],
    ['a fee bump is open', { ...pending, bumps: [aBump()] }, 0, STAYS],
    [
      'a fee bump may still be taken',
      {
        ...pending,
        bumps: [
          aBump({
            outcome: { result: 'abandoned', code: 'x', message: 'x', txid: null, at: NOW },
            attempts: [anAttempt()],
          }),
        ],
      },
      0,
      STAYS,
    ],
    [
      'a fee bump is done, and its replacement seen',
      { ...pending, bumps: [anEndedBump('done', { attempts: [anAttempt()] })] },
      0,
      NOW + 600_000,
    ],
    ['a quiet is being counted', { ...pending, quietSince: NOW - 1 }, 0, STAYS],
    ['ended, published, nothing to watch', ended, 0.9, null],
    ['ended, an event is not published', { ...ended, publishedThrough: 2 }, 0, STAYS],
    ['ended, the lease is held', { ...ended, leaseHeld: true }, 0, STAYS],
    ['under watch', { ...ended, watch }, 0, NOW + 600_000],
    ['under watch, spread', { ...ended, watch }, 0.5, NOW + 602_500],
    ['under watch, its time kept', { ...ended, watch, dueAt: NOW + 1 }, 0.5, NOW + 1],
    ['under watch, its time come', { ...ended, watch, dueAt: NOW }, 0, NOW + 600_000],
    ['under watch, an event is not published', { ...ended, watch, publishedThrough: 0 }, 0, STAYS],
    ['before its time', { notBefore: NOW + 60_000 }, 0, NOW + 60_000],
    ['before its time, spread', { notBefore: NOW + 60_000 }, 0.5, NOW + 62_500],
    ['backing off', { nextAttemptAt: NOW + 60_000 }, 0, NOW + 60_000],
    ['both', { notBefore: NOW + 60_000, nextAttemptAt: NOW + 90_000 }, 0, NOW + 90_000],
    ['its time is now', { notBefore: NOW }, 0.5, STAYS],
    ['kept where it is set', { notBefore: NOW + 60_000, dueAt: NOW + 65_000 }, 0, NOW + 65_000],
    ['kept where it is that very time', { notBefore: NOW + 60_000, dueAt: NOW + 60_000 }, 0.5, NOW + 60_000],
    ['set anew where it is later', { notBefore: NOW + 60_000, dueAt: NOW + 65_001 }, 0, NOW + 60_000],
    ['set anew where it is earlier', { notBefore: NOW + 60_000, dueAt: NOW + 59_999 }, 0, NOW + 60_000],
    ['not after the deadline', { nextAttemptAt: DEADLINE + 60_000 }, 0, DEADLINE],
    [
      'not before now, the deadline passed',
      { nextAttemptAt: NOW + 60_000, budget: { ...aLiveSplice().budget, deadline: NOW - 1 } },
      0,
      NOW,
    ],
    ['backing off with an attempt alive', { nextAttemptAt: NOW + 60_000, attempts: [anAttempt()] }, 0, STAYS],
    [
      'backing off with every attempt dead',
      { nextAttemptAt: NOW + 60_000, attempts: [aNotExecutedAttempt()] },
      0,
      NOW + 60_000,
    ],
    ['submitted and backing off', { state: 'submitted', nextAttemptAt: NOW + 60_000 }, 0, STAYS],
  ])('%s', (_says, splice, jitter, expected) => expect(due(splice, jitter)).toBe(expected))
})

test('a write is owed when anything changed but the time', () => {
  const splice = aSubmittedSplice()
  expect(differs(splice, { ...splice, updatedAt: NOW })).toBe(false)
  expect(differs(splice, structuredClone(splice))).toBe(false)
  expect(differs(splice, { ...splice, dueAt: NOW })).toBe(true)
  expect(differs(splice, { ...splice, waitingFor: { code: 'x', message: '' } })).toBe(true)
  expect(differs(splice, { ...splice, attempts: [aNotExecutedAttempt()] })).toBe(true)
})
