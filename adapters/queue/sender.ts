import * as z from 'zod'
import type { HintQueue } from '../../core/ports/ports.ts'

/** Puts messages of one type on one queue. Throws what the queue's client throws; then it may or may not have been sent. */
export interface Sender<T> {
  /** `delayMs`: how long it stays hidden at first; 0 if left out. Queues cap it at {@link MAX_DELAY_SECONDS}. */
  send(message: T, delayMs?: number): Promise<void>
}

/** SQS hides a new message for at most this long; longer waits live in the table as `dueAt`. */
export const MAX_DELAY_SECONDS = 900

/** A message of the work queue: look at this splice now. The table is the truth, so nothing else is in it. */
export const Hint = z.strictObject({ spliceId: z.string().min(1) })
export type Hint = z.infer<typeof Hint>

/** The work queue over any sender of hints. */
export function hintQueueOver(sender: Sender<Hint>): HintQueue {
  return { hint: (spliceId, delayMs) => sender.send({ spliceId }, delayMs) }
}

/** A delay as queues take it: whole seconds, never sooner than asked, from 0 to {@link MAX_DELAY_SECONDS}. */
export function delaySecondsOf(delayMs: number): number {
  return Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil(delayMs / 1_000)))
}
