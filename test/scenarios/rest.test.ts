import { describe, expect, test } from 'vitest'
import type { MemoryHooks } from '../../adapters/store/memory.ts'
import { createWorld, simulatedChainPort } from '../../simulator/world/world.ts'
import type { ChainPort, Ports } from '../../core/ports/ports.ts'
import { err } from '../../core/values/result.ts'
import { MINUTE, START } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import type { KeeperOptions } from '../../harness/keeper/options.ts'

type World = { readonly keeper: Keeper; readonly id: string; readonly looks: () => number }

/** A splice whose transaction waits for its first block, and how often its record was read since. */
async function pending(options: KeeperOptions = {}): Promise<World> {
  let looks = 0
  const before: MemoryHooks['before'] = (operation) => {
    if (operation.type === 'getMany') looks += 1
    return options.hooks?.before?.(operation) ?? null
  }
  const keeper = await startKeeper({ ...options, hooks: { before } })
  const { id } = await keeper.post()
  await keeper.run(3 * MINUTE)
  expect((await keeper.splice(id)).state).toBe('pending')
  looks = 0
  return { keeper, id, looks: () => looks }
}

/** Ports whose node has another chain source. */
function withChain(ports: Ports, make: (chain: ChainPort) => ChainPort): Ports {
  const nodes = [...ports.nodes].map(([name, node]) => [name, { ...node, chain: make(node.chain) }] as const)
  return { ...ports, nodes: new Map(nodes) }
}

describe('a splice that waits for a block', () => {
  test('is left alone until one comes, and the next sweep sees it', async () => {
    const { keeper, id, looks } = await pending()
    await keeper.run(6 * MINUTE)
    expect(looks()).toBe(0)
    keeper.world.mine(1)
    await keeper.run(MINUTE)
    expect((await keeper.splice(id)).state).toBe('confirmed')
    const seen = looks()
    await keeper.run(30 * MINUTE)
    expect(looks()).toBe(seen)
  })

  test('is looked at after a while all the same', async () => {
    const { keeper, looks } = await pending()
    await keeper.run(11 * MINUTE)
    expect(looks()).toBeGreaterThan(0)
  })

  test('settles as soon as its depth and its lock are there', async () => {
    const { keeper, id } = await pending({ relay: false })
    keeper.world.mine(6)
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('settled')
  })

  test('is looked at again with each block once it is confirmed', async () => {
    const { keeper, id, looks } = await pending({ relay: false })
    keeper.world.mine(1)
    await keeper.run(MINUTE)
    const seen = looks()
    keeper.world.mine(1)
    await keeper.run(MINUTE)
    expect(looks()).toBe(seen + 1)
    keeper.world.mine(4)
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('settled')
  })

  test('is seen to be locked when the lock comes later than the last block', async () => {
    const { keeper, id } = await pending({ relay: false })
    keeper.node.setPeerLocks(keeper.channelId, false)
    keeper.world.mine(6)
    await keeper.run(5 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('confirmed')
    keeper.node.setPeerLocks(keeper.channelId, true)
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('settled')
  })

  test('is sent again after a while where it has left the mempool', async () => {
    const { keeper, id } = await pending()
    keeper.node.behaviour.broadcasts = 'never'
    const txid = (await keeper.splice(id)).candidates[0]?.txid ?? ''
    keeper.world.chain.evict(txid)
    await keeper.run(12 * MINUTE)
    expect(keeper.counts.get('rebroadcast.taken')).toBe(1)
    expect(keeper.world.chain.confirmations(txid)).toBe(0)
  })
})

describe('a block that a sweep did not get round to', () => {
  test('is owed by the next one, where the first died after it had written the block down', async () => {
    let dies = false
    const { keeper, id } = await pending({
      hooks: {
        before: (operation) => (dies && JSON.stringify(operation).includes('SPL#') ? 'throttle' : null),
      },
    })
    keeper.world.mine(1)
    dies = true
    await keeper.run(2 * MINUTE)
    dies = false
    expect((await keeper.splice(id)).state).toBe('pending')
    await keeper.run(MINUTE)
    expect((await keeper.splice(id)).state).toBe('confirmed')
  })

  test('is owed where the chain source told of it, and then did not answer who spends what', async () => {
    let down = false
    const { keeper, id } = await pending({
      wrap: (ports) =>
        withChain(ports, (chain) => ({
          ...chain,
          spend: async (outpoint, hint, call) =>
            down ? err({ class: 'unreachable', message: 'down' }) : chain.spend(outpoint, hint, call),
        })),
    })
    down = true
    keeper.world.mine(1)
    await keeper.run(2 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('pending')
    down = false
    await keeper.run(MINUTE)
    expect((await keeper.splice(id)).state).toBe('confirmed')
  })

  test('is looked at once where several nodes race to write it down', async () => {
    const { keeper, looks } = await pending({
      wrap: (ports) => {
        const alice = ports.nodes.get('alice')
        if (alice === undefined) throw new Error('no node')
        const others = ['bob', 'carol', 'dave'].map((name) => [name, { ...alice, name }] as const)
        return { ...ports, nodes: new Map([...others, ['alice', alice]]) }
      },
    })
    keeper.world.mine(1)
    await keeper.run(5 * MINUTE)
    expect(looks()).toBe(1)
  })

  test('is owed until the chain source of the node has it', async () => {
    const world = createWorld({
      seed: 'rest',
      startAt: START,
      nodes: [{ overlapGuard: true, name: 'alice' }],
    })
    const { keeper, id } = await pending({
      world,
      // Another node on the same chain, whose source is ahead.
      wrap: (ports) => {
        const alice = ports.nodes.get('alice')
        if (alice === undefined) throw new Error('no node')
        const carol = { ...alice, name: 'carol', chain: simulatedChainPort(world.chain) }
        return {
          ...ports,
          nodes: new Map([
            ['carol', carol],
            ['alice', alice],
          ]),
        }
      },
    })
    keeper.chainView.lagBlocks = 1
    world.mine(1)
    await keeper.run(3 * MINUTE)
    expect((await keeper.splice(id)).state).toBe('pending')
    keeper.chainView.lagBlocks = 0
    await keeper.run(MINUTE)
    expect((await keeper.splice(id)).state).toBe('confirmed')
  })
})
