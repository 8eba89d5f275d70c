/**
 * What goes wrong between the node and its client, once. `reset_before`: the request is not executed; in all others but `status`
 * it is. `held`: the answer waits for `release`. `status`: an answer of a proxy, with a body that is none of lightningd's; it is the
 * answer to what was executed if `executes` says so.
 */
export type WireFault =
  | { readonly type: 'reset_before' }
  | { readonly type: 'reset_after' }
  | { readonly type: 'held' }
  | { readonly type: 'half_body' }
  | { readonly type: 'wrong_content_type' }
  | { readonly type: 'no_json' }
  | { readonly type: 'status'; readonly status: number; readonly body?: string; readonly executes?: boolean }

type Due = { readonly fault: WireFault; readonly method: string | null; pass: number }

/**
 * The levers of the wire. Faults hit the next calls, in the order in which they were added; one that names a method waits for
 * a call of it, and lets so many of them `pass` before.
 */
export class WireFaults {
  #queue: Due[] = []
  #held: (() => void)[] = []
  #heldListener: () => void = () => undefined

  next(fault: WireFault, { method = null, pass = 0 }: Partial<Omit<Due, 'fault'>> = {}): void {
    this.#queue.push({ fault, method, pass })
  }

  /** How many faults have not struck. */
  get left(): number {
    return this.#queue.length
  }

  /** Who hears that an answer begins to be held. */
  onHeld(listener: () => void): void {
    this.#heldListener = listener
  }

  /** Lets every answer go that is held. */
  release(): void {
    const due = this.#held
    this.#held = []
    for (const go of due) go()
  }

  /** The fault of the call that just came. */
  take(method: string): WireFault | null {
    const due = this.#queue.find((entry) => entry.method === null || entry.method === method)
    if (due === undefined || due.pass-- > 0) return null
    this.#queue = this.#queue.filter((entry) => entry !== due)
    return due.fault
  }

  /** Resolves at the next release. */
  async hold(): Promise<void> {
    const released = Promise.withResolvers<undefined>()
    this.#held.push(() => released.resolve(undefined))
    this.#heldListener()
    await released.promise
  }
}
