/** A place in a command: just before a call reaches the node, while it is executed, or just before its answer comes back. */
export type Point = { readonly when: 'before' | 'during' | 'after'; readonly method: string }

/** What is done there. The call is held until it is over, but at `during`. */
export type Act = () => Promise<void>

/** One call of the service as it was seen on its way. */
export type TappedCall = { readonly method: string; readonly startedAt: number; readonly tookMs: number }

/** What happens once, the next time that a point is reached, and which calls came by. */
export class Traps {
  readonly #set: { readonly point: Point; readonly act: Act }[] = []
  readonly #calls: TappedCall[] = []

  /** Sets a trap. Answers whether it has gone off yet, and how to take it away. */
  set(point: Point, act: Act): { readonly sprung: () => boolean; readonly remove: () => void } {
    const trap = { point, act }
    this.#set.push(trap)
    const remove = (): void => {
      const at = this.#set.indexOf(trap)
      if (at !== -1) this.#set.splice(at, 1)
    }
    return { sprung: () => !this.#set.includes(trap), remove }
  }

  /** Calls since the last time that they were taken. */
  takeCalls(): readonly TappedCall[] {
    return this.#calls.splice(0)
  }

  /** Passes a call on, and does what was planned for it. */
  async pass<T>(method: string, call: () => Promise<T>): Promise<T> {
    await this.#reach({ when: 'before', method })
    const startedAt = Date.now()
    const calling = call()
    const during = this.#reach({ when: 'during', method })
    try {
      return await calling
    } finally {
      this.#calls.push({ method, startedAt, tookMs: Date.now() - startedAt })
      await during
      await this.#reach({ when: 'after', method })
    }
  }

  async #reach({ when, method }: Point): Promise<void> {
    const at = this.#set.findIndex(({ point }) => point.when === when && point.method === method)
    const [trap] = at === -1 ? [] : this.#set.splice(at, 1)
    await trap?.act()
  }
}
