/** What a command ends with, for scripts. */
export const exits = {
  /** Done, or nothing stands against it. */
  done: 0,
  /** The service refused: a problem with a code. Asking again as it was changes nothing. */
  refused: 1,
  /** The command line is wrong; nothing was sent. */
  usage: 2,
  /** No answer, or one that says to come later: repeat it, an order or a bump with the same --key. */
  unreachable: 3,
  /** The splice ended failed or cancelled. */
  failed: 4,
  /** The splice needs the attention of a person. */
  attention: 5,
} as const
export type Exit = (typeof exits)[keyof typeof exits]

/** Ends a command: its exit code, and what to say. `body` is what --json prints. */
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

/** A command line that is wrong. */
export function usage(message: string): Stop {
  return new Stop(exits.usage, message)
}

/** What the state of a splice means to a script. */
export function exitOf({ status }: { readonly status: string }): Exit {
  if (status === 'needs_attention') return exits.attention
  return status === 'failed' || status === 'cancelled' ? exits.failed : exits.done
}
