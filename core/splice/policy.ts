import * as z from 'zod'

const ms = (value: number) => z.int().nonnegative().default(value)

/**
 * Every waiting period and bound of the design in one place. A configuration may shorten them (the demo does); no code
 * skips them. The defaults are the design's.
 */
export const Policy = z.object({
  /** How long nothing may stir before an unproven attempt may be followed by another (gate `quiet`). */
  quietMs: ms(180_000),
  /** A longer gap between two looks proves nothing about what happened in it: quiet starts anew. */
  quietGapMs: ms(90_000),
  /** How much later than the fence a reported process start must be to prove a restart after it, for clocks. */
  startMarginMs: ms(60_000),
  /** Longest time between journalling an attempt and sending it (gate `fence`). */
  sendWithinMs: ms(10_000),
  /** Longest age of a node's snapshot for a decision. */
  snapshotMaxAgeMs: ms(60_000),
  /** The anti-reorg delay: the least final depth (LDK's ANTI_REORG_DELAY). */
  finalDepth: z.int().positive().default(6),
  /** A candidate unseen for this many blocks needs attention. */
  unseenBlocks: z.int().positive().default(144),
  /** Blocks past final depth, peer connected, without a lock, that need attention. */
  notLockedBlocks: z.int().positive().default(6),
  /** Blocks after which a foreign lock with an attempt alive needs attention. */
  foreignLockBlocks: z.int().positive().default(6),
  /** How long an ended splice's outpoints are watched. */
  watchBlocks: z.int().positive().default(2016),
  backoffBaseMs: ms(30_000),
  backoffCapMs: ms(1_800_000),
  /** How long a confirmed splice is left alone while no block comes and its channel does not change. */
  restMs: ms(3_600_000),
  /** The same of one that waits for its first confirmation, and how often one under watch is looked at. */
  watchEveryMs: ms(600_000),
  /** Jitter added to due times so that a sweep does not find everything in one instant. */
  dueJitterMs: ms(5_000),
  /** First wait after a webhook that failed; each further one is four times as long, up to the cap. */
  webhookBackoffBaseMs: ms(5_000),
  webhookBackoffCapMs: ms(6 * 3_600_000),
  /** How long an endpoint may fail before it is disabled. */
  webhookGiveUpMs: ms(3 * 86_400_000),
})
export type Policy = z.infer<typeof Policy>

/** Tries of one fee bump that may have been taken (design section 6, "Fee bumps"). */
export const BUMP_ATTEMPTS = 3

/** Bounds and defaults of a client's budget (design section 8). */
export const BUDGET = {
  defaultAttempts: 3,
  maxAttempts: 10,
  defaultDeadlineMs: 24 * 3_600_000,
  maxDeadlineMs: 30 * 24 * 3_600_000,
  metadataBytes: 2048,
} as const

/**
 * What a Core Lightning answers while an earlier splice command on the channel is not over (355, `SPLICE_BUSY_ERROR`), or while
 * a negotiation is open that an earlier one began (358, `SPLICE_STATE_ERROR`: nobody heard its answer, and nobody goes on).
 */
export const BUSY_CODES: readonly number[] = [355, 358]
/** How often the node is asked to clear what is left of one splice. */
export const MAX_ABORTS = 4
