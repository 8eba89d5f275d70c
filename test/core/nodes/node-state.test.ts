import { describe, expect, test } from 'vitest'
import { channelKey, type ChannelState, type NodeState } from '../../../core/ports/records.ts'
import type { ChannelSnapshot, NodeLook } from '../../../core/ports/node.ts'
import { err, ok } from '../../../core/values/result.ts'
import { saveNodeState } from '../../../core/nodes/node-state.ts'
import { aTxid, FUNDING, NOW } from '../../../harness/values.ts'
import { aBench, aConfiguredNode, type Bench } from '../../../harness/ports/bench.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'

const CHANNEL = channelKey('alice', 'c'.repeat(64))
const NEXT = `${aTxid('b')}:0`

async function note(bench: Bench, look: Partial<NodeLook> = {}, nodeId: string | null = null): Promise<void> {
  await saveNodeState(aConfiguredNode({ nodeId }), ok(aLook(look)), bench.ports)
}

const withChannel = (overrides: Partial<ChannelSnapshot>): Partial<NodeLook> => ({
  channels: [aChannel(overrides)],
})

async function versions(bench: Bench): Promise<(number | null)[]> {
  const node = await bench.store.item('node', 'alice')
  const channel = await bench.store.item('channel', CHANNEL)
  return [node?.version ?? null, channel?.version ?? null]
}

async function node(bench: Bench): Promise<NodeState | null> {
  return (await bench.store.item('node', 'alice'))?.value ?? null
}

async function channel(bench: Bench): Promise<ChannelState | null> {
  return (await bench.store.item('channel', CHANNEL))?.value ?? null
}

const moved = (observedAt: number) => ({ ...withChannel({ outboundMsat: 1_999, inboundMsat: 1 }), observedAt })

describe('what is seen is written on change only', () => {
  const seen: (readonly [string, Partial<NodeLook>, (number | null)[]])[] = [
    ['the same again', {}, [1, 1]],
    ['a little later', { observedAt: NOW + 299_999 }, [1, 1]],
    ['five minutes later', { observedAt: NOW + 300_000 }, [2, 1]],
    ['balances moved', withChannel({ outboundMsat: 1, inboundMsat: 1 }), [1, 1]],
    ['balances moved, five minutes later', moved(NOW + 300_000), [2, 1]],
    ['the wallet moved', { spendableSats: 1 }, [1, 1]],
    ['the wallet moved, five minutes later', { spendableSats: 1, observedAt: NOW + 300_000 }, [2, 1]],
    ['signs moved', withChannel({ claimableSats: 1 }), [1, 1]],
    ['another height', { tipHeight: 300, tipHash: aTxid('9') }, [1, 1]],
    ['another version of the software', { version: '2' }, [2, 1]],
    ['the peer went away', withChannel({ peerConnected: false }), [1, 2]],
    ['the channel is closing', withChannel({ closing: true }), [1, 2]],
    ['the channel is not ready', withChannel({ ready: false }), [1, 2]],
    ['another funding', withChannel({ funding: NEXT }), [1, 2]],
    ['another capacity', withChannel({ capacitySats: 5 }), [1, 2]],
    ['no channel', { channels: [] }, [2, 2]],
  ]
  test.each(seen)('%s', async (_says, look, expected) => {
    const bench = aBench()
    await note(bench)
    expect(await versions(bench)).toEqual([1, 1])
    await note(bench, look)
    expect(await versions(bench)).toEqual(expected)
  })

  test('in whatever order a node lists its channels', async () => {
    const bench = aBench()
    const channels = ['c', 'd'].map((digit) => aChannel({ channelId: digit.repeat(64) }))
    await note(bench, { channels })
    await note(bench, { channels: channels.toReversed() })
    expect((await bench.store.item('node', 'alice'))?.version).toBe(1)
  })

  test('what the node can do is what the API goes by', async () => {
    const bench = aBench()
    await note(bench)
    expect(await node(bench)).toMatchObject({
      capabilities: { software: 'ldk-server', spliceIn: true, feeCap: 'gated' },
      channelIds: ['c'.repeat(64)],
      processStarts: [],
      relayEvents: [],
      paused: null,
      seenAt: NOW,
    })
    expect(await channel(bench)).toMatchObject({ funding: FUNDING, earlier: [], goneAt: null })
  })

  test('the balances that are kept are five minutes old at most', async () => {
    const bench = aBench()
    await note(bench)
    await note(bench, { ...moved(NOW + 300_000), spendableSats: 7 })
    expect((await node(bench))?.balances).toEqual({ walletSats: 7, outboundSats: [1] })
  })

  test('each balance is that of the channel at its place', async () => {
    const bench = aBench()
    const channels = ['d', 'c'].map((digit, n) => aChannel({ channelId: digit.repeat(64), outboundMsat: n * 1_000 }))
    await note(bench, { channels })
    expect(await node(bench)).toMatchObject({
      channelIds: ['c'.repeat(64), 'd'.repeat(64)],
      balances: { outboundSats: [1, 0] },
    })
  })

  test('what the relay said is kept', async () => {
    const bench = aBench()
    await note(bench)
    const item = await bench.store.item('node', 'alice')
    if (item === null) throw new Error('not seen')
    const told = { ...item.value, processStarts: [5], relayEvents: ['e'] }
    await bench.store.putItem('node', 'alice', told, item.version)
    await note(bench, { version: '2' })
    expect(await node(bench)).toMatchObject({ processStarts: [5], relayEvents: ['e'], version: '2' })
  })
})

describe('earlier funding outpoints', () => {
  test('are kept, oldest first, and an older one never becomes the current one again', async () => {
    const bench = aBench()
    await note(bench)
    await note(bench, withChannel({ funding: NEXT }))
    expect(await channel(bench)).toMatchObject({ funding: NEXT, earlier: [FUNDING] })
    await note(bench, withChannel({ funding: FUNDING }))
    expect(await channel(bench)).toMatchObject({ funding: NEXT, earlier: [FUNDING] })
    await note(bench, withChannel({ funding: null }))
    expect(await channel(bench)).toMatchObject({ funding: NEXT, earlier: [FUNDING] })
  })

  test('the time of the current one is when it was first seen', async () => {
    const bench = aBench()
    await note(bench)
    await note(bench, { observedAt: NOW + 1, ...withChannel({ ready: false }) })
    expect((await channel(bench))?.fundingSince).toBe(NOW)
    await note(bench, { observedAt: NOW + 2, ...withChannel({ funding: NEXT }) })
    expect((await channel(bench))?.fundingSince).toBe(NOW + 2)
  })

  test('one that was not told at first is no earlier one', async () => {
    const bench = aBench()
    await note(bench, withChannel({ funding: null }))
    await note(bench)
    expect(await channel(bench)).toMatchObject({ funding: FUNDING, earlier: [] })
  })

  test('one that was replaced while the channel was not ready is an earlier one, once it had been open', async () => {
    const bench = aBench()
    const third = `${aTxid('9')}:0`
    await note(bench)
    await note(bench, withChannel({ funding: NEXT, ready: false }))
    await note(bench, withChannel({ funding: third, ready: false }))
    expect(await channel(bench)).toMatchObject({ funding: third, earlier: [FUNDING, NEXT] })
  })

  test('the last fifty are kept', async () => {
    const bench = aBench()
    for (let n = 0; n < 53; n++) await note(bench, withChannel({ funding: `${aTxid('a')}:${n}` }))
    const earlier = (await channel(bench))?.earlier
    expect(earlier).toHaveLength(50)
    expect(earlier?.[0]).toBe(`${aTxid('a')}:2`)
  })
})

describe('the peer', () => {
  test('is connected since it was first seen so, and anew after it was away', async () => {
    const bench = aBench()
    const since = async (): Promise<number | null> => (await channel(bench))?.connectedSince ?? null
    await note(bench)
    await note(bench, { observedAt: NOW + 1, ...withChannel({ ready: false }) })
    expect(await since()).toBe(NOW)
    await note(bench, { observedAt: NOW + 2, ...withChannel({ peerConnected: false }) })
    expect(await since()).toBeNull()
    await note(bench, { observedAt: NOW + 3 })
    expect(await since()).toBe(NOW + 3)
  })
})

describe('a channel that is not listed any more', () => {
  test('is gone since then, once, and comes back', async () => {
    const bench = aBench()
    await note(bench)
    bench.now = NOW + 7
    await note(bench, { channels: [] })
    expect((await channel(bench))?.goneAt).toBe(NOW + 7)
    const before = await versions(bench)
    bench.now = NOW + 9
    await note(bench, { channels: [] })
    expect(await versions(bench)).toEqual(before)
    await note(bench)
    expect((await channel(bench))?.goneAt).toBeNull()
  })

  test('is gone since the first time, even where the node still lists it after a crash', async () => {
    const bench = aBench()
    await note(bench)
    await note(bench, { channels: [] })
    const item = await bench.store.item('node', 'alice')
    if (item === null) throw new Error('not seen')
    const listed = { ...item.value, channelIds: ['c'.repeat(64)] }
    await bench.store.putItem('node', 'alice', listed, item.version)
    bench.now = NOW + 9
    await note(bench, { channels: [] })
    expect((await channel(bench))?.goneAt).toBe(NOW)
  })
})

describe('a node that refuses our credential', () => {
  test('is paused with an alarm, once, and an answer lifts it', async () => {
    const bench = aBench()
    await note(bench)
    const refused = err({ class: 'config', message: 'm'.repeat(400) } as const)
    await saveNodeState(aConfiguredNode(), refused, bench.ports)
    await saveNodeState(aConfiguredNode(), refused, bench.ports)
    expect((await node(bench))?.paused).toEqual({ at: NOW, message: 'm'.repeat(300) })
    expect(bench.alarms).toEqual(['node paused'])
    expect(bench.alarmed).toEqual([{ node: 'alice' }])
    expect(bench.counts.get('look.config')).toBe(2)
    await note(bench)
    expect((await node(bench))?.paused).toBeNull()
  })

  test('one that cannot be reached is not paused, and nothing is written', async () => {
    const bench = aBench()
    await note(bench)
    await saveNodeState(aConfiguredNode(), err({ class: 'unreachable', message: 'away' }), bench.ports)
    expect((await node(bench))?.paused).toBeNull()
    expect(await versions(bench)).toEqual([1, 1])
    expect(bench.counts.get('look.unreachable')).toBe(1)
  })

  test('one that was never seen is not made up', async () => {
    const bench = aBench()
    await saveNodeState(aConfiguredNode(), err({ class: 'config', message: 'no' }), bench.ports)
    expect(await node(bench)).toBeNull()
  })
})

describe('another node at the address', () => {
  const other = `02${'9'.repeat(64)}`

  test('is not written down, and an alarm is given', async () => {
    const bench = aBench()
    await note(bench)
    await note(bench, { nodeId: other, ...withChannel({ funding: NEXT }) })
    expect(await versions(bench)).toEqual([1, 1])
    expect(bench.alarms).toEqual(["another node answers at the node's address"])
    expect(bench.alarmed).toEqual([{ node: 'alice' }])
  })

  test('what the configuration pins counts, even before the first look', async () => {
    const bench = aBench()
    await note(bench, {}, other)
    expect(await versions(bench)).toEqual([null, null])
    await note(bench, { nodeId: other }, other)
    expect((await node(bench))?.nodeId).toBe(other)
  })
})
