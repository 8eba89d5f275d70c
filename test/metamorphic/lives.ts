import { hasEnded } from '../../core/splice/transitions.ts'
import type { SpliceRequest } from '../../core/accept/accept-splice.ts'
import type { JournalEntry } from '../../simulator/world/world.ts'
import type { Keeper, KeeperOptions } from '../support/keeper.ts'
import { HOUR, MINUTE } from '../support/keeper.ts'

/** Short waits, so that a whole life takes few calls; nothing is skipped. */
const policy = { quietMs: 60_000, backoffBaseMs: 1_000, backoffCapMs: 60_000, dueJitterMs: 0 }
const SECOND = 1_000
const MARKET_RATE = 3_000
/** A round so slow that it is still going on when whoever waits for its start looks again. */
const SLOW_ROUND = { quiescenceMs: 5_000, ackMs: 5_000, constructingMs: 10_000, signingMs: 5_000 }

/**
 * What happens to one or two splices, from outside. What happens is bound to where the world or the record stands, never to
 * a time: then a message that comes later makes everything after it later, and changes nothing else.
 */
export type Life = {
  readonly name: string
  readonly play: (keeper: Keeper) => Promise<unknown>
  /** What happens after the first rest: for example what proves an attempt dead in the end. */
  readonly later?: (keeper: Keeper) => Promise<void>
  /**
   * Only the relay tells what this end needs (a reason, or a start of the node's process), so without it the life has another
   * end, as safe: the splice is asked for again, or nobody can prove its attempt dead (design section 6).
   */
  readonly needsRelay?: true
}

/** Lives a whole life, and rests until nothing moves any more. */
export async function live<K extends Keeper>(
  life: Life,
  makeKeeper: (options: KeeperOptions) => K,
): Promise<K> {
  const keeper = makeKeeper({ policy })
  await keeper.sweep()
  await life.play(keeper)
  await rest(keeper)
  await life.later?.(keeper)
  await rest(keeper)
  return keeper
}

/** Lets seconds pass until it holds, and one more: nothing happens in the very instant of what it waited for. */
async function until(keeper: Keeper, says: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let passed = 0; passed < HOUR; passed += SECOND) {
    const held = await holds()
    await keeper.run(SECOND)
    if (held) return
  }
  throw new Error(`never: ${says}`)
}

async function happened(keeper: Keeper, type: JournalEntry['type'], times = 1): Promise<void> {
  const count = (): number => keeper.world.journal.entries.filter((entry) => entry.type === type).length
  await until(keeper, `${type} ${times}`, () => count() >= times)
}

async function stands(keeper: Keeper, id: string, state: string): Promise<void> {
  await until(keeper, `${id} is ${state}`, async () => (await keeper.splice(id)).state === state)
}

/** Ids of all splices, oldest first. */
export async function idsOf(keeper: Keeper): Promise<string[]> {
  return (await keeper.store.byTenant('acme', 100, null)).ids.toReversed()
}

async function isAtRest(keeper: Keeper): Promise<boolean> {
  const splices = await keeper.store.loadMany(await idsOf(keeper))
  return splices.every(
    ({ state, dueAt, watch, leaseHeld: leaseHeld }) =>
      (hasEnded(state) && (dueAt === null || watch !== null) && !leaseHeld) || state === 'needs_attention',
  )
}

/**
 * Mines where the mempool has been the same for a minute: no block comes before a transaction could be seen, or the record
 * jumps over states, as it may.
 */
async function rest(keeper: Keeper, maxMs = 40 * MINUTE): Promise<void> {
  const waiting = (): string =>
    keeper.world.chain
      .mempool()
      .map(({ txid }) => txid)
      .join()
  for (let passed = 0; passed < maxMs && !(await isAtRest(keeper)); passed += MINUTE) {
    const before = waiting()
    await keeper.run(MINUTE)
    if (waiting() === before) keeper.world.mine(1)
  }
}

const budget = (more: Partial<SpliceRequest['budget']>): SpliceRequest['budget'] => ({
  maxAttempts: null,
  deadline: null,
  maxFeeRateSatPerKw: null,
  maxFeeSats: null,
  ...more,
})

async function ordered(keeper: Keeper): Promise<string> {
  const { id } = await keeper.post()
  await stands(keeper, id, 'pending')
  return id
}

/** Orders a splice-out while the peer is away: the node takes it, and it waits in its memory. */
async function queuedAtNode(keeper: Keeper): Promise<string> {
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await happened(keeper, 'contribution_queued')
  await stands(keeper, id, 'submitted')
  return id
}

/** Restarts the node so long after the last fence that the start proves something. */
async function restartLater(keeper: Keeper): Promise<void> {
  await keeper.run(3 * MINUTE)
  keeper.node.restart()
}

const ordinary: readonly Life[] = [
  { name: 'a splice-out', play: async (keeper) => keeper.post() },
  {
    name: 'a splice-in',
    play: async (keeper) => keeper.post({ kind: 'splice_in', amountSats: 80_000 }),
  },
  {
    name: 'two splices queued on one channel',
    play: async (keeper) => {
      await keeper.post()
      await keeper.post({ amountSats: 60_000 })
    },
  },
  {
    name: 'splices on two channels of one node',
    play: async (keeper) => {
      await keeper.post()
      await keeper.post({ channelId: keeper.channelIds[2] ?? '', kind: 'splice_in', amountSats: 70_000 })
    },
  },
  {
    name: 'a splice-out that is refused twice',
    play: async (keeper) => {
      for (let n = 0; n < 2; n++) keeper.node.fault({ type: 'refuse', status: 9 })
      await keeper.post()
    },
  },
]

const troubled: readonly Life[] = [
  {
    name: 'a splice-out whose round a disconnect ends',
    play: async (keeper) => {
      keeper.world.setPhases(SLOW_ROUND)
      await keeper.post()
      await happened(keeper, 'round_phase')
      keeper.node.disconnectPeer({ returnsAfterMs: 30_000 })
    },
  },
  {
    name: 'a splice-out that the node loses in a restart',
    play: async (keeper) => {
      await queuedAtNode(keeper)
      await restartLater(keeper)
      keeper.node.connectPeer()
    },
  },
  {
    name: 'a splice-out whose reply is lost',
    play: async (keeper) => {
      keeper.node.fault({ type: 'lose_reply' })
      await keeper.post()
    },
  },
  {
    name: 'a splice-out whose request is lost',
    play: async (keeper) => {
      keeper.node.fault({ type: 'drop' })
      await keeper.post()
    },
  },
  {
    name: 'a splice-out that the node executes half a minute late',
    play: async (keeper) => {
      keeper.node.fault({ type: 'late', ms: 30_000 })
      await keeper.post()
    },
  },
  {
    name: 'a splice-out whose contribution is stale',
    play: async (keeper) => {
      keeper.node.staleNext(keeper.channelId)
      await keeper.post()
    },
  },
]

const givenUp: readonly Life[] = [
  {
    name: 'a splice-out that the node calls invalid',
    play: async (keeper) => {
      keeper.node.fault({ type: 'refuse', status: 3 }, 'always')
      await keeper.post()
    },
  },
  {
    name: 'a splice-out that the peer aborts, dead by a restart',
    play: async (keeper) => {
      keeper.node.abortNext(keeper.channelId)
      await keeper.post()
      await happened(keeper, 'round_failed')
      await restartLater(keeper)
    },
    later: restartLater,
    needsRelay: true,
  },
  {
    name: 'a splice-out that is cancelled while the node holds it, and lost in a restart',
    play: async (keeper) => {
      const id = await queuedAtNode(keeper)
      await keeper.cancel(id)
      await restartLater(keeper)
      keeper.node.connectPeer()
    },
    later: restartLater,
    needsRelay: true,
  },
  {
    name: 'a splice-out that is cancelled while its line waits',
    play: async (keeper) => {
      await keeper.post()
      const { id } = await keeper.post({ amountSats: 60_000 })
      await keeper.cancel(id)
    },
  },
  {
    name: 'a splice-out whose deadline passes before its peer can take it',
    play: async (keeper) => {
      keeper.node.fault({ type: 'refuse', status: 9 }, 'always')
      await keeper.post({ budget: budget({ deadline: keeper.world.now() + 20 * MINUTE }) })
    },
  },
  {
    name: 'a splice-out whose only attempt nobody can prove dead at the deadline',
    play: async (keeper) => {
      keeper.node.disconnectPeer()
      const deadline = keeper.world.now() + HOUR / 2
      const { id } = await keeper.post({ budget: budget({ deadline, maxAttempts: 1 }) })
      await stands(keeper, id, 'needs_attention')
    },
  },
  {
    name: 'a splice-out whose channel is closed',
    play: async (keeper) => {
      await queuedAtNode(keeper)
      keeper.node.close(keeper.channelId, 'force')
    },
  },
]

const onChain: readonly Life[] = [
  {
    name: 'a splice-out that is bumped',
    play: async (keeper) => {
      const id = await ordered(keeper)
      keeper.world.chain.setFeeRate(MARKET_RATE)
      await keeper.bump(id)
      await until(keeper, 'bumped', async () => (await keeper.splice(id)).candidates.length === 2)
    },
  },
  {
    name: 'a bump that the node forgets in a restart',
    play: async (keeper) => {
      const id = await ordered(keeper)
      keeper.world.setPhases(SLOW_ROUND)
      keeper.world.chain.setFeeRate(MARKET_RATE)
      await keeper.bump(id)
      await happened(keeper, 'round_started', 2)
      keeper.node.restart()
      await until(keeper, 'bumped', async () => (await keeper.splice(id)).candidates.length === 2)
    },
  },
  {
    name: "a splice-out behind the peer's own splice",
    play: async (keeper) => {
      keeper.node.peerSplice(keeper.channelId, { amountSats: 70_000, mergeOurs: false })
      await happened(keeper, 'candidate_broadcast')
      await keeper.run(MINUTE)
      await keeper.post()
    },
  },
  {
    name: "a splice-out that the peer's own splice overtakes",
    play: async (keeper) => {
      await queuedAtNode(keeper)
      await restartLater(keeper)
      keeper.node.connectPeer()
      keeper.node.peerSplice(keeper.channelId, { amountSats: 70_000, mergeOurs: false })
    },
    needsRelay: true,
  },
  {
    name: 'a splice-out that a reorg unconfirms',
    play: async (keeper) => {
      const id = await ordered(keeper)
      keeper.world.mine(2)
      await stands(keeper, id, 'confirmed')
      keeper.world.reorg(2, { include: 'none' })
      await stands(keeper, id, 'pending')
    },
  },
  {
    name: 'a splice-out that a reorg takes back after its end',
    play: async (keeper) => {
      const id = await ordered(keeper)
      await rest(keeper)
      await stands(keeper, id, 'settled')
      keeper.world.reorg(9, { include: 'none' })
      await stands(keeper, id, 'pending')
    },
  },
]

/** All lives, by what goes wrong in them. */
export const lives = { ordinary, troubled, givenUp, onChain } as const
