import { driveLoaded } from './drive.ts'
import type { ChainSeen, Guard } from './items.ts'
import type { NodeView } from './node-view.ts'
import { lookAt, noteFed } from './node-view.ts'
import { remindEndpoints } from './notices.ts'
import type { SharedView } from './observe.ts'
import { isPaymentId } from './payment.ts'
import type { Policy } from './policy.ts'
import type { Page, Ports } from './ports.ts'
import { DUE_SHARDS } from './ports.ts'
import { messageOf } from './result.ts'
import type { Network, Splice } from './splice.ts'
import { tipsOf, track } from './track.ts'
import type { Tips } from './track.ts'
import { firstsOf } from './wake.ts'

/** Splices and payments read from the due index at a time, and driven side by side. */
const PAGE = 100
const SIDE_BY_SIDE = 8

/** What one sweep did. */
export type Swept = { readonly nodes: number; readonly due: number; readonly failed: number }

/** What a sweep shares between all that it feeds. */
type Feed = {
  readonly views: ReadonlyMap<string, NodeView>
  readonly guard: Guard | null
  readonly tips: Tips
  readonly ports: Ports
  readonly policy: Policy
  /** Nodes of which a splice was not looked at after all. */
  readonly missed: Set<string>
  /** What was looked at already, with this sweep's view of its node. */
  readonly fed: Set<string>
}

/**
 * One run of reconcile (design section 3): looks at each node once, feeds what is due, and hints the work queue where
 * something has to be sent. It sends nothing itself. One splice or payment that fails does not stop the others. Splices that only
 * wait for a block are looked at when one has come, or when their channel changed.
 */
export async function sweep(ports: Ports, policy: Policy, backupAt: number | null): Promise<Swept> {
  const guard = await keepGuard(ports, backupAt)
  const views = new Map(
    await Promise.all(
      [...ports.nodes.values()].map(async (node) => [node.name, await lookAt(node, ports)] as const),
    ),
  )
  const shared: Feed = { views, guard, tips: tipsOf(ports), ports, policy, missed: new Set(), fed: new Set() }
  const isOwed = [...views.values()].some(({ owed }) => owed !== null)
  const aheadMs = isOwed ? Math.max(policy.restMs, policy.watchEveryMs) + policy.dueJitterMs : 0
  const before = ports.clock.now() + aheadMs
  const pageAt = (shard: number, cursor: string | null): Promise<Page> =>
    ports.store.due(shard, before, PAGE, cursor)
  let due = 0
  let failed = 0
  const feedDue = async (ids: readonly string[]): Promise<void> => {
    due += ids.length
    for (let start = 0; start < ids.length; start += PAGE)
      failed += await feed(ids.slice(start, start + PAGE), shared)
  }
  // Each shard has a few: together they fill a page.
  const firsts = await Promise.all(Array.from({ length: DUE_SHARDS }, (_, shard) => pageAt(shard, null)))
  await feedDue(firsts.flatMap(({ ids }) => ids))
  for (const [shard, { cursor }] of firsts.entries()) {
    for await (const ids of pagesOf((next) => pageAt(shard, next), cursor)) await feedDue(ids)
  }
  failed += await feedReorged(shared)
  failed += await feedChanged(shared)
  await noteFed(views, shared.missed, ports)
  await remindEndpoints(ports)
  ports.telemetry.count('sweep.due', due)
  return { nodes: views.size, due, failed }
}

/** The pages that follow a cursor; null: there are none. */
async function* pagesOf(
  read: (cursor: string) => Promise<Page>,
  from: string | null,
): AsyncGenerator<readonly string[]> {
  let cursor = from
  while (cursor !== null) {
    const page: Page = await read(cursor)
    yield page.ids
    cursor = page.cursor
  }
}

/** What settled in a block that has left the chain since is looked at again: the cost is in proportion to the reorg. */
async function feedReorged(shared: Feed): Promise<number> {
  const { views, ports } = shared
  let failed = 0
  const networks = new Set([...views.values()].flatMap(({ look }) => (look.ok ? [look.value.network] : [])))
  for (const network of networks) {
    for (const { hash } of (await chainOf(network, shared))?.orphans ?? []) {
      const pageAt = (cursor: string | null): Promise<Page> => ports.store.byBlock(hash, PAGE, cursor)
      const first = await pageAt(null)
      failed += await feed(first.ids, shared, true)
      for await (const ids of pagesOf(pageAt, first.cursor)) failed += await feed(ids, shared, true)
    }
  }
  return failed
}

/** The chain as it was last written down: of two nodes on one network, the second may have written it. */
async function chainOf(network: Network, { views, ports }: Feed): Promise<ChainSeen | null> {
  const ofNetwork = [...views.values()].filter(({ look }) => look.ok && look.value.network === network)
  const [only] = ofNetwork
  if (ofNetwork.length === 1 && only !== undefined && only.chain !== null) return only.chain
  return (await ports.store.item('chain', network))?.value ?? null
}

/** What holds the slot of a channel that has changed, or is next in its line, is looked at whether or not it is due. */
async function feedChanged(shared: Feed): Promise<number> {
  let failed = 0
  for (const { look, noted } of shared.views.values()) {
    if (!look.ok || noted === null || noted.changed.length === 0) continue
    const ids = new Set<string>()
    const keys = look.value.capabilities.slotScope === 'node' ? [look.value.nodeId] : noted.changed
    const slots = await Promise.all(keys.map((key) => shared.ports.store.item('slot', key)))
    for (const slot of slots) for (const id of firstsOf(slot?.value)) ids.add(id)
    failed += await feed(
      [...ids].filter((id) => !shared.fed.has(id)),
      shared,
    )
  }
  return failed
}

async function feed(ids: readonly string[], shared: Feed, reorged = false): Promise<number> {
  const { tips, ports, policy, views, missed, fed } = shared
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
      if (driven === null || driven === 'changed_since_look' || driven === 'busy') missed.add(splice.node)
      return driven
    }),
    ...payments.map((id) => async () => survives(id, ports, () => track(id, ports, policy, tips))),
  ]
  return missing + (await sideBySide(acts))
}

function viewOf({ node, network }: Splice, { views, guard }: Feed): SharedView | null {
  const view = views.get(node)
  if (view === undefined) return null
  const { look, noted, chain } = view
  const seen =
    noted === null || chain === null || !look.ok || look.value.network !== network
      ? null
      : { node: noted.node.value, channels: noted.channels, chain, guard }
  return { look, seen }
}

/** Runs them, some at a time; answers how many failed. */
async function sideBySide(acts: readonly (() => Promise<unknown>)[]): Promise<number> {
  let failed = 0
  for (let start = 0; start < acts.length; start += SIDE_BY_SIDE) {
    const answers = await Promise.all(acts.slice(start, start + SIDE_BY_SIDE).map((act) => act()))
    failed += answers.filter((answer) => answer === null).length
  }
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

/**
 * The guard's generation must equal the configured one before any submission. A new table gets it; raising it needs the
 * time of the backup that was restored (design section 9).
 */
async function keepGuard(ports: Ports, backupAt: number | null): Promise<Guard | null> {
  const item = await ports.store.item('guard', '-')
  const raised = item !== null && item.value.generation < ports.generation && backupAt !== null
  if (item === null || raised) {
    const guard = { generation: ports.generation, backupAt }
    return (await ports.store.putItem('guard', '-', guard, item?.version ?? 0)) ? guard : null
  }
  if (item.value.generation !== ports.generation) {
    ports.telemetry.alarm("the table's generation is not the configured one: nothing is submitted", {
      stored: item.value.generation,
      configured: ports.generation,
    })
  }
  return item.value
}
