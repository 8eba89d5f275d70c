/** A process that is certainly the same for as long as all of this is. */
export type SeenProcess = {
  readonly pid: number
  /** The kernel's own count, in clock ticks since boot: the part of its identity that a pid alone lacks. */
  readonly startTicks: string
  readonly bootId: string
  /** When it started, in milliseconds since boot. */
  readonly startedAt: number
}

/**
 * What a look for the node's process found. `unsure`: something, but not certainly one process and its start. `hidden`: the
 * relay is not to see it.
 */
export type ProcessLook =
  | { readonly type: 'seen'; readonly process: SeenProcess }
  | { readonly type: 'absent' | 'unsure' | 'hidden'; readonly why: string }

/** Finds the node's process on this machine. Never throws, and never guesses. */
export interface ProcessPort {
  look(): Promise<ProcessLook>
}

/** How the operator names the node's process. With both, the process of the pid must have that name, too. */
export type ProcessChoice = {
  readonly name?: string | undefined
  readonly pid?: number | undefined
  readonly pidFile?: string | undefined
}
