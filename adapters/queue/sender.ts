import * as z from 'zod'
import type { HintQueue } from '../../core/ports/ports.ts'

/**
 * Sends messages of one type to one queue. Throws what the queue's client throws; the message may then have
 * been sent or not.
 */
export interface Sender<T> {
  /** `delayMs`: how long the message is hidden at first; default 0. Queues cap it at {@link MAX_DELAY_SECONDS}. */
  send(message: T, delayMs?: number): Promise<void>
}

/** SQS delays a new message by at most this long; longer waits are stored in the table as `dueAt`. */
const MAX_DELAY_SECONDS = 900

/** A message of the work queue: "process this splice now". It holds nothing else, because the table is the truth. */
export const Hint = z.strictObject({ spliceId: z.string().min(1) })
export type Hint = z.infer<typeof Hint>

/** The work queue on top of any sender of hints. */
export function hintQueueOver(sender: Sender<Hint>): HintQueue {
  return { hint: (spliceId, delayMs) => sender.send({ spliceId }, delayMs) }
}

/** A delay in the queue's form: whole seconds, rounded up, from 0 to {@link MAX_DELAY_SECONDS}. */
export function delaySecondsOf(delayMs: number): number {
  return Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delayMs / 1_000)))
}
