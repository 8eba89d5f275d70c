import { describe, expect, test } from 'vitest'
import {
  clearView,
  createWorld,
  simulatedChainPort,
  type ChainView,
  type World,
} from '../../../simulator/world/world.ts'
import type { FollowedChain } from '../../../core/ports/records.ts'
import type { ChainPort } from '../../../core/ports/ports.ts'
import { followChain, isFollowed } from '../../../core/chain/follow-chain.ts'
import { START } from '../../../harness/keeper/times.ts'

const call = { signal: new AbortController().signal }

/** A world, a view of its chain, and how many hashes were asked for. */
function bench(): { world: World; view: ChainView; chain: ChainPort; asked: () => number } {
  const world = createWorld({ seed: 'reorg', startAt: START })
  const view = clearView()
  const port = simulatedChainPort(world.chain, view)
  let hashes = 0
  const blockHash: ChainPort['blockHash'] = async (height, options) => {
    hashes += 1
    return port.blockHash(height, options)
  }
  return { world, view, chain: { ...port, blockHash }, asked: () => hashes }
}

async function follow(before: FollowedChain | null, chain: ChainPort): Promise<FollowedChain> {
  const followed = await followChain(before, START, chain, call)
  if (!followed.ok || followed.value === null) throw new Error('not followed')
  return followed.value
}

describe('following the chain', () => {
  test('starts with the blocks that a reorg may still take, and remembers what it sees from there on', async () => {
    const { world, chain } = bench()
    const first = await follow(null, chain)
    const { height, hash } = world.chain.tip
    expect(first).toMatchObject({ height, orphans: [] })
    expect(first.hashes).toHaveLength(13)
    expect(first.hashes[0]).toBe(world.chain.block(height - 12)?.hash)
    expect(first.hashes.at(-1)).toBe(hash)
    world.mine(3)
    const next = await follow(first, chain)
    expect(next.hashes).toHaveLength(16)
    expect(next.hashes.at(-1)).toBe(world.chain.tip.hash)
    expect(next.orphans).toEqual([])
  })

  test('changes nothing, and asks for no block, where the tip is the one that was seen', async () => {
    const { chain, asked } = bench()
    const first = await follow(null, chain)
    const before = asked()
    expect(await follow(first, chain)).toBe(first)
    expect(asked()).toBe(before)
  })

  test('names the blocks that a reorg took, at a cost of what is new and what has gone', async () => {
    const { world, chain, asked } = bench()
    const first = await follow(null, chain)
    world.mine(20)
    const seen = await follow(first, chain)
    const gone = [3, 2, 1].map((back) => world.chain.block(world.chain.tip.height - back + 1)?.hash)
    const before = asked()
    world.reorg(3)
    const after = await follow(seen, chain)
    expect(after.orphans.map((orphan) => orphan.hash)).toEqual(gone)
    expect(after.orphans.map((orphan) => orphan.height)).toEqual([138, 139, 140])
    expect(after.hashes).toHaveLength(34)
    expect(asked() - before).toBeLessThanOrEqual(4 + 4)
  })

  test('keeps an orphan for 100 blocks, and no longer', async () => {
    const { world, chain } = bench()
    world.mine(1)
    let seen = await follow(null, chain)
    world.reorg(1)
    seen = await follow(seen, chain)
    const orphaned = seen.orphans[0]
    expect(orphaned).toBeDefined()
    world.mine(98)
    seen = await follow(seen, chain)
    expect(seen.orphans).toEqual([orphaned])
    world.mine(1)
    expect((await follow(seen, chain)).orphans).toEqual([])
  })

  test('takes a block back that returns to the chain: it is no orphan then', async () => {
    const { world, view, chain } = bench()
    const start = await follow(null, chain)
    world.mine(2)
    const seen = await follow(start, chain)
    const returned = seen.hashes.at(-2)
    const height = start.height + 1
    const odd: FollowedChain = { ...start, orphans: [{ height, hash: returned ?? '' }] }
    expect(view.down).toBe(false)
    expect((await follow(odd, chain)).orphans).toEqual([])
  })

  test('takes a source that falls behind for what it is: nothing has gone', async () => {
    const { world, view, chain } = bench()
    const start = await follow(null, chain)
    world.mine(5)
    const seen = await follow(start, chain)
    view.lagBlocks = 3
    expect(await follow(seen, chain)).toBe(seen)
  })

  test('sees a reorg to a shorter chain', async () => {
    const { world, chain } = bench()
    const start = await follow(null, chain)
    world.mine(5)
    const seen = await follow(start, chain)
    world.reorg(4, { newLength: 2 })
    const after = await follow(seen, chain)
    expect(after.height).toBe(start.height + 3)
    expect(after.orphans.map((orphan) => orphan.hash)).toEqual(seen.hashes.slice(-4))
    expect(after.hashes.slice(0, 2)).toEqual(seen.hashes.slice(0, 2))
  })

  test('remembers the blocks of a reorg that goes below all that was seen: a second one is found', async () => {
    const { world, chain } = bench()
    const start = await follow(null, chain)
    world.reorg(14)
    const seen = await follow(start, chain)
    expect(seen.orphans).toHaveLength(13)
    expect(seen.hashes, 'twelve more below them').toHaveLength(14 + 12)
    const inBetween = seen.hashes.at(-14)
    world.reorg(15)
    const after = await follow(seen, chain)
    expect(after.orphans.map(({ hash }) => hash)).toContain(inBetween)
  })

  test('starts anew after an outage of more blocks than are remembered, and remembers no more than 300', async () => {
    const { world, chain, asked } = bench()
    const start = await follow(null, chain)
    world.mine(350)
    const before = asked()
    const seen = await follow(start, chain)
    expect(asked() - before, 'those, and the one that both have').toBe(301)
    expect(seen.hashes).toHaveLength(300)
    expect(seen.hashes[0]).toBe(world.chain.block(world.chain.tip.height - 299)?.hash)
    expect(seen.orphans).toEqual([])
  })

  test('remembers no more than 300 orphans, the newest', async () => {
    const { world, chain } = bench()
    world.mine(100)
    let seen = await follow(null, chain)
    for (let n = 0; n < 4; n++) {
      world.mine(80)
      seen = await follow(seen, chain)
      world.reorg(80, { newLength: 80 })
      seen = await follow(seen, chain)
      world.reorg(80, { newLength: 1 })
      seen = await follow(seen, chain)
    }
    expect(seen.orphans).toHaveLength(300)
  })

  test('is a fault at whichever call the source does not answer, at the first look and after a reorg', async () => {
    const { world, chain } = bench()
    const start = await follow(null, chain)
    world.mine(3)
    const seen = await follow(start, chain)
    world.reorg(2)
    for (const before of [null, seen]) {
      let calls = 0
      const failing = (at: number): ChainPort => ({
        ...chain,
        blockHash: async (height, options) =>
          ++calls === at
            ? { ok: false, error: { class: 'unreachable', message: '' } }
            : chain.blockHash(height, options),
      })
      await followChain(before, START, failing(0), call)
      const total = calls
      for (let at = 1; at <= total; at++) {
        calls = 0
        expect(await followChain(before, START, failing(at), call), `call ${at}`).toMatchObject({ ok: false })
      }
    }
  })

  test('is nothing yet where the chain moves while it is first looked at', async () => {
    const { chain } = bench()
    const moving: ChainPort = { ...chain, blockHash: async () => ({ ok: true, value: null }) }
    expect(await followChain(null, START, moving, call)).toEqual({ ok: true, value: null })
  })

  test('is a fault where the source does not answer, and nothing where the chain moves meanwhile', async () => {
    const { world, view, chain } = bench()
    const start = await follow(null, chain)
    world.mine(2)
    const moving: ChainPort = {
      ...chain,
      blockHash: async (h, c) => (h > 121 ? { ok: true, value: null } : chain.blockHash(h, c)),
    }
    expect(await followChain(start, START, moving, call)).toEqual({ ok: true, value: null })
    view.down = true
    expect((await followChain(start, START, chain, call)).ok).toBe(false)
  })
})

describe('a block is noticed when it leaves the chain', () => {
  const seen = { height: 11, hash: 'c', seenAt: START, hashes: ['a', 'b', 'c'], orphans: [] }
  test.each<[string, number, string, boolean]>([
    ['the tip', 11, 'c', true],
    ['the lowest that is remembered', 9, 'a', true],
    ['another one at a height that was seen', 10, 'x', false],
    ['one above what was seen', 12, 'd', false],
    ['one below what is remembered: no reorg goes so deep', 8, 'x', true],
  ])('%s', (_says, height, hash, noticed) => expect(isFollowed(seen, { height, hash })).toBe(noticed))

  test('not before the first sweep', () => expect(isFollowed(null, { height: 9, hash: 'a' })).toBe(false))
})
