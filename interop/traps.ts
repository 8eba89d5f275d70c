/** A point in a command: before a call reaches the node, during its execution, or before its answer returns. */
export type Point = { readonly when: 'before' | 'during' | 'after'; readonly method: string }

/** What to do at the point. The call waits for it, except at `during`. */
export type Act = () => Promise<void>

/** One call of the service that passed the tap. */
export type TappedCall = { readonly method: string; readonly startedAt: number; readonly tookMs: number }

/** Runs acts once, when the next call reaches their point, and records all calls. */
export class Traps {
  readonly #set: { readonly point: Point; readonly act: Act }[] = []
  readonly #calls: TappedCall[] = []

  /** Sets a trap. Returns whether it has sprung, and how to remove it. */
  set(point: Point, act: Act): { readonly sprung: () => boolean; readonly remove: () => void } {
    const trap = { point, act }
    this.#set.push(trap)
    const remove = (): void => {
      const at = this.#set.indexOf(trap)
      if (at !== -1) this.#set.splice(at, 1)
    }
    return { sprung: () => !this.#set.includes(trap), remove }
  }

  /** The calls since the last time they were taken. */
  takeCalls(): readonly TappedCall[] {
    return this.#calls.splice(0)
  }

  /** Passes a call on and runs the acts set for it. */
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
