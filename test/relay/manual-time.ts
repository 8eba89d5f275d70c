import type { RelayPorts } from '../../relay/ports.ts'
import { NOW } from '../../harness/api/values.ts'

type Sleeper = { readonly at: number; readonly ms: number; readonly wake: () => void }

/** Ports whose time passes when the test says so, and what they said. Waits end with what they wait for, never by the clock. */
export class ManualTime {
  /** What this machine's clock is ahead of the test's time. */
  aheadMs = 0
  readonly lines: string[] = []
  #passedMs = 0
  #sleepers: Sleeper[] = []
  readonly #watchers = new Set<() => void>()
  readonly bootedAt: number
  readonly ports: RelayPorts

  constructor(startAt: number = NOW, bootedMsAgo = 1_000_000) {
    this.bootedAt = startAt - bootedMsAgo
    const base = { startAt, bootedMsAgo }
    let ids = 0
    this.ports = {
      clock: { now: () => base.startAt + this.#passedMs + this.aheadMs },
      sinceBoot: () => base.bootedMsAgo + this.#passedMs,
      chance: { fraction: () => 1, id: () => `life-${(ids += 1)}` },
      sleep: (ms, signal) => this.#sleep(ms, signal),
      say: (line) => {
        this.lines.push(line)
        this.#changed()
      },
    }
  }

  /** The true time. */
  get now(): number {
    return this.ports.clock.now() - this.aheadMs
  }

  /** Lets time pass, and wakes whoever has slept for long enough. */
  pass(ms: number): void {
    this.#passedMs += ms
    const due = this.#sleepers.filter(({ at }) => at <= this.#passedMs)
    for (const { wake } of due) wake()
  }

  /** Resolves once somebody sleeps for so long. */
  async asleep(ms: number): Promise<void> {
    await this.until(() => this.#sleepers.some((sleeper) => sleeper.ms === ms))
  }

  /** Resolves once a line with this text was said. */
  async said(text: string): Promise<void> {
    await this.until(() => this.lines.some((line) => line.includes(text)))
  }

  /** Resolves once something holds that changes only with what is said, slept or told to `poke`. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<undefined>((resolve) => {
      const look = (): void => {
        if (!holds()) return
        this.#watchers.delete(look)
        resolve(undefined)
      }
      this.#watchers.add(look)
    })
  }

  /** Something else has changed. */
  poke(): void {
    this.#changed()
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { at: this.#passedMs + ms, ms, wake }
      this.#sleepers.push(sleeper)
      signal.addEventListener('abort', wake)
      this.#changed()
    })
  }

  #changed(): void {
    for (const look of this.#watchers) look()
  }
}
