import { AsyncLocalStorage } from 'node:async_hooks'
import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import { Died } from '../../harness/killer.ts'
import { count, diceFrom, type Dice, type Tally } from '../../harness/dice.ts'

/** How the functions themselves fail, per call of a port or per invocation; 0: not in this run. */
export type FunctionRates = {
  /** Killed at a call of a port, before or after it is made. */
  readonly death: number
  /** Time passes at a call of a port, while the handler holds what it read before. */
  readonly pause: number
  /** The clock of an invocation is wrong by up to so much, either way, in milliseconds. */
  readonly skewMs: number
}

type Invocation = { notExecuted: boolean; readonly skewMs: number }
type Hindrance = { readonly rates: FunctionRates; readonly pass: (ms: number) => void; readonly tally: Tally }

/** Waits at one call: around the steps of a round, what a command may wait to be sent (10 s), and what a look is good for (60 s). */
const PAUSES_MS: readonly number[] = [100, 2_000, 12_000, 90_000]
/** Nothing lies between the last look at the clock and sending these. */
const COMMANDS: readonly string[] = ['submit', 'bump']
/** Between two calls others may do so many things. */
const TURNS: readonly number[] = [0, 0, 1, 3, 9]

/**
 * Runs handlers as a cloud runs functions: each call is an invocation of its own, which can be killed at any await, stands
 * still while the world goes on, and has its own idea of the time. What is done outside of one is not hindered.
 */
export class Invocations {
  readonly #current = new AsyncLocalStorage<Invocation>()
  readonly #hindrance: Hindrance
  readonly #dice: Dice
  #lifted = false

  constructor(seed: string, hindrance: Hindrance) {
    this.#hindrance = hindrance
    this.#dice = diceFrom(`${seed}/invocations`)
  }

  /** From now on no handler is hindered. */
  lift(): void {
    this.#lifted = true
  }

  run<T>(handler: () => Promise<T>): Promise<T> {
    const { skewMs } = this.#hindrance.rates
    const wrongMs = this.#lifted || skewMs === 0 ? 0 : Math.round((2 * this.#dice.fraction() - 1) * skewMs)
    if (wrongMs !== 0) count(this.#hindrance.tally, 'function.skew')
    return this.#current.run({ notExecuted: false, skewMs: wrongMs }, handler)
  }

  /** The ports as an invocation has them. */
  wrap(ports: Ports): Ports {
    const nodes = [...ports.nodes].map(([name, node]): [string, ConfiguredNode] => [
      name,
      { ...node, port: this.#hinder(node.port), chain: this.#hinder(node.chain) },
    ])
    return {
      ...ports,
      clock: { now: () => ports.clock.now() + (this.#current.getStore()?.skewMs ?? 0) },
      store: this.#hinder(ports.store),
      queue: this.#hinder(ports.queue),
      nodes: new Map(nodes),
    }
  }

  #hinder<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]): Promise<unknown> => {
          const invocation = this.#current.getStore()
          if (invocation === undefined) return Reflect.apply(value, target, args)
          if (!COMMANDS.includes(String(name))) await this.#wait()
          this.#strike(invocation)
          const answer: unknown = await Reflect.apply(value, target, args)
          this.#strike(invocation)
          return answer
        }
      },
    })
  }

  async #wait(): Promise<void> {
    const { rates, pass } = this.#hindrance
    if (this.#happens('function.pause', rates.pause)) pass(this.#dice.pick(PAUSES_MS))
    if (this.#lifted || rates.death + rates.pause === 0) return
    for (let turn = this.#dice.pick(TURNS); turn > 0; turn--) await Promise.resolve()
  }

  #strike(invocation: Invocation): void {
    if (!invocation.notExecuted && this.#happens('function.death', this.#hindrance.rates.death / 2))
      invocation.notExecuted = true
    if (invocation.notExecuted) throw new Died()
  }

  #happens(name: string, rate: number): boolean {
    if (this.#lifted || rate === 0 || !this.#dice.chance(rate)) return false
    count(this.#hindrance.tally, name)
    return true
  }
}
