/** What was started, to be stopped in the opposite order. */
export class Parts {
  readonly #stops: (() => Promise<unknown>)[] = []

  /** Remembers how a part is stopped; answers the part. */
  add<T>(part: T, stop: (part: T) => Promise<unknown>): T {
    this.#stops.push(() => stop(part))
    return part
  }

  /** Stops all parts, whatever some of them throw; throws the first of that afterwards. */
  async stop(): Promise<void> {
    const errors: unknown[] = []
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      await stop().catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) throw errors[0]
  }
}
