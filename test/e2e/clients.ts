import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { networks, payments } from 'bitcoinjs-lib'
import type { Dice } from '../../harness/dice.ts'
import type { Caller } from './caller.ts'
import type { Order, Outcome, Request } from './history.ts'

const FIRST_AMOUNT_SATS = 30_000
/** More than what a splice-in may bring beyond its amount. */
const BETWEEN_AMOUNTS_SATS = 600

const acts = {
  order: 5,
  impossible: 1,
  repeat: 4,
  otherBody: 2,
  cancel: 1,
  bump: 1,
  read: 12,
  list: 1,
  events: 2,
} as const
type Act = keyof typeof acts

const isAct = (name: string): name is Act => name in acts
const bag = Object.entries(acts).flatMap(([act, shares]) =>
  isAct(act) ? Array.from({ length: shares }, () => act) : [],
)

/** What the clients of a run know together. */
export type Town = {
  readonly seed: string
  readonly channels: readonly string[]
  readonly mostOrders: number
  readonly orders: Map<string, Order>
  /** Ids from answers, with the state that was last told. */
  readonly ids: Map<string, string>
  serial: number
  bumpSerial: number
  lastLine: number
}

export function aTown(seed: string, channels: readonly string[], mostOrders: number): Town {
  const known = { orders: new Map<string, Order>(), ids: new Map<string, string>() }
  return { seed, channels, mostOrders, ...known, serial: 0, bumpSerial: 0, lastLine: 0 }
}

/** One client among several: asks for this and that until it is told to stop. */
export class Client {
  readonly #number: number
  readonly #town: Town
  readonly #caller: Caller
  readonly #dice: Dice

  constructor(number: number, town: Town, caller: Caller, dice: Dice) {
    this.#number = number
    this.#town = town
    this.#caller = caller
    this.#dice = dice
  }

  async run(endsAt: number): Promise<void> {
    while (Date.now() < endsAt) {
      const outcome = await this.#act(endsAt)
      // Nobody listens while the product starts: asking on at full speed would only fill the history.
      const longest = outcome?.type === 'unknown' ? 500 : 150
      await pause(10 + this.#dice.fraction() * longest)
    }
  }

  /** Asks for an order until there is an answer. */
  async insist(key: string, order: Order, endsAt: number): Promise<Outcome> {
    for (;;) {
      const outcome = await this.#order(key, order)
      if (outcome.type !== 'unknown' || Date.now() > endsAt) return outcome
      await pause(50 + this.#dice.fraction() * 300)
    }
  }

  async #act(endsAt: number): Promise<Outcome | null> {
    const [dice, town] = [this.#dice, this.#town]
    const known = [...town.orders]
    const ids = [...town.ids.keys()]
    const act = dice.pick(bag)
    if (act === 'order' || act === 'impossible') {
      if (known.length >= town.mostOrders) return null
      return this.#newOrder(act === 'impossible', endsAt)
    }
    if (act === 'list') return this.#call({ type: 'list' })
    if (act === 'events') return this.#events()
    if (act === 'repeat' || act === 'otherBody') {
      if (known.length === 0) return null
      const [key, order] = dice.pick(known)
      const other = { ...order, amountSats: this.#amountSats() }
      return this.#order(key, act === 'repeat' ? order : other)
    }
    if (ids.length === 0) return null
    const pending = ids.filter((id) => town.ids.get(id) === 'pending')
    if (pending.length > 0 && dice.chance(0.2)) return this.#bump(dice.pick(pending))
    // Mostly the latest ones, which are those that live.
    const splice = dice.pick(dice.chance(0.7) ? ids.slice(-6) : ids)
    return act === 'bump' ? this.#bump(splice) : this.#call({ type: act, splice })
  }

  async #newOrder(impossible: boolean, endsAt: number): Promise<Outcome> {
    const [dice, town] = [this.#dice, this.#town]
    const order = this.#wish()
    const key = `order-${town.serial}`
    if (impossible) return this.#order(key, { ...order, ...this.#spoiled(order) })
    town.orders.set(key, order)
    const outcome = await this.#order(key, order)
    // Some clients never come back: what they asked for may have happened all the same.
    return outcome.type === 'unknown' && dice.chance(0.75) ? this.insist(key, order, endsAt) : outcome
  }

  #wish(): Order {
    const [dice, town] = [this.#dice, this.#town]
    const kind = dice.chance(0.7) ? 'splice_out' : 'splice_in'
    const amountSats = this.#amountSats()
    return {
      channel: dice.pick(town.channels),
      kind,
      amountSats,
      address: kind === 'splice_out' && dice.chance(0.8) ? addressOf(town.seed, amountSats) : null,
      maxAttempts: dice.pick([1, 2, 3, 3, 5]),
      deadline: new Date(Date.now() + dice.pick([8_000, 25_000, 35_000, 35_000])).toISOString(),
    }
  }

  /** What makes an order one that cannot be accepted. */
  #spoiled({ kind }: Order): Partial<Order> {
    const past = { deadline: new Date(Date.now() - 1_000).toISOString() }
    const elsewhere = { address: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4' }
    return this.#dice.pick([past, { channel: 'f'.repeat(64) }, kind === 'splice_out' ? elsewhere : past])
  }

  #amountSats(): number {
    this.#town.serial += 1
    return FIRST_AMOUNT_SATS + this.#town.serial * BETWEEN_AMOUNTS_SATS
  }

  async #events(): Promise<Outcome> {
    const [dice, town] = [this.#dice, this.#town]
    const outcome = await this.#call({ type: 'events', after: dice.chance(0.5) ? 0 : town.lastLine })
    if (outcome.type === 'ok') town.lastLine = outcome.lines.at(-1)?.sequence ?? town.lastLine
    return outcome
  }

  #order(key: string, order: Order): Promise<Outcome> {
    return this.#call({ type: 'order', key, order })
  }

  /** Often again, answered or not, as a client does that has lost its memory. */
  async #bump(splice: string): Promise<Outcome> {
    const key = `bump-${(this.#town.bumpSerial += 1)}`
    const outcome = await this.#call({ type: 'bump', splice, key })
    return this.#dice.chance(0.4) ? this.#call({ type: 'bump', splice, key }) : outcome
  }

  async #call(request: Request): Promise<Outcome> {
    const outcome = await this.#caller.call(this.#number, request)
    if (outcome.type === 'ok') for (const { id, status } of outcome.splices) this.#town.ids.set(id, status)
    return outcome
  }
}

/** An address that nothing else in the world pays. */
function addressOf(seed: string, amountSats: number): string {
  const hash = createHash('sha256').update(`${seed}/${amountSats}`).digest().subarray(0, 20)
  const { address } = payments.p2wpkh({ hash, network: networks.regtest })
  if (address === undefined) throw new Error('no address of 20 bytes')
  return address
}
