import { strict as assert } from 'node:assert'
import { RECORD_LIMITS, type Candidate, type EventType, type Splice, type SpliceState } from './splice.ts'
import { snapshotOf } from './snapshot.ts'
import type { Instant } from '../values/instant.ts'

/** How many published events stay in the record for readers. Older ones are in the log. */
const EVENTS_KEPT = 20

/** The bound of a line of the timeline. Fifty of the longest have to fit into the record. */
const WHY_BYTES = 200

/** Events that are emitted at most once in an epoch. */
const ONCE_AN_EPOCH: readonly EventType[] = [
  'splice.accepted',
  'splice.submitted',
  'splice.pending',
  'splice.confirmed',
  'splice.settled',
  'splice.failed',
  'splice.cancelled',
]

/**
 * The start of a text, up to a number of bytes as JSON in UTF-8: the bound of a record is in bytes, and the
 * texts come from outside.
 */
export function truncate(text: string, bytes: number): string {
  let taken = 0
  let end = 0
  for (const letter of text) {
    taken += Buffer.byteLength(JSON.stringify(letter)) - 2
    if (taken > bytes) break
    end += letter.length
  }
  return text.slice(0, end)
}

/** Adds a line to the timeline. A line that equals the one before is merged into it with a count. */
export function addToTimeline(splice: Splice, text: string, now: Instant): Splice {
  const why = truncate(text, WHY_BYTES)
  const last = splice.timeline.at(-1)
  if (last?.status === splice.state && last.why === why) {
    const merged = { ...last, at: now, count: last.count + 1 }
    return { ...splice, timeline: [...splice.timeline.slice(0, -1), merged] }
  }
  const line = { at: now, status: splice.state, why, count: 1 }
  return { ...splice, timeline: [...splice.timeline, line].slice(-RECORD_LIMITS.timeline) }
}

/** Moves a splice into a state, with a reason for the timeline. */
export function setState(splice: Splice, state: SpliceState, why: string, now: Instant): Splice {
  return addToTimeline({ ...splice, state, waitingFor: null }, why, now)
}

/**
 * Records an event that is to be published, with what the splice is now: everything else must be set before. An outcome
 * is emitted once in an epoch.
 */
export function emit(splice: Splice, type: EventType, now: Instant): Splice {
  if (ONCE_AN_EPOCH.includes(type) && splice.emitted.includes(type)) return splice
  const n = splice.eventSerial + 1
  const kept = splice.events
    .filter((event) => event.n > splice.publishedThrough - EVENTS_KEPT)
    .map(({ snapshot, ...event }) =>
      event.n > splice.publishedThrough ? { ...event, ...(snapshot && { snapshot }) } : event,
    )
  return {
    ...splice,
    eventSerial: n,
    events: [...kept, { n, type, at: now, epoch: splice.epoch, snapshot: snapshotOf(splice) }],
    emitted: splice.emitted.includes(type) ? splice.emitted : [...splice.emitted, type],
  }
}

/** Chain evidence or a reorg reopens an ended splice. Outcomes may be emitted again; it enters its channel's queue again. */
export function newEpoch(splice: Splice): Splice {
  return { ...splice, epoch: splice.epoch + 1, emitted: [], settledAt: null, watch: null, leaseHeld: true }
}

/** Stops submitting. The first reason stands. */
export function stopSubmitting(splice: Splice, code: string, message: string, now: Instant): Splice {
  if (splice.stopped !== null) return splice
  return addToTimeline({ ...splice, stopped: { code, message, at: now } }, `no further attempt: ${message}`, now)
}

/**
 * Starts the watch after an end, from the current funding outpoint. It is needed if an attempt beyond the
 * confirmed one may have been taken.
 */
export function watchAfter(splice: Splice, wanted: boolean): Splice {
  const from = splice.fundingHistory.at(-1)
  assert(from !== undefined, 'a splice has a funding history')
  return { ...splice, watch: wanted ? { from, untilHeight: null } : null }
}

/**
 * The newest candidates and those in a block, within the record's limit. A dropped one is found again by its
 * pointer if it is ever seen.
 */
export function boundedCandidates(candidates: readonly Candidate[]): Candidate[] {
  const surplus = candidates.length - RECORD_LIMITS.candidates
  const droppable = candidates.filter((candidate) => candidate.block === null).slice(0, Math.max(0, surplus))
  return candidates.filter((candidate) => !droppable.includes(candidate))
}
