/** A command's access to the world besides the service. */
export type Io = {
  out(text: string): void
  err(text: string): void
  /** Whether lines can be redrawn in place. */
  readonly isTerminal: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Waits; rejects when the command should end. */
  pause(milliseconds: number): Promise<void>
  /** Makes a unique id. */
  id(): string
  readonly fetch: typeof fetch
}
