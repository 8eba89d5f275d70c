import { driveLoaded, type Driven } from '../drive/drive.ts'
import type { Guard } from '../ports/records.ts'
import type { NodeView } from '../nodes/node-view.ts'
import type { SharedView } from '../drive/observe.ts'
import { isPaymentId } from '../ledger/payment.ts'
import type { Policy } from '../splice/policy.ts'
import { DUE_SHARDS, type Page, type Ports } from '../ports/ports.ts'
import { messageOf } from '../values/result.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import { track } from '../ledger/track.ts'

/** Splices and payments read at a time. */
export const PAGE = 100
/** Splices and payments processed concurrently: each mostly waits for the chain source. */
const CONCURRENCY = 32
/** How often the sweep's first shard changes: a sweep runs once a minute. */
const TURN_MS = 60_000

/** Outcomes of a drive that did not process the splice. */
const SKIPPED: readonly Driven[] = ['changed_since_look', 'busy', 'blind']

/** What a sweep shares between all splices and payments, and what it has done so far. */
export type SweepState = {
  readonly views: ReadonlyMap<string, NodeView>
  readonly guard: Guard | null
  readonly ports: Ports
  readonly policy: Policy
  /** The names of nodes of which a splice was not processed. */
  readonly skipped: Set<string>
  /** The ids of splices and payments that this sweep has processed. */
  readonly processed: Set<string>
}

/**
 * Processes everything that is due by an instant, once per sweep, and returns how many failed. A sweep that
 * runs out of time leaves the rest to the next one, which begins with another shard.
 */
export async function driveDue(through: Instant, shared: SweepState): Promise<number> {
  const { ports, processed } = shared
  const pageAt = (shard: number, cursor: string | null): Promise<Page> => ports.store.due(shard, through, PAGE, cursor)
  const turn = Math.floor(ports.clock.now() / TURN_MS)
  const shards = Array.from({ length: DUE_SHARDS }, (_, n) => (turn + n) % DUE_SHARDS)
  let failed = 0
  const driveNew = async (ids: readonly string[]): Promise<void> => {
    const wanted = ids.filter((id) => !processed.has(id))
    for (let start = 0; start < wanted.length && !isTimeUp(shared); start += PAGE)
      failed += await driveEach(wanted.slice(start, start + PAGE), shared)
  }
  // Each shard has only a few, which together fill a page.
  const firsts = await Promise.all(shards.map(async (shard) => ({ shard, page: await pageAt(shard, null) })))
  await driveNew(firsts.flatMap(({ page }) => page.ids))
  for (const { shard, page } of firsts) {
    for await (const ids of pagesAfter(page, (cursor) => pageAt(shard, cursor))) {
      if (isTimeUp(shared)) return failed
      await driveNew(ids)
    }
  }
  return failed
}

/** Whether the sweep's time is up. Then every node counts as skipped. */
function isTimeUp({ ports, views, skipped }: SweepState): boolean {
  if (!ports.call().signal.aborted) return false
  for (const name of views.keys()) skipped.add(name)
  return true
}

/** The pages after a first one. */
export async function* pagesAfter(
  { cursor }: Page,
  read: (cursor: string) => Promise<Page>,
): AsyncGenerator<readonly string[]> {
  for (let next = cursor; next !== null;) {
    const page = await read(next)
    yield page.ids
    next = page.cursor
  }
}

/** Processes each id once, some concurrently, and returns how many failed. A failure does not stop the others. */
export async function driveEach(ids: readonly string[], shared: SweepState, reorged = false): Promise<number> {
  const { ports, policy, views, skipped, processed } = shared
  if (ids.length === 0) return 0
  for (const id of ids) processed.add(id)
  const payments = ids.filter(isPaymentId)
  const wanted = ids.filter((id) => !isPaymentId(id))
  const splices = await loadEach(wanted, ports)
  const missing = wanted.length - splices.length
  // The nodes of the missing ones are unknown.
  if (missing > 0) for (const name of views.keys()) skipped.add(name)
  const acts = [
    ...splices.map((splice) => async () => {
      const options = { policy, mayAct: false, shared: viewOf(splice, shared), reorged }
      const outcome = await orAlarm(splice.id, ports, () => driveLoaded(splice, ports, options))
      if (outcome === null || SKIPPED.includes(outcome)) skipped.add(splice.node)
      return outcome
    }),
    ...payments.map((id) => async () => orAlarm(id, ports, () => track(id, ports, policy))),
  ]
  return missing + (await runConcurrently(acts))
}

function viewOf({ node, network }: Splice, { views, guard }: SweepState): SharedView | null {
  const view = views.get(node)
  if (view === undefined) return null
  const { look, channels, saved, chain } = view
  const seen =
    saved === null || chain === null || !look.ok || look.value.network !== network
      ? null
      : { node: saved.node.value, channels: saved.channels, chain, guard }
  return { look, channels, seen }
}

/** Runs them, some concurrently, and returns how many failed. */
async function runConcurrently(acts: readonly (() => Promise<unknown>)[]): Promise<number> {
  const waiting = acts.values()
  let failed = 0
  const run = async (): Promise<void> => {
    for (const act of waiting) if ((await act()) === null) failed += 1
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, run))
  return failed
}

/** Reads a page in one request. If that fails, reads each record by itself, so that only a broken one is left out. */
async function loadEach(ids: readonly string[], ports: Ports): Promise<Splice[]> {
  try {
    return await ports.store.loadMany(ids)
  } catch {
    const loaded = await Promise.all(ids.map((id) => orAlarm(id, ports, () => ports.store.load(id))))
    return loaded.filter((splice) => splice !== null)
  }
}

/** Raises an alarm and returns null if `act` throws. */
async function orAlarm<T>(id: string, ports: Ports, act: () => Promise<T>): Promise<T | null> {
  try {
    return await act()
  } catch (error) {
    const [what, name] = isPaymentId(id)
      ? (['a payment could not be tracked', 'paymentId'] as const)
      : (['a splice could not be driven', 'spliceId'] as const)
    ports.telemetry.alarm(what, { [name]: id, error: messageOf(error) })
    return null
  }
}
