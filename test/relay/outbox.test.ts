import { describe, expect, test } from 'vitest'
import type { RelayEvent } from '../../core/nodes/relay-event.ts'
import { Outbox } from '../../relay/outbox.ts'

const wakeUp = (id: string, over: Partial<RelayEvent> = {}): RelayEvent => ({
  id,
  type: 'channel_state_changed',
  at: 1,
  channelId: id,
  ...over,
})
const start = (id: string): RelayEvent => ({ id, type: 'process_started', at: 1 })
const idsIn = (outbox: Outbox): string[] => outbox.take(1_000).map(({ id }) => id)
const signal = new AbortController().signal

describe('what waits to be reported', () => {
  test('goes oldest first, so many at a time, and stays until it is removed', () => {
    const outbox = new Outbox()
    for (const id of ['1', '2', '3']) outbox.add(wakeUp(id))
    expect(outbox.take(2).map(({ id }) => id)).toEqual(['1', '2'])
    expect(outbox.take(2).map(({ id }) => id)).toEqual(['1', '2'])
    outbox.remove(outbox.take(2))
    expect(idsIn(outbox)).toEqual(['3'])
  })

  test('beyond the bound loses its oldest wake-ups, which are counted, and never a start', () => {
    const outbox = new Outbox(2)
    const events = [start('s1'), wakeUp('1'), start('s2'), wakeUp('2'), wakeUp('3'), start('s3'), wakeUp('4')]
    for (const event of events) outbox.add(event)
    expect(idsIn(outbox)).toEqual(['s1', 's2', '3', 's3', '4'])
    expect(outbox.dropped).toBe(2)
  })

  test('of starts alone never overflows', () => {
    const outbox = new Outbox(2)
    for (let n = 0; n < 50; n += 1) outbox.add(start(`s${n}`))
    expect(outbox.size).toBe(50)
    expect(outbox.dropped).toBe(0)
  })

  test('does not lose what is being sent', () => {
    const outbox = new Outbox(1)
    outbox.add(wakeUp('1'))
    const batch = outbox.take(1)
    outbox.add(wakeUp('2'))
    outbox.add(wakeUp('3'))
    outbox.remove(batch)
    expect(idsIn(outbox)).toEqual(['3'])
  })

  test('says the same thing once, but again after it was sent', () => {
    const outbox = new Outbox()
    outbox.add(wakeUp('1', { channelId: 'c' }))
    outbox.add(wakeUp('2', { channelId: 'c' }))
    outbox.add(wakeUp('3', { channelId: 'd' }))
    expect(idsIn(outbox)).toEqual(['1', '3'])
    // While `1` is on its way: the service may have looked already.
    outbox.add(wakeUp('4', { channelId: 'c' }))
    expect(idsIn(outbox)).toEqual(['1', '3', '4'])
  })

  test('keeps every failure with a reason and every start', () => {
    const outbox = new Outbox()
    const failed = { type: 'splice_negotiation_failed', channelId: 'c', reason: 'PeerDisconnected' } as const
    for (const id of ['1', '2']) outbox.add(wakeUp(id, failed))
    for (const id of ['s1', 's2']) outbox.add(start(id))
    expect(idsIn(outbox)).toEqual(['1', '2', 's1', 's2'])
  })
})

describe('waiting for something to report', () => {
  test('ends at once if there is something, when something comes, and with the signal', async () => {
    const outbox = new Outbox()
    const waiting = outbox.filled(signal)
    outbox.add(wakeUp('1'))
    await waiting
    await outbox.filled(signal)
    outbox.remove(outbox.take(1))
    const stopped = new AbortController()
    const ended = outbox.filled(stopped.signal)
    stopped.abort()
    await ended
    await outbox.filled(stopped.signal)
    expect(outbox.size).toBe(0)
  })
})
