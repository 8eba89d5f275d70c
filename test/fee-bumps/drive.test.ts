import { describe, expect, test } from 'vitest'
import type { MemoryHooks, Operation } from '../../adapters/store/memory.ts'
import { drive } from '../../core/drive/drive.ts'
import type { ChannelSnapshot, BumpRequest } from '../../core/ports/node.ts'
import type { ConfiguredNode } from '../../core/ports/ports.ts'
import { ok } from '../../core/values/result.ts'
import type { Bump, CommandResult, Splice } from '../../core/splice/splice.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../harness/ports/bench.ts'
import { aBump, aBumpAttempt, aPendingSplice, FIRST } from '../../harness/records/bumps.ts'
import { aChannel, aLook, capabilities } from '../../harness/looks/node.ts'
import { aHeldLease, aNodeThat } from '../../harness/records/states.ts'
import { FUNDING, NOW, policy } from '../../harness/values.ts'
import { FakeChain } from '../../harness/ports/fake-chain.ts'
import { onChain } from '../../harness/transactions.ts'

const ID = aPendingSplice().id
const CHANNEL = aPendingSplice().channelId

type World = {
  readonly bench: Bench
  readonly requests: BumpRequest[]
  /** Ids of attempts that stood in the table when a request was made. */
  readonly journalled: string[]
}
type Given = {
  readonly splice?: Partial<Splice>
  readonly bump?: Partial<Bump>
  readonly answer?: CommandResult
  readonly can?: Parameters<typeof capabilities>[0]
  readonly channel?: Partial<ChannelSnapshot>
  readonly hooks?: (bench: () => Bench) => MemoryHooks
  readonly lease?: Parameters<typeof aHeldLease>[0]
  readonly generation?: number
  readonly chain?: FakeChain
}

async function aWorldWith(given: Given = {}): Promise<World> {
  const requests: BumpRequest[] = []
  const journalled: string[] = []
  const can = capabilities({ bump: true, ...given.can })
  const node: ConfiguredNode = aConfiguredNode({
    chain: given.chain ?? new FakeChain([onChain(FIRST)]),
    port: {
      ...fakeNode(() => ok(aLook({ observedAt: bench.now, capabilities: can, channels: [aChannel(given.channel)] }))),
      bump: async (request) => {
        requests.push(request)
        const stored = await bench.store.load(ID)
        journalled.push(...(stored?.bumps.flatMap(({ attempts }) => attempts.map(({ id }) => id)) ?? []))
        return given.answer ?? { type: 'taken' }
      },
    },
  })
  const hooks = given.hooks?.(() => bench) ?? {}
  const bench: Bench = aBench({ nodes: [node], generation: given.generation ?? 0, hooks })
  await bench.store.create(aPendingSplice({ bumps: [aBump(given.bump)], ...given.splice }))
  await bench.store.putItem('node', 'alice', aNodeThat({ bump: true }), 0)
  await bench.store.putItem('lease', CHANNEL, aHeldLease(given.lease).value, 0)
  await bench.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
  return { bench, requests, journalled }
}

const run = ({ bench }: World, mayAct = true) => drive(ID, bench.ports, { policy, mayAct, shared: null })
async function bumpOf({ bench }: World): Promise<Bump> {
  const bump = (await bench.store.load(ID))?.bumps.at(-1)
  if (bump === undefined) throw new Error('no bump')
  return bump
}
const isJournal = (operation: Operation): boolean =>
  operation.type === 'put' &&
  operation.row.pk.startsWith('SPL#') &&
  JSON.stringify(operation.row.body).includes('fee bump: attempt')

describe('a bump whose gates are open', () => {
  test('is journalled, then sent with all that the node needs, then answered', async () => {
    const world = await aWorldWith()
    expect(await run(world)).toBe('submitted')
    const bump = await bumpOf(world)
    const [attempt] = bump.attempts
    expect(bump.attempts).toHaveLength(1)
    expect(attempt).toMatchObject({
      kind: 'bump',
      number: 1,
      submittedOn: FUNDING,
      startedAt: NOW,
      fenceAt: NOW + 120_000,
      result: { type: 'taken', at: NOW },
    })
    expect(bump.baseline).toEqual({ claimableSats: 0, reservedSats: 0 })
    expect(world.journalled).toEqual([attempt?.id])
    const { userChannelId, peerId, address } = aPendingSplice()
    expect(world.requests).toEqual([
      {
        attemptId: attempt?.id,
        channelId: CHANNEL,
        userChannelId,
        peerId,
        txid: FIRST.txid,
        submittedOn: FUNDING,
        kind: 'splice_out',
        amountSats: 50_000,
        address,
        feeRateSatPerKw: null,
        signedAt: NOW,
        maxFeeRateSatPerKw: null,
        maxFeeSats: null,
      },
    ])
  })

  test.each<[string, Given, number | null]>([
    ['nothing where the node takes none', {}, null],
    ['what was asked for', { bump: { feeRateSatPerKw: 3_000 }, can: { setsFeeRate: true } }, 3_000],
    ['1 sat/vB more where it is left to us', { can: { setsFeeRate: true } }, 1_250],
  ])('names as the feerate %s, and the ceiling', async (_says, given, feeRateSatPerKw) => {
    const budget = { ...aPendingSplice().budget, maxFeeRateSatPerKw: 9_000, maxFeeSats: 8_000 }
    const world = await aWorldWith({ ...given, splice: { budget } })
    await run(world)
    expect(world.requests).toMatchObject([{ feeRateSatPerKw, maxFeeRateSatPerKw: 9_000, maxFeeSats: 8_000 }])
  })

  test('names the one on record, where none is to be seen', async () => {
    const world = await aWorldWith({ chain: new FakeChain() })
    expect(await run(world)).toBe('submitted')
    expect(world.requests).toMatchObject([{ txid: FIRST.txid, submittedOn: FUNDING }])
  })

  test('is not sent again before the answer of the first is old enough', async () => {
    const world = await aWorldWith()
    await run(world)
    world.bench.now = NOW + 60_000
    expect(await run(world)).toBe('idle')
    expect(world.requests).toHaveLength(1)
  })

  test('is hinted, and not sent, by a sweep', async () => {
    const world = await aWorldWith()
    expect(await run(world, false)).toBe('idle')
    expect(world.bench.hints).toEqual([ID])
    expect(world.requests).toEqual([])
    expect((await bumpOf(world)).attempts).toEqual([])
  })

  test.each<[string, CommandResult]>([
    ['an unknown answer', { type: 'unknown', message: 'timed out' }],
    ['a refusal', { type: 'refused', class: 'not_now', message: 'no' }],
  ])('keeps %s', async (_says, answer) => {
    const world = await aWorldWith({ answer })
    expect(await run(world)).toBe('submitted')
    expect((await bumpOf(world)).attempts[0]?.result).toMatchObject(answer)
  })
})

describe('a bump is not sent', () => {
  const slotLost = (holder: string | null, frozen: boolean): Given => ({
    hooks: (bench) => {
      let reads = 0
      return {
        // The look has read the lease once; the driver reads it again just before it journals.
        before: async (operation) => {
          if (operation.type !== 'get' || !operation.key.pk.startsWith('LEASE#')) return null
          reads += 1
          if (reads !== 2) return null
          const cause = frozen ? { cause: 'x', at: NOW, note: '' } : null
          await bench().store.putItem('lease', CHANNEL, aHeldLease({ holder, frozen: cause }).value, 1)
          return null
        },
      }
    },
  })

  test.each<[string, Given]>([
    ['when the lease was given away since the look', slotLost(null, false)],
    ['when another has it since the look', slotLost('spl_other', false)],
    ['when the channel was frozen since the look', slotLost(ID, true)],
    ['from a table that was restored and not confirmed', { generation: 1 }],
  ])('%s', async (_says, given) => {
    const world = await aWorldWith(given)
    expect(await run(world)).toBe('idle')
    expect(world.requests).toEqual([])
    expect((await bumpOf(world)).attempts).toEqual([])
  })

  test.each([
    [10_000, 1],
    [10_001, 0],
  ])('on what was seen %i ms ago: sent %i times, and looked at again', async (slowMs, sends) => {
    const world = await aWorldWith({
      hooks: (bench) => {
        let reads = 0
        return {
          before: (operation) => {
            if (operation.type === 'get' && operation.key.pk.startsWith('LEASE#') && ++reads === 2)
              bench().now += slowMs
            return null
          },
        }
      },
    })
    expect(await run(world)).toBe(sends === 0 ? 'idle' : 'submitted')
    expect(world.requests).toHaveLength(sends)
    expect(world.bench.hints).toEqual(sends === 0 ? [ID] : [])
    expect((await bumpOf(world)).attempts).toHaveLength(sends)
  })

  test('when the attempt could not be journalled: somebody was faster', async () => {
    const world = await aWorldWith({
      hooks: () => ({ before: (operation) => (isJournal(operation) ? 'lost_race' : null) }),
    })
    expect(await run(world)).toBe('busy')
    expect(world.requests).toEqual([])
    expect((await bumpOf(world)).attempts).toEqual([])
  })

  test('when journalling took too long; the attempt is proven not executed and costs nothing', async () => {
    const world = await aWorldWith({
      hooks: (bench) => ({
        after: (operation) => {
          if (isJournal(operation) && bench().now === NOW) bench().now = NOW + 10_001
        },
      }),
    })
    expect(await run(world)).toBe('submitted')
    expect(world.requests).toEqual([])
    expect((await bumpOf(world)).attempts).toMatchObject([
      { result: { type: 'refused', class: 'not_now' }, notExecuted: { proof: 'refused' } },
    ])
  })

  test('twice by one that died after sending: the journalled attempt stands for it', async () => {
    const world = await aWorldWith({ bump: { attempts: [aBumpAttempt({ result: null, fenceAt: NOW + 1 })] } })
    expect(await run(world)).toBe('idle')
    expect(world.requests).toEqual([])
  })
})

test('an attempt that the node refuses for its credential pauses the node', async () => {
  const world = await aWorldWith({ answer: { type: 'refused', class: 'config', message: 'denied' } })
  await run(world)
  expect((await world.bench.store.item('node', 'alice'))?.value.paused?.message).toBe('denied')
  world.bench.now = NOW + 3_600_000
  expect(await run(world)).toBe('idle')
  expect(world.requests).toHaveLength(1)
})
