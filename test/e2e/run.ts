import { setTimeout as pause } from 'node:timers/promises'
import { readEndpoints } from '../../local/endpoints.ts'
import { until } from '../../local/until.ts'
import { diceFrom, type Tally } from '../../harness/dice.ts'
import { accountIn } from './account.ts'
import { Caller } from './caller.ts'
import type { Case } from './checker.ts'
import { Client, aTown } from './clients.ts'
import { History, type Line, type Operation, type Order, type Splice } from './history.ts'
import { Mortal, quietPort } from './mortal.ts'
import { Aim, killing, mining, pull, shaking } from './storm.ts'

const CLIENTS = 5
const READER = 0
const ORDERS_PER_SECOND = 0.75
const BETWEEN_BLOCKS_MS = 250
/** Longer than every deadline of an order, the quiet after it, and six blocks for each splice that waits in line. */
const HEALING_MS = 90_000

/** How a run is set up. */
export type RunOptions = { readonly seed: string; readonly stormMs: number; readonly folder: string }

/** A run that is over: what to judge, and how often what happened. */
export type Run = {
  readonly evidence: Case
  readonly tally: Tally
  readonly lives: number
  readonly healingMs: number
}

/**
 * Clients against the product as processes of their own, a storm of kills and troubles, then healing. Throws where the product does not
 * start again by itself.
 */
export async function runOnce({ seed, stormMs, folder }: RunOptions): Promise<Run> {
  const dice = (name: string) => diceFrom(`${seed}/${name}`)
  const mortal = new Mortal(folder, await quietPort(Math.random))
  const tally: Tally = new Map()
  const history = new History()
  try {
    const first = mortal.launch()
    const endpoints = await first.up
    if (endpoints === null) throw new Error('nobody kills the first life')
    const caller = new Caller({ api: mortal.api, key: endpoints.key }, history)
    const aim = new Aim()
    caller.onInvoke = (request) => aim.noticed(request)
    const town = aTown(seed, endpoints.channels, Math.ceil((ORDERS_PER_SECOND * stormMs) / 1000))
    const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(n + 1, town, caller, dice(`client ${n}`)))
    const endsAt = Date.now() + stormMs
    const sim = (): string | null => readEndpoints(folder)?.sim ?? null
    const [last] = await Promise.all([
      killing(mortal, { dice: dice('kills'), aim, tally, first }, endsAt),
      shaking(sim, { dice: dice('levers'), tally }, endsAt),
      mining(sim, { dice: dice('blocks'), tally }, endsAt),
      ...clients.map((client) => client.run(endsAt)),
    ])
    await last.up
    const healingSince = Date.now()
    await heal(sim())
    const repeats = dice('repeats')
    // The others gave up: what they asked for has happened, or not, and never both.
    for (const [key, order] of unanswered(history.operations))
      if (repeats.chance(0.5)) await caller.call(READER, { type: 'order', key, order })
    const { splices, log } = await settleDown(caller, sim)
    const healingMs = Date.now() - healingSince
    await mortal.end()
    const evidence = {
      history: history.operations,
      account: accountIn(folder),
      splices,
      log,
      output: mortal.output,
    }
    return { evidence, tally, lives: mortal.lives, healingMs }
  } finally {
    await mortal.end()
  }
}

/** The orders that nobody got any answer to. */
function unanswered(operations: readonly Operation[]): ReadonlyMap<string, Order> {
  const found = new Map<string, Order>()
  for (const { request, outcome } of operations)
    if (request.type === 'order' && outcome.type === 'unknown') found.set(request.key, request.order)
  for (const { request, outcome } of operations)
    if (request.type === 'order' && outcome.type !== 'unknown') found.delete(request.key)
  return found
}

/** Everything that was broken works again. */
async function heal(sim: string | null): Promise<void> {
  for (const words of ['lift-faults', 'connect-peer', 'quiescence 200', 'feerate 4'])
    if (!(await pull(sim, words))) throw new Error(`${words}: nobody answers`)
}

type Rest = { readonly splices: readonly Splice[]; readonly log: readonly Line[] }

/** Mines blocks until everything rests, at most for the bound; answers how things stand then, at rest or not. */
async function settleDown(caller: Caller, sim: () => string | null): Promise<Rest> {
  let rest: Rest = { splices: [], log: [] }
  await until('everything to rest', HEALING_MS, async () => {
    await pull(sim(), 'mine')
    await pause(BETWEEN_BLOCKS_MS)
    rest = await standing(caller)
    return isAtRest(rest) ? true : null
  }).catch(() => undefined)
  return rest
}

/** Each splice as its own read shows it: the list may lag. */
async function standing(caller: Caller): Promise<Rest> {
  const splices: Splice[] = []
  for (const { id } of await caller.everything(READER)) {
    const outcome = await caller.call(READER, { type: 'read', splice: id })
    if (outcome.type === 'ok') splices.push(...outcome.splices)
  }
  return { splices, log: await caller.log() }
}

function isAtRest({ splices, log }: Rest): boolean {
  return splices.every(
    ({ id, status, bumps }) =>
      status === 'needs_attention' ||
      (log.some((line) => line.splice === id && line.type === `splice.${status}`) &&
        ['settled', 'failed', 'cancelled'].includes(status) &&
        bumps.every((bump) => bump.status !== 'open')),
  )
}
