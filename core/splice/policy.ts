import * as z from 'zod'

const ms = (value: number) => z.int().nonnegative().default(value)

/**
 * Every waiting period and bound, in one place. A configuration may shorten them (the demo does); no code skips them.
 */
export const Policy = z.object({
  /** How long a channel must be quiet before an unresolved attempt may be followed by another (gate `quiet`). */
  quietMs: ms(180_000),
  /** After a longer gap between two looks, quiet starts anew: nothing is known of what happened in between. */
  quietGapMs: ms(90_000),
  /** How long after the fence a process start must be reported to prove a restart. Allows for clocks that differ. */
  startMarginMs: ms(60_000),
  /** The longest time between journalling an attempt and sending it (gate `fence`). */
  sendWithinMs: ms(10_000),
  /** The oldest look at a node that a decision may use. */
  snapshotMaxAgeMs: ms(60_000),
  /** The least depth, in blocks, at which a transaction is final (LDK's ANTI_REORG_DELAY). */
  finalDepth: z.int().positive().default(6),
  /** A candidate that is unseen for this many blocks needs attention. */
  unseenBlocks: z.int().positive().default(144),
  /**
   * A candidate that is not locked this many blocks after it became final, with the peer connected, needs attention.
   */
  notLockedBlocks: z.int().positive().default(6),
  /** If another splice locked this many blocks ago and an attempt is still unresolved, the splice needs attention. */
  foreignLockBlocks: z.int().positive().default(6),
  /** For how many blocks an ended splice's outpoints are watched. */
  watchBlocks: z.int().positive().default(2016),
  backoffBaseMs: ms(30_000),
  backoffCapMs: ms(1_800_000),
  /** How long a confirmed splice is left alone while no block comes and its channel does not change. */
  restMs: ms(3_600_000),
  /** The same for a splice that waits for its first confirmation, and the time between two looks at one under watch. */
  watchEveryMs: ms(600_000),
  /** Jitter added to due times, so that not everything is due in the same instant. */
  dueJitterMs: ms(5_000),
  /** The wait after the first failed delivery. Each further wait is four times as long, up to the cap. */
  webhookBackoffBaseMs: ms(5_000),
  webhookBackoffCapMs: ms(6 * 3_600_000),
  /** How long an endpoint may fail before it is disabled. */
  webhookGiveUpMs: ms(3 * 86_400_000),
})
export type Policy = z.infer<typeof Policy>

/** How many attempts of one fee bump may have been taken. */
export const BUMP_ATTEMPTS = 3

/** Bounds and defaults of a client's budget. */
export const BUDGET = {
  defaultAttempts: 3,
  maxAttempts: 10,
  defaultDeadlineMs: 24 * 3_600_000,
  maxDeadlineMs: 30 * 24 * 3_600_000,
  metadataBytes: 2048,
} as const

/**
 * The codes with which a Core Lightning answers while an earlier splice command on the channel is still
 * running (355, `SPLICE_BUSY_ERROR`), or while a negotiation from an earlier one is open (358,
 * `SPLICE_STATE_ERROR`: its answer was lost and nobody continues it).
 */
export const BUSY_CODES: readonly number[] = [355, 358]
/** How often the node is asked to abort what one splice left unsigned. */
export const MAX_ABORTS = 4
