/**
 * What goes wrong between the node and its client, once. `reset_before`: the request is not executed; in all others but `status`
 * it is. `held`: the answer waits for `release`. `status`: an answer of a proxy, with a body that is none of lightningd's.
 */
export type WireFault =
  | { readonly type: 'reset_before' }
  | { readonly type: 'reset_after' }
  | { readonly type: 'held' }
  | { readonly type: 'half_body' }
  | { readonly type: 'wrong_content_type' }
  | { readonly type: 'no_json' }
  | { readonly type: 'status'; readonly status: number; readonly body?: string }

/** The levers of the wire. Faults hit the next calls, in the order in which they were added. */
export class WireFaults {
  readonly #queue: WireFault[] = []
  #held: (() => void)[] = []

  next(fault: WireFault): void {
    this.#queue.push(fault)
  }

  /** Lets every answer go that is held. */
  release(): void {
    const due = this.#held
    this.#held = []
    for (const go of due) go()
  }

  /** The fault of the call that just came. */
  take(): WireFault | null {
    return this.#queue.shift() ?? null
  }

  /** Resolves at the next release. */
  async hold(): Promise<void> {
    const released = Promise.withResolvers<undefined>()
    this.#held.push(() => released.resolve(undefined))
    await released.promise
  }
}
