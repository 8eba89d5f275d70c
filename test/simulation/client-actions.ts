import { drive } from '../../core/drive/drive.ts'
import type { Splice, SpliceState } from '../../core/splice/splice.ts'
import { HOUR } from '../../harness/keeper/times.ts'
import type { Dice } from '../../harness/dice.ts'
import { effectiveTxids } from './effects.ts'
import { nameOf } from './laws-of-writes.ts'
import { describeOrder, orderOf, type Timing } from './orders.ts'
import type { Posted, Stage } from './stage.ts'

/** Something that happens in a step; answers what it came to, for the trace, if it is a string. What cannot happen now throws, or does nothing. */
export type Action = (stage: Stage, dice: Dice) => unknown

/** More splices than this only make a run slower. */
const MOST_SPLICES = 6
const NOTHING = 'nothing to do'
const STUCK: readonly SpliceState[] = ['needs_attention']
const RESOLVABLE: readonly SpliceState[] = ['queued', 'submitted', 'needs_attention']

/** What clients and operators ask of the API, and how functions and table fail. */
export const clientActions = {
  post: (stage, dice) => post(stage, dice, 1),
  postTwice: (stage, dice) => post(stage, dice, 2),
  postShort: (stage, dice) => post(stage, dice, 1, { hours: 0.1, waitMs: null }),
  postLater: (stage, dice) => post(stage, dice, 1, { hours: 3, waitMs: HOUR / 3 }),
  cancel: (stage, dice) => (stage.posted.length === 0 ? NOTHING : cancel(stage, dice.pick(stage.posted).id)),
  bump: async (stage, dice) => {
    const pending = await inState(stage, ['pending'])
    return pending.length === 0 ? NOTHING : bump(stage, dice.pick(pending).id, dice)
  },
  retry: async (stage, dice) => {
    const stuck = await inState(stage, STUCK)
    return stuck.length === 0 ? NOTHING : retry(stage, dice.pick(stuck).id, dice)
  },
  resolve: async (stage, dice) => {
    const undecided = await inState(stage, RESOLVABLE)
    return undecided.length === 0 ? NOTHING : resolve(stage, dice.pick(undecided))
  },
  clientsRace: async (stage, dice) => {
    if (stage.posted.length === 0) return NOTHING
    const posted = dice.pick(stage.posted)
    const { id } = posted
    const all = [
      () => repeat(stage, posted),
      () => cancel(stage, id),
      () => bump(stage, id, dice),
      () => work(stage, id),
    ]
    const some = all.filter(() => dice.chance(0.6))
    return (await Promise.all(some.map((act) => act()))).join(', ')
  },
  race: async (stage, dice) => {
    if (stage.posted.length === 0) return NOTHING
    const { id } = dice.pick(stage.posted)
    return (await Promise.all([work(stage, id), work(stage, id), work(stage, id)])).join(', ')
  },
  sweepsStop: ({ keeper }, dice) => {
    const ms = dice.pick([100_000, 400_000])
    keeper.postponeSweep(ms)
    return `for ${ms / 1_000} s`
  },
  indexCatchesUp: ({ keeper }) => keeper.store.catchUp(),
  tableBackedUp: (stage) => stage.backUpTable(),
  tableRestored: async (stage) => ((await stage.restoreTable()) ? 'done' : NOTHING),
} satisfies Record<string, Action>

/** Posts a new splice so many times with one key. */
async function post(stage: Stage, dice: Dice, times: number, timing?: Timing): Promise<string> {
  if (stage.posted.length >= MOST_SPLICES) return NOTHING
  const order = orderOf(stage, dice, timing)
  const { id, code } = await stage.order(order)
  if (id === null) return `refused: ${code}`
  for (let again = 1; again < times; again++) await repeat(stage, { ...order, id })
  return `${nameOf(id)}: ${describeOrder(order)}`
}

async function repeat(stage: Stage, { key, request, id }: Posted): Promise<string> {
  const again = await stage.order({ key, request })
  if (again.id !== id) stage.witness.accuse('one key is one splice', `${nameOf(id)} and ${again.id}`)
  return `repeat ${again.status}`
}

async function cancel(stage: Stage, id: string): Promise<string> {
  const { status, code } = await stage.insist(`/v1/splices/${id}/cancel`)
  if (status === 200) stage.memory.cancelled.add(id)
  return `cancel ${nameOf(id)} ${code ?? status}`
}

async function bump(stage: Stage, id: string, dice: Dice): Promise<string> {
  const key = `bump-${Math.floor(dice.fraction() * 1e9)}`
  const { status, code } = await stage.insist(`/v1/splices/${id}/bump`, null, key)
  if (status === 202 && !stage.profile.overlapGuard) stage.witness.accuse('no bump without the guard', nameOf(id))
  return `bump ${nameOf(id)} ${code ?? status}`
}

async function retry(stage: Stage, id: string, dice: Dice): Promise<string> {
  const deadline = dice.pick([{}, { deadline: new Date(stage.world.now() + HOUR).toISOString() }])
  stage.memory.cancelled.delete(id)
  const { status, code } = await stage.insist(`/v1/splices/${id}/retry`, { attempts: 1, ...deadline })
  return `${nameOf(id)} ${code ?? status}`
}

/** An operator who knows better: names the transaction if there is one, else says that nothing will come. */
async function resolve(stage: Stage, splice: Splice): Promise<string> {
  const [txid] = effectiveTxids(splice, stage)
  const body = txid === undefined ? { outcome: 'failed', note: 'looked' } : { outcome: 'candidate', txid }
  stage.memory.operated.add(splice.id)
  const { status, code } = await stage.insist(`/v1/splices/${splice.id}/resolve`, body)
  return `${nameOf(splice.id)} ${body.outcome} ${code ?? status}`
}

/** A worker of its own. */
async function work(stage: Stage, id: string): Promise<string> {
  const { keeper, invocations } = stage
  const { ports, policy, crashes } = keeper
  try {
    await invocations.run(() => drive(id, ports, { policy, mayAct: true, shared: null }))
  } catch (error) {
    crashes.push(error)
  }
  return `work ${nameOf(id)}`
}

async function inState(stage: Stage, states: readonly SpliceState[]): Promise<Splice[]> {
  return (await stage.splices()).filter(({ state }) => states.includes(state))
}
