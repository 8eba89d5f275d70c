import type { ConfiguredNode, Ports } from '../core/ports/ports.ts'

/** Thrown by every port once the process has died. */
export class Died extends Error {
  override readonly name = 'Died'

  constructor() {
    super('the process died')
  }
}

const EFFECTS: readonly string[] = [
  'create',
  'save',
  'putItem',
  'appendEvent',
  'appendOnce',
  'appendAudit',
  'hint',
  'submit',
  'bump',
  'broadcast',
  'newAddress',
]

/**
 * Kills the process at its nth call of a port, `after` it was answered, or `before` it does anything. Only calls with an
 * effect are counted for `before`: dying before a read is dying after the call that went before it. `revive` starts the
 * next process.
 */
export class Killer {
  calls = 0
  readonly at: number
  readonly when: 'before' | 'after'
  #notExecuted = false

  constructor(at: number, when: 'before' | 'after') {
    this.at = at
    this.when = when
  }

  get struck(): boolean {
    return this.calls >= this.at
  }

  revive(): void {
    this.#notExecuted = false
  }

  wrap(ports: Ports): Ports {
    const nodes = [...ports.nodes].map(([name, node]): [string, ConfiguredNode] => [
      name,
      { ...node, port: this.#killing(node.port), chain: this.#killing(node.chain) },
    ])
    return {
      ...ports,
      store: this.#killing(ports.store),
      queue: this.#killing(ports.queue),
      nodes: new Map(nodes),
    }
  }

  #killing<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.#notExecuted) throw new Died()
          if (this.when === 'before' && !EFFECTS.includes(String(name))) return Reflect.apply(value, target, args)
          this.calls += 1
          const strikes = this.calls === this.at
          if (strikes) this.#notExecuted = true
          if (strikes && this.when === 'before') throw new Died()
          const answer: unknown = await Reflect.apply(value, target, args)
          if (strikes) throw new Died()
          return answer
        }
      },
    })
  }
}
