/** Started parts, to be stopped in reverse order. */
export class Parts {
  readonly #stops: (() => Promise<unknown>)[] = []

  /** Remembers how to stop a part; returns the part. */
  add<T>(part: T, stop: (part: T) => Promise<unknown>): T {
    this.#stops.push(() => stop(part))
    return part
  }

  /** Stops all parts even if some throw; then throws the first error. */
  async stop(): Promise<void> {
    const errors: unknown[] = []
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      await stop().catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) throw errors[0]
  }
}
