/** Exit codes, for scripts. */
export const exits = {
  /** Done; for a preview, nothing blocks the splice. */
  done: 0,
  /** The service refused with a problem code. Repeating the same request will not help. */
  refused: 1,
  /** The command line is wrong; nothing was sent. */
  usage: 2,
  /** No answer, or one that says to retry later: repeat the command, for an order or a bump with the same --key. */
  unreachable: 3,
  /** The splice ended failed or cancelled. */
  failed: 4,
  /** The splice needs a person's attention. */
  attention: 5,
} as const
export type Exit = (typeof exits)[keyof typeof exits]

/** Ends a command with an exit code and a message. `body` is printed with --json. */
export class Stop extends Error {
  override readonly name = 'Stop'
  readonly exit: Exit
  readonly body: object

  constructor(exit: Exit, message: string, body: object = { code: 'usage', detail: message }) {
    super(message)
    this.exit = exit
    this.body = body
  }
}

/** The error for a wrong command line. */
export function usage(message: string): Stop {
  return new Stop(exits.usage, message)
}

/** The exit code for the state of a splice. */
export function exitOf({ status }: { readonly status: string }): Exit {
  if (status === 'needs_attention') return exits.attention
  return status === 'failed' || status === 'cancelled' ? exits.failed : exits.done
}
