/** Lines kept of each log: those of twenty seconds at fifty a second. */
const LINES_KEPT = 1_000
const LOGS_KEPT = 20

/** What is known of a log's last lines, newest first. `isFresh`: an append has read or written them just now. */
export type Known<T> = { readonly lines: readonly T[]; readonly isFresh: boolean }

type Turn<T> = Promise<readonly T[]>

/**
 * The last lines of some tenants' logs, and the turns in which they are appended to: each append of this process waits for the one
 * before it, and is given what that knew. That may be out of date at any time, which costs a lost race for the log's end.
 */
export class LogTails<T> {
  readonly #turns = new Map<string, Turn<T>>()
  readonly #lines = new Map<string, readonly T[]>()

  /** Runs an append once those before it have succeeded or failed. It answers its result, and the lines that it knows. */
  async inTurn<R>(
    tenant: string,
    append: (known: Known<T>) => Promise<{ readonly lines: readonly T[]; readonly result: R }>,
  ): Promise<R> {
    const before = this.#turns.get(tenant)
    const given = async () => append(before === undefined ? this.#known(tenant) : await this.#after(tenant, before))
    const turn = given()
    const lines = turn.then((answer) => this.#keep(tenant, answer.lines))
    lines.catch(() => undefined)
    this.#turns.set(tenant, lines)
    try {
      return (await turn).result
    } finally {
      if (this.#turns.get(tenant) === lines) this.#turns.delete(tenant)
    }
  }

  #known(tenant: string): Known<T> {
    return { lines: this.#lines.get(tenant) ?? [], isFresh: false }
  }

  async #after(tenant: string, before: Turn<T>): Promise<Known<T>> {
    return before.then(
      (lines) => ({ lines, isFresh: true }),
      () => this.#known(tenant),
    )
  }

  #keep(tenant: string, lines: readonly T[]): readonly T[] {
    const kept = lines.slice(0, LINES_KEPT)
    this.#lines.delete(tenant)
    this.#lines.set(tenant, kept)
    const [oldest] = this.#lines.keys()
    if (oldest !== undefined && this.#lines.size > LOGS_KEPT) this.#lines.delete(oldest)
    return kept
  }
}
