/** The identity and start of a process. While all fields are equal it is certainly the same process. */
export type SeenProcess = {
  readonly pid: number
  /** The kernel's start time in clock ticks since boot, because a pid can be reused. */
  readonly startTicks: string
  readonly bootId: string
  /** When it started, in milliseconds since boot. */
  readonly startedAt: number
}

/**
 * The result of looking for the node's process. `unsure`: something was found, but not certainly one process
 * and its start. `hidden`: the relay cannot or should not see it.
 */
export type ProcessLook =
  | { readonly type: 'seen'; readonly process: SeenProcess }
  | { readonly type: 'absent' | 'unsure' | 'hidden'; readonly why: string }

/** Finds the node's process on this machine. Never throws and never guesses. */
export interface ProcessPort {
  look(): Promise<ProcessLook>
}

/** How the operator identifies the node's process. If both are given, the process with the pid must have the name. */
export type ProcessChoice = {
  readonly name?: string | undefined
  readonly pid?: number | undefined
  readonly pidFile?: string | undefined
}
