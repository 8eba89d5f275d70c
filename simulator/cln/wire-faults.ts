/**
 * A fault between the node and its client, which occurs once. The request is executed, except with
 * `reset_before`, and with `status` only if `executes` says so. `held`: the answer waits for `release`.
 * `status`: a proxy's answer, with a body that does not come from lightningd.
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
 * Faults on the wire. They hit the next calls in the order in which they were added. A fault with a method
 * waits for a call of that method and skips the first `pass` calls.
 */
export class WireFaults {
  #queue: Due[] = []
  #held: (() => void)[] = []
  #heldListener: () => void = () => undefined

  next(fault: WireFault, { method = null, pass = 0 }: Partial<Omit<Due, 'fault'>> = {}): void {
    this.#queue.push({ fault, method, pass })
  }

  get left(): number {
    return this.#queue.length
  }

  /** Sets the listener that is called whenever an answer is held. */
  onHeld(listener: () => void): void {
    this.#heldListener = listener
  }

  /** Releases all held answers. */
  release(): void {
    const due = this.#held
    this.#held = []
    for (const go of due) go()
  }

  /** Takes the fault for the call that just arrived. */
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
