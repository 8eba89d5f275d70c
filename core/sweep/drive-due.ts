import type { Driven } from '../drive/drive.ts'
import { driveLoaded } from '../drive/drive.ts'
import type { Guard } from '../ports/records.ts'
import type { NodeView } from '../nodes/node-view.ts'
import type { SharedView } from '../drive/observe.ts'
import { isPaymentId } from '../ledger/payment.ts'
import type { Policy } from '../splice/policy.ts'
import type { Page, Ports } from '../ports/ports.ts'
import { DUE_SHARDS } from '../ports/ports.ts'
import { messageOf } from '../values/result.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import { track } from '../ledger/track.ts'

/** Splices and payments read at a time. */
export const PAGE = 100
/** Of them, so many are looked at at once: each waits for the chain source most of its time. */
const SIDE_BY_SIDE = 32
/** Sweeps come once a minute: as often, another shard is the first. */
const TURN_MS = 60_000

/** What a drive comes to where the splice was not looked at after all. */
const MISSED: readonly Driven[] = ['changed_since_look', 'busy', 'blind']

/** What a sweep shares between all that it feeds. */
export type SweepState = {
  readonly views: ReadonlyMap<string, NodeView>
  readonly guard: Guard | null
  readonly ports: Ports
  readonly policy: Policy
  /** Nodes of which a splice was not looked at after all. */
  readonly skipped: Set<string>
  /** What was looked at already, with this sweep's view of its node. */
  readonly processed: Set<string>
}

/**
 * Feeds what is due by an instant and was not fed yet; answers how many failed. A sweep that runs out of time leaves the rest to
 * the next one, which begins with another shard.
 */
export async function driveDue(through: Instant, shared: SweepState): Promise<number> {
  const { ports, processed: fed } = shared
  const pageAt = (shard: number, cursor: string | null): Promise<Page> =>
    ports.store.due(shard, through, PAGE, cursor)
  const turn = Math.floor(ports.clock.now() / TURN_MS)
  const shards = Array.from({ length: DUE_SHARDS }, (_, n) => (turn + n) % DUE_SHARDS)
  let failed = 0
  const feedNew = async (ids: readonly string[]): Promise<void> => {
    const wanted = ids.filter((id) => !fed.has(id))
    for (let start = 0; start < wanted.length && !isOver(shared); start += PAGE)
      failed += await driveEach(wanted.slice(start, start + PAGE), shared)
  }
  // Each shard has a few: together they fill a page.
  const firsts = await Promise.all(shards.map(async (shard) => ({ shard, page: await pageAt(shard, null) })))
  await feedNew(firsts.flatMap(({ page }) => page.ids))
  for (const { shard, page } of firsts) {
    for await (const ids of pagesAfter(page, (cursor) => pageAt(shard, cursor))) {
      if (isOver(shared)) return failed
      await feedNew(ids)
    }
  }
  return failed
}

/** Whether no call can be made any more. What was not fed by then is still owed to every node. */
function isOver({ ports, views, skipped: missed }: SweepState): boolean {
  if (!ports.call().signal.aborted) return false
  for (const name of views.keys()) missed.add(name)
  return true
}

/** The pages that follow one. */
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

/** Looks at each of them once, some at a time; answers how many failed. One that fails does not stop the others. */
export async function driveEach(
  ids: readonly string[],
  shared: SweepState,
  reorged = false,
): Promise<number> {
  const { ports, policy, views, skipped: missed, processed: fed } = shared
  if (ids.length === 0) return 0
  for (const id of ids) fed.add(id)
  const payments = ids.filter(isPaymentId)
  const wanted = ids.filter((id) => !isPaymentId(id))
  const splices = await loadEach(wanted, ports)
  const missing = wanted.length - splices.length
  // Nobody knows of which node.
  if (missing > 0) for (const name of views.keys()) missed.add(name)
  const acts = [
    ...splices.map((splice) => async () => {
      const options = { policy, mayAct: false, shared: viewOf(splice, shared), reorged }
      const driven = await survives(splice.id, ports, () => driveLoaded(splice, ports, options))
      if (driven === null || MISSED.includes(driven)) missed.add(splice.node)
      return driven
    }),
    ...payments.map((id) => async () => survives(id, ports, () => track(id, ports, policy))),
  ]
  return missing + (await sideBySide(acts))
}

function viewOf({ node, network }: Splice, { views, guard }: SweepState): SharedView | null {
  const view = views.get(node)
  if (view === undefined) return null
  const { look, channels, saved: noted, chain } = view
  const seen =
    noted === null || chain === null || !look.ok || look.value.network !== network
      ? null
      : { node: noted.node.value, channels: noted.channels, chain, guard }
  return { look, channels, seen }
}

/** Runs them, some at a time; answers how many failed. */
async function sideBySide(acts: readonly (() => Promise<unknown>)[]): Promise<number> {
  const waiting = acts.values()
  let failed = 0
  const run = async (): Promise<void> => {
    for (const act of waiting) if ((await act()) === null) failed += 1
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, run))
  return failed
}

/** Reads a page at once; where one record cannot be read, each by itself, so that it alone is left out. */
async function loadEach(ids: readonly string[], ports: Ports): Promise<Splice[]> {
  try {
    return await ports.store.loadMany(ids)
  } catch {
    const loaded = await Promise.all(ids.map((id) => survives(id, ports, () => ports.store.load(id))))
    return loaded.filter((splice) => splice !== null)
  }
}

/** null: it threw, with an alarm. */
async function survives<T>(id: string, ports: Ports, act: () => Promise<T>): Promise<T | null> {
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
