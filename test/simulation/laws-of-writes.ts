import type { ChannelLease } from '../../core/ports/records.ts'
import type { Attempt, Splice, SpliceState } from '../../core/splice/splice.ts'
import { hasEnded, transitions } from '../../core/splice/transitions.ts'
import { effectiveTxids } from './effects.ts'
import { FINAL_DEPTH, follows } from './funding.ts'
import { lifeOf } from './life.ts'
import type { Courtroom, Violation } from './witness.ts'

/** One write of a splice: what stood before (null: it is new), what stands now, and the channel's lease (null: not written yet). */
export type Write = {
  readonly before: Splice | null
  readonly after: Splice
  readonly lease: ChannelLease | null
}

/** Answers what is wrong; null: the law holds. */
type Law = (write: Write, courtroom: Courtroom) => string | null

/** Clocks of two functions differ by at most so much here. */
const CLOCKS_MS = 40_000
/** Design section 6: a fee bump is submitted at most so many times. */
const TRIES_OF_A_BUMP = 3
/** ldk-server's authentication window and as much for clocks that differ: after that a request can no longer arrive. */
const FENCE_MS = 120_000

/** What holds of every write, at the moment that it is made. Counted here by itself: what the product counts with may be wrong. */
export const lawsOfWrites: Readonly<Record<string, Law>> = {
  'versions grow by one': ({ before, after }) => {
    const expected = (before?.version ?? 0) + 1
    return after.version === expected ? null : `version ${after.version} instead of ${expected}`
  },
  'states follow the table': ({ before, after }) => {
    if (before === null) return after.state === 'queued' ? null : `it begins ${after.state}`
    const path = pathOf(before, after)
    const jump = path.findIndex((state, at) => !leads(path[at - 1] ?? state, state))
    if (jump >= 0) return `no transition leads from ${path[jump - 1]} to ${path[jump]}`
    return path[0] === before.state ? null : `the timeline does not tell how ${before.state} was left`
  },
  'due until at rest': ({ after }) => {
    if (after.dueAt !== null) return null
    const published = after.publishedThrough === after.eventSerial
    const atRest = hasEnded(after.state) && published && after.watch === null && !after.leaseHeld
    return atRest ? null : `${after.state}, and nothing will look at it again`
  },
  'no fee bump is open at rest': ({ after }) =>
    after.dueAt === null && openBumps(after) > 0 ? 'a fee bump is open' : null,
  'one fee bump at a time': ({ after }) => (openBumps(after) > 1 ? `${openBumps(after)} fee bumps are open` : null),
  'three tries of a fee bump': ({ after }) =>
    after.bumps.some(({ attempts }) => used(attempts) > TRIES_OF_A_BUMP) ? 'more tries than three' : null,
  'attempts within the budget': ({ after }) => {
    const times = used(after.attempts)
    return times > after.budget.maxAttempts ? `${times} attempts of ${after.budget.maxAttempts}` : null
  },
  'an attempt begins in time, and only while it is wanted': ({ before, after }) => {
    const [attempt] = begun(before, after)
    if (attempt === undefined) return null
    const { budget, cancelRequestedAt, stopped: over, notBefore } = after
    if (attempt.startedAt > budget.deadline) return 'its deadline has passed'
    if (attempt.startedAt + CLOCKS_MS < (notBefore ?? 0)) return 'its time has not come'
    if (cancelRequestedAt !== null) return 'it was cancelled'
    return over === null ? null : `submitting is over: ${over.code}`
  },
  'an attempt begins with the lease, on a channel that is not frozen': ({ before, after, lease }) => {
    if (begun(before, after).length === 0) return null
    if (lease?.holder !== after.id) return `the lease is ${lease?.holder ?? 'empty'}`
    return lease.frozen === null ? null : `the channel is frozen: ${lease.frozen.cause}`
  },
  'settled only at final depth, with the channel moved to it': ({ before, after }, { stage, finalDepth }) => {
    if (after.state !== 'settled' || before?.state === 'settled') return null
    const { chain } = stage.world
    const effects = stage.memory.twins.has(after.id) ? [''] : effectiveTxids(after, stage)
    if (effects.length !== 1) return `${effects.length} transactions have its effect`
    const final = after.candidates.filter(({ txid }) => (chain.confirmations(txid) ?? 0) >= finalDepth)
    if (final.length === 0) return 'no candidate of it is final'
    return final.some(({ txid }) => follows(after.channelId, txid, stage)) ? null : 'the channel has not moved'
  },
  'confirmed is not taken back without a reorg': ({ before, after }, { stage }) =>
    before !== null && CONFIRMED.includes(before.state) && after.state === 'pending' && stage.memory.deepestReorg === 0
      ? 'no block has left the chain'
      : null,
  'spent is a budget that was used': ({ before, after }) => {
    if (after.stopped?.code !== 'budget_spent' || before?.stopped !== null) return null
    const times = after.attempts.filter(({ result }) => result?.type !== 'refused').length
    return times < after.budget.maxAttempts ? `${times} attempts of ${after.budget.maxAttempts}` : null
  },
  'a fee bump is done by another transaction': ({ after }) =>
    after.bumps.some(({ outcome, from }) => outcome?.result === 'done' && outcome.txid === from.txid)
      ? 'it is the one that was to be replaced'
      : null,
  'settled only when no fee bump can arrive': ({ before, after }, { stage }) => {
    if (after.state !== 'settled' || before?.state === 'settled') return null
    const now = stage.world.now() + 2 * stage.profile.functions.skewMs
    const living = after.bumps.flatMap(({ attempts }) => attempts.filter(({ notExecuted }) => notExecuted === null))
    return latestFence(living) <= now ? null : 'a request of one may be on its way'
  },
  'what is called dead cannot take effect': ({ before, after }, { stage }) => {
    if (stage.memory.deepestReorg >= FINAL_DEPTH) return null
    const dying = after.attempts.filter(
      ({ id, notExecuted }) =>
        notExecuted !== null &&
        notExecuted.proof !== 'operator' &&
        before?.attempts.some((attempt) => attempt.id === id && attempt.notExecuted !== null) !== true,
    )
    const alive = dying.flatMap((attempt) => lifeOf(attempt, after, stage) ?? [])
    return alive.length === 0
      ? null
      : `${dying.map(({ notExecuted }) => notExecuted?.proof).join(', ')}: ${alive.join(', ')}`
  },
  'a proof by the chain is final': ({ before, after }, { stage, finalDepth }) => {
    const proof = after.failure?.proof
    if (after.state !== 'failed' || before?.state === 'failed') return null
    if (proof !== 'funding_spent' && proof !== 'channel_closed') return null
    const spenders = after.fundingHistory.flatMap((outpoint) => stage.world.chain.spender(outpoint) ?? [])
    const depths = spenders.map(({ txid }) => stage.world.chain.confirmations(txid) ?? 0)
    return depths.some((depth) => depth >= finalDepth) ? null : `${proof}, but it is ${depths.join(', ')} deep`
  },
  'ended without effect only with a proof': ({ before, after }, { stage }) => {
    const { state } = after
    if ((state !== 'failed' && state !== 'cancelled') || before?.state === state) return null
    const { operated, twins } = stage.memory
    if (operated.has(after.id) || twins.has(after.id)) return null
    const effects = effectiveTxids(after, stage).length
    return effects === 0 ? null : `${state} (${after.failure?.proof}), and ${effects} have its effect`
  },
}

const CONFIRMED: readonly SpliceState[] = ['confirmed', 'settled']

/** The laws that a write breaks. */
export function brokenByWrite(write: Write, courtroom: Courtroom): Violation[] {
  return Object.entries(lawsOfWrites).flatMap(([law, holds]) => {
    const wrong = holds(write, courtroom)
    return wrong === null ? [] : [{ law, detail: `${nameOf(write.after.id)}: ${wrong}` }]
  })
}

/** The states that a write leads through, the one before first, as the timeline tells. */
export function pathOf(before: Splice, after: Splice): SpliceState[] {
  const told = [...after.timeline.map(({ status }) => status), after.state]
  return told.slice(Math.max(0, told.lastIndexOf(before.state, told.length - 2)))
}

/** When the last of these requests was answered, or can no longer arrive. */
export function latestFence(attempts: readonly Attempt[]): number {
  return Math.max(0, ...attempts.map(fenceOf))
}

function fenceOf({ result, startedAt }: Attempt): number {
  return result !== null && result.type !== 'unknown' ? result.at : startedAt + FENCE_MS
}

/** A splice's id, short enough for a trace. */
export function nameOf(id: string): string {
  return id.slice(4, 10)
}

function leads(from: SpliceState, to: SpliceState): boolean {
  return from === to || Object.values(transitions[from]).some((cell) => cell.to.includes(to))
}

function openBumps(splice: Splice): number {
  return splice.bumps.filter(({ outcome }) => outcome === null).length
}

/** Submissions that the node may have taken. */
function used(attempts: readonly Attempt[]): number {
  return attempts.filter(({ id, result }) => result?.type !== 'refused' && !isStandIn(id)).length
}

/** Submissions that this write journals. */
function begun(before: Splice | null, after: Splice): Attempt[] {
  const known = new Set(before?.attempts.map(({ id }) => id))
  return after.attempts.filter(({ id, result }) => !known.has(id) && result === null && !isStandIn(id))
}

/** Stands for whatever was submitted after the backup that a record came out of. */
export function isStandIn(id: string): boolean {
  return id.includes('/restored/')
}
