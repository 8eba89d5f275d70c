import { withCachedTips } from '../chain/cached-tip.ts'
import { PAGE, driveEach, driveDue, pagesAfter, type SweepState } from './drive-due.ts'
import type { FollowedChain, Guard } from '../ports/records.ts'
import { lookAt, recordProcessedTip } from '../nodes/node-view.ts'
import { remindEndpoints } from '../webhooks/delivery.ts'
import type { Policy } from '../splice/policy.ts'
import type { Page, Ports } from '../ports/ports.ts'
import type { Network } from '../bitcoin/network.ts'
import { holderAndNextOf } from './node-events.ts'

/** Counts of one sweep: nodes, and the splices and payments that were due, or failed. */
export type Swept = { readonly nodes: number; readonly due: number; readonly failed: number }

/**
 * One run of reconcile: looks at each node once, processes everything that is due, and hints the work queue for each
 * splice that has something to send. It sends no commands itself. A splice or payment that fails does not stop the
 * others. Splices that only wait for a block are processed after a new block, or when their channel changed.
 */
export async function sweep(given: Ports, policy: Policy, backupAt: number | null): Promise<Swept> {
  const ports = withCachedTips(given)
  const guard = await keepGuard(ports, backupAt)
  const views = new Map(
    await Promise.all([...ports.nodes.values()].map(async (node) => [node.name, await lookAt(node, ports)] as const)),
  )
  const shared: SweepState = { views, guard, ports, policy, skipped: new Set(), processed: new Set() }
  const now = ports.clock.now()
  let failed = await driveDue(now, shared)
  // A new block: also process what only waits for one, after what is due anyway.
  const isNewTip = [...views.values()].some(({ tipToProcess }) => tipToProcess !== null)
  const aheadMs = Math.max(policy.restMs, policy.watchEveryMs) + policy.dueJitterMs
  if (isNewTip) failed += await driveDue(now + aheadMs, shared)
  const due = shared.processed.size
  failed += await driveReorged(shared)
  failed += await driveChanged(shared)
  await recordProcessedTip(views, shared.skipped, ports)
  await remindEndpoints(ports)
  ports.telemetry.count('sweep.due', due)
  return { nodes: views.size, due, failed }
}

/** Processes what settled in a block that a reorg removed. The cost is in proportion to the reorg. */
async function driveReorged(shared: SweepState): Promise<number> {
  const { views, ports } = shared
  let failed = 0
  const networks = new Set([...views.values()].flatMap(({ look }) => (look.ok ? [look.value.network] : [])))
  for (const network of networks) {
    for (const { hash } of (await chainOf(network, shared))?.orphans ?? []) {
      const pageAt = (cursor: string | null): Promise<Page> => ports.store.byBlock(hash, PAGE, cursor)
      const first = await pageAt(null)
      failed += await driveEach(first.ids, shared, true)
      for await (const ids of pagesAfter(first, pageAt)) failed += await driveEach(ids, shared, true)
    }
  }
  return failed
}

/** The chain as last saved: with two nodes on one network, either may have saved it. */
async function chainOf(network: Network, { views, ports }: SweepState): Promise<FollowedChain | null> {
  const ofNetwork = [...views.values()].filter(({ look }) => look.ok && look.value.network === network)
  const [only] = ofNetwork
  if (ofNetwork.length === 1 && only !== undefined && only.chain !== null) return only.chain
  return (await ports.store.item('chain', network))?.value ?? null
}

/** Processes the holder and the first in the queue of each changed channel's lease, due or not. */
async function driveChanged(shared: SweepState): Promise<number> {
  let failed = 0
  for (const { look, saved } of shared.views.values()) {
    if (!look.ok || saved === null || saved.changed.length === 0) continue
    const ids = new Set<string>()
    const keys = look.value.capabilities.leaseScope === 'node' ? [look.value.nodeId] : saved.changed
    const leases = await Promise.all(keys.map((key) => shared.ports.store.item('lease', key)))
    for (const lease of leases) for (const id of holderAndNextOf(lease?.value)) ids.add(id)
    failed += await driveEach(
      [...ids].filter((id) => !shared.processed.has(id)),
      shared,
    )
  }
  return failed
}

/**
 * Reads or sets the guard, whose generation must equal the configured one before any submission. A new table
 * gets the configured one. Raising it after a restore requires the time of the restored backup.
 */
async function keepGuard(ports: Ports, backupAt: number | null): Promise<Guard | null> {
  const item = await ports.store.item('guard', '-')
  const raised = item !== null && item.value.generation < ports.generation && backupAt !== null
  if (item === null || raised) {
    const guard = { generation: ports.generation, backupAt }
    return (await ports.store.putItem('guard', '-', guard, item?.version ?? 0)) ? guard : null
  }
  if (item.value.generation !== ports.generation) {
    ports.telemetry.alarm("nothing is submitted: the table's generation differs from the configured one", {
      stored: item.value.generation,
      configured: ports.generation,
    })
  }
  return item.value
}
