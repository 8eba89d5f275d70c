import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../harness/keeper/times.ts'
import { budget } from '../../harness/keeper/budget.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'

const LONG = 3 * 24 * 60 * MINUTE

function executed(keeper: Keeper): number {
  return keeper.world.journal.submissionsExecuted(keeper.channelId)
}

function count(types: readonly string[], type: string): number {
  return types.filter((candidate) => candidate === type).length
}

describe('a splice that the node loses', () => {
  test('a splice resumed after a restart', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(5 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('submitted')
    expect(executed(keeper)).toBe(1)

    keeper.node.restart()
    await keeper.run(30 * MINUTE)
    expect(executed(keeper), 'the peer is away: nothing is proven').toBe(1)

    keeper.node.connectPeer()
    const settled = await keeper.until(id, ['settled'])
    expect(settled.state).toBe('settled')
    expect(settled.attempts.map((attempt) => attempt.notExecuted?.proof ?? null)).toEqual(['process_restarted', null])
    expect(executed(keeper)).toBe(2)
    expect(keeper.payouts).toBe(1)
  })

  test('a locked splice not resubmitted by a second restart', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.until(id, ['confirmed'])
    keeper.node.restart()
    await keeper.until(id, ['settled'])
    keeper.node.restart()
    await keeper.run(10 * 60 * MINUTE, { blockMs: 10 * MINUTE })
    expect((await keeper.splice(id)).state).toBe('settled')
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(1)
  })

  test("a peer's disconnect resubmitted with the same contribution", async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.work()
    keeper.world.advance(500)
    keeper.node.disconnectPeer({ returnsAfterMs: 30_000 })
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state, 'not before quiet').toBe('submitted')
    expect(executed(keeper)).toBe(1)
    const settled = await keeper.until(id, ['settled'])
    expect(settled.timeline.map((line) => line.why)).toContain('the node reported PeerDisconnected')
    expect(settled.attempts).toHaveLength(2)
    expect(new Set(settled.attempts.map((attempt) => attempt.submittedOn)).size).toBe(1)
    expect(keeper.payouts).toBe(1)
  })

  test('a stale contribution rebuilt', async () => {
    const keeper = await startKeeper()
    keeper.node.staleNext(keeper.channelId)
    const { id } = await keeper.post()
    const settled = await keeper.until(id, ['settled'])
    expect(settled.timeline.map((line) => line.why)).toContain('the node reported ContributionInvalid')
    expect(executed(keeper)).toBe(2)
    expect(keeper.payouts).toBe(1)
  })
})

describe('a splice that is given up', () => {
  test('a non-retriable reason given up', async () => {
    const keeper = await startKeeper()
    keeper.node.abortNext(keeper.channelId)
    const { id } = await keeper.post()
    await keeper.run(60 * MINUTE)
    const waiting = await keeper.splice(id)
    expect(waiting.state, 'a reason proves nothing').toBe('submitted')
    expect(waiting.stopped?.code).toBe('CounterpartyAborted')
    expect(executed(keeper)).toBe(1)

    keeper.node.restart()
    const failed = await keeper.until(id, ['failed'])
    expect(failed.failure).toMatchObject({ code: 'CounterpartyAborted', proof: 'none_executed' })
    expect(executed(keeper)).toBe(1)
    expect(keeper.payouts).toBe(0)
  })

  test('a budget spent', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post({ budget: budget({ maxAttempts: 2 }) })
    keeper.node.fault({ type: 'drop' }, 'always')
    await keeper.run(40 * MINUTE)
    const spent = await keeper.splice(id)
    expect(spent.state).toBe('submitted')
    expect(spent.stopped?.code).toBe('budget_spent')
    expect(spent.attempts).toHaveLength(2)
    keeper.node.restart()
    const failed = await keeper.until(id, ['failed'])
    expect(failed.failure).toMatchObject({ code: 'budget_spent', proof: 'none_executed' })
    expect(failed.attempts).toHaveLength(2)
    expect(keeper.payouts).toBe(0)
  })

  test('a budget spent without proof needs attention at the deadline, and still settles when it took effect', async () => {
    const keeper = await startKeeper({ relay: false })
    keeper.node.disconnectPeer()
    const { id } = await keeper.post({ budget: budget({ maxAttempts: 1 }) })
    const attended = await keeper.until(id, ['needs_attention', 'failed'], LONG)
    expect(attended.attention?.code).toBe('unproven')
    expect(await keeper.log(id)).toContain('splice.needs_attention')
    keeper.node.connectPeer()
    expect((await keeper.until(id, ['settled'])).state).toBe('settled')
    expect(keeper.payouts).toBe(1)
  })

  test('a channel gone', async () => {
    const keeper = await startKeeper()
    keeper.node.disconnectPeer()
    const { id } = await keeper.post()
    await keeper.run(2 * MINUTE)
    keeper.node.close(keeper.channelId, 'force')
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state, 'not before it is final').toBe('submitted')
    const failed = await keeper.until(id, ['failed'])
    expect(failed.failure).toMatchObject({ code: 'channel_closed', proof: 'channel_closed' })
    expect(keeper.payouts).toBe(0)
  })

  test('failure surfaced once, and only when given up', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post({ budget: budget({ maxAttempts: 2 }) })
    keeper.node.staleNext(keeper.channelId)
    await keeper.run(2 * MINUTE)
    keeper.node.abortNext(keeper.channelId)
    await keeper.run(20 * MINUTE)
    expect(await keeper.log(id)).not.toContain('splice.failed')
    keeper.node.restart()
    await keeper.until(id, ['failed'])
    keeper.node.restart()
    await keeper.run(120 * MINUTE)
    expect(count(await keeper.log(id), 'splice.failed')).toBe(1)
  })
})

test('a late failure event after a candidate was seen changes nothing', async () => {
  const keeper = await startKeeper()
  const { id } = await keeper.post()
  const pending = await keeper.until(id, ['pending'])
  const event = { id: 'late', type: 'splice_negotiation_failed' as const, at: keeper.world.now() }
  await keeper.events.send({
    node: 'alice',
    event: { ...event, channelId: keeper.channelId, reason: 'CounterpartyAborted' },
  })
  await keeper.run(MINUTE)
  const after = await keeper.splice(id)
  const { version, writeId, updatedAt, publishedThrough } = after
  expect(after).toEqual({ ...pending, version, writeId, updatedAt, publishedThrough })
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
})

test('a refused first command leaves nothing behind that could run later', async () => {
  const keeper = await startKeeper()
  keeper.node.fault({ type: 'refuse', status: 9 }, 'always')
  const { id } = await keeper.post()
  await keeper.run(10 * MINUTE)
  const refused = await keeper.splice(id)
  expect(refused.state).toBe('queued')
  expect(refused.attempts).toMatchObject([{ result: { class: 'not_now' }, notExecuted: { proof: 'refused' } }])
  await keeper.cancel(id)
  keeper.node.liftFaults()
  keeper.node.restart()
  await keeper.run(120 * MINUTE, { blockMs: 10 * MINUTE })
  const cancelled = await keeper.splice(id)
  expect(cancelled.state).toBe('cancelled')
  expect(cancelled.failure?.proof).toBe('never_taken')
  expect(executed(keeper)).toBe(0)
  expect(keeper.payouts).toBe(0)
})
