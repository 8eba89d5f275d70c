/** What a command may touch besides the service. */
export type Io = {
  out(text: string): void
  err(text: string): void
  /** Whether lines may be drawn over. */
  readonly isTerminal: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Waits; rejects once the command is to end. */
  pause(milliseconds: number): Promise<void>
  /** A fresh unique id. */
  id(): string
  readonly fetch: typeof fetch
}
