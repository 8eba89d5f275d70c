import { acceptBump } from '../../core/bump-request.ts'
import { drive } from '../../core/drive.ts'
import { channelKey } from '../../core/items.ts'
import type { Splice } from '../../core/splice.ts'
import type { Dice } from './dice.ts'
import { nameOf } from './laws-of-writes.ts'
import type { Posted, Stage } from './stage.ts'

/** Something that happens in a step; answers what it came to, for the trace, if it is a string. What cannot happen now throws, or does nothing. */
export type Action = (stage: Stage, dice: Dice) => unknown

const HOUR = 3_600_000
/** More splices than this only make a run slower. */
const MOST_SPLICES = 6
const NOTHING = 'nothing to do'

/** What clients, operators and workers do. */
export const clientActions = {
  post: (stage, dice) => post(stage, dice, 1),
  postTwice: (stage, dice) => post(stage, dice, 2),
  cancel: async (stage, dice) => {
    if (stage.posted.length === 0) return NOTHING
    const { id } = dice.pick(stage.posted)
    await stage.keeper.cancel(id)
    return nameOf(id)
  },
  bump: async (stage, dice) => {
    const pending = await inState(stage, 'pending')
    return pending.length === 0 ? NOTHING : bump(stage, dice.pick(pending))
  },
  retry: async (stage, dice) => {
    const stuck = await inState(stage, 'needs_attention')
    if (stuck.length === 0) return NOTHING
    const { id } = dice.pick(stuck)
    const deadline = dice.pick([null, stage.world.now() + HOUR])
    await stage.keeper.change(id, { type: 'retry_requested', attempts: 1, deadline })
    return nameOf(id)
  },
  resolve: async (stage, dice) => {
    const stuck = await inState(stage, 'needs_attention')
    if (stuck.length === 0) return NOTHING
    const { id } = dice.pick(stuck)
    stage.operated.add(id)
    await stage.keeper.change(id, { type: 'resolved_failed', note: 'an operator looked' })
    return nameOf(id)
  },
  race: async (stage, dice) => {
    if (stage.posted.length === 0) return NOTHING
    const { id } = dice.pick(stage.posted)
    const { ports, policy, crashes } = stage.keeper
    const workers = [0, 1, 2].map(() => drive(id, ports, { policy, mayAct: true, look: null }))
    for (const worker of await Promise.allSettled(workers))
      if (worker.status === 'rejected') crashes.push(worker.reason)
    return nameOf(id)
  },
  indexCatchesUp: ({ keeper }) => keeper.store.catchUp(),
} satisfies Record<string, Action>

/** Posts a new splice so many times with one key; a client that heard nothing asks again as well. */
async function post(stage: Stage, dice: Dice, times: number): Promise<string> {
  if (stage.posted.length >= MOST_SPLICES) return NOTHING
  const wish = wishOf(stage, dice)
  const posted = { ...wish, id: await ask(stage, wish) }
  stage.posted.push(posted)
  for (let again = 1; again < times; again++) {
    const id = await ask(stage, posted)
    if (id !== posted.id)
      stage.witness.accuse('one key is one splice', `${nameOf(posted.id)} and ${nameOf(id)}`)
  }
  const { kind, channelId, amountSats, autoBumpAfterBlocks, budget } = wish.request
  const { maxAttempts, maxFeeRateSatPerKw, maxFeeSats } = budget ?? {}
  const ceiling = `${maxFeeRateSatPerKw ?? '-'} sat/kw and ${maxFeeSats ?? '-'} sat`
  const where = `${channelId?.slice(0, 6)}, at most ${maxAttempts} attempts and ${ceiling}`
  return `${nameOf(posted.id)}: ${kind} ${amountSats} on ${where}, bumped after ${autoBumpAfterBlocks ?? '-'} blocks`
}

async function ask(stage: Stage, { request, key }: Omit<Posted, 'id'>): Promise<string> {
  try {
    return (await stage.keeper.post(request, key)).id
  } catch {
    return (await stage.faults.without(() => stage.keeper.post(request, key))).id
  }
}

function wishOf(stage: Stage, dice: Dice): Omit<Posted, 'id'> {
  const serial = stage.posted.length + 1
  const kind = dice.chance(0.15) ? 'splice_in' : 'splice_out'
  const channelId = stage.channel(dice)
  const maxFeeRateSatPerKw = dice.pick([null, 1_500, 3_000, 4_500, 9_000])
  const maxFeeSats = dice.pick([null, null, null, 4_000, 1_600])
  const capped = maxFeeRateSatPerKw !== null || maxFeeSats !== null
  const bumpsItself =
    kind === 'splice_out' &&
    stage.profile.overlapGuard &&
    stage.profile.lockDepth > 0 &&
    capped &&
    dice.chance(0.6)
  const request = {
    channelId,
    kind,
    // Ten thousand apart, so that an amount names a splice; what a fee takes from it is less.
    amountSats: 40_000 + serial * 10_000,
    autoBumpAfterBlocks: bumpsItself ? dice.pick([1, 2, 3]) : null,
    budget: {
      maxAttempts: dice.pick([1, 2, 3, 5]),
      deadline: stage.world.now() + dice.pick([2, 2, 4]) * HOUR,
      maxFeeRateSatPerKw,
      maxFeeSats,
    },
  } as const
  return { key: `order-${serial}`, request }
}

/** Asks for a bump as the API does: from what the last sweep saw. */
async function bump(stage: Stage, splice: Splice): Promise<string> {
  const { store } = stage.keeper
  const id = `bmp_${(stage.bumpSerial += 1)}`
  const facts = await stage.faults.without(async () => ({
    node: (await store.item('node', splice.node))?.value ?? null,
    channel: (await store.item('channel', channelKey(splice.node, splice.channelId)))?.value ?? null,
    chain: (await store.item('chain', splice.network))?.value ?? null,
  }))
  const accepted = acceptBump(splice, { id, bodyHash: 'test', feeRateSatPerKw: null }, facts)
  if (!accepted.ok) return `${nameOf(splice.id)}: ${accepted.error.code}`
  if (!stage.profile.overlapGuard) stage.witness.accuse('no bump without the guard', nameOf(splice.id))
  await stage.keeper.change(splice.id, accepted.value)
  return nameOf(splice.id)
}

async function inState(stage: Stage, state: Splice['state']): Promise<Splice[]> {
  return (await stage.splices()).filter((splice) => splice.state === state)
}
