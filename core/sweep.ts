import type { NodeFault, NodeLook } from './node.ts'
import { driveLoaded } from './drive.ts'
import { remindEndpoints } from './notices.ts'
import { isPaymentId } from './payment.ts'
import type { Policy } from './policy.ts'
import type { ConfiguredNode, Page, Ports } from './ports.ts'
import { DUE_SHARDS } from './ports.ts'
import { err } from './result.ts'
import type { Result } from './result.ts'
import type { Splice } from './splice.ts'
import { followChain } from './reorg.ts'
import { noteNode } from './survey.ts'
import { tipsOf, track } from './track.ts'
import type { Tips } from './track.ts'

/** Splices and payments read from the due index at a time, and driven side by side. */
const PAGE = 100
const SIDE_BY_SIDE = 8

/** What one sweep did. */
export type Swept = { readonly nodes: number; readonly due: number; readonly failed: number }

type Looks = ReadonlyMap<string, Result<NodeLook, NodeFault>>

/** What a sweep shares between all that it feeds. */
type Feed = {
  readonly looks: Looks
  readonly tips: Tips
  readonly ports: Ports
  readonly policy: Policy
}

/**
 * One run of reconcile (design section 3): looks at each node once, feeds what is due, and hints the work queue where
 * something has to be sent. It sends nothing itself. One splice or payment that fails does not stop the others.
 */
export async function sweep(ports: Ports, policy: Policy, backupAt: number | null): Promise<Swept> {
  await keepGuard(ports, backupAt)
  const looks: Looks = new Map(
    await Promise.all(
      [...ports.nodes.values()].map(async (node) => [node.name, await lookAt(node, ports)] as const),
    ),
  )
  const shared: Feed = { looks, tips: tipsOf(ports), ports, policy }
  let due = 0
  let failed = 0
  for (let shard = 0; shard < DUE_SHARDS; shard++) {
    for await (const ids of pagesOf((cursor) => ports.store.due(shard, ports.clock.now(), PAGE, cursor))) {
      if (ids.length === 0) continue
      due += ids.length
      failed += await feed(ids, shared)
    }
  }
  failed += await feedReorged(shared)
  await remindEndpoints(ports)
  ports.telemetry.count('sweep.due', due)
  return { nodes: looks.size, due, failed }
}

async function* pagesOf(read: (cursor: string | null) => Promise<Page>): AsyncGenerator<readonly string[]> {
  let cursor: string | null = null
  do {
    const page: Page = await read(cursor)
    yield page.ids
    cursor = page.cursor
  } while (cursor !== null)
}

async function lookAt(node: ConfiguredNode, ports: Ports): Promise<Result<NodeLook, NodeFault>> {
  let look: Result<NodeLook, NodeFault> = err({ class: 'unreachable', message: 'the adapter failed' })
  try {
    look = await node.port.look(ports.call())
    await noteNode(node, look, ports)
    if (look.ok) await noteChain(node, look.value, ports)
  } catch (error) {
    // What was seen is written down by the next sweep; the splices of this node are looked at all the same.
    ports.telemetry.alarm('a look could not be written down', { node: node.name, error: messageOf(error) })
  }
  return look
}

/** Follows the chain of the node's network: the API counts confirmations with its tip, and orphans name what a reorg took. */
async function noteChain(node: ConfiguredNode, look: NodeLook, ports: Ports): Promise<void> {
  const item = await ports.store.item('chain', look.network)
  const before = item?.value ?? null
  const followed = await followChain(before, ports.clock.now(), node.chain, ports.call())
  if (!followed.ok || followed.value === null || followed.value === before) return
  await ports.store.putItem('chain', look.network, followed.value, item?.version ?? 0)
}

/** What settled in a block that has left the chain since is looked at again: the cost is in proportion to the reorg. */
async function feedReorged(shared: Feed): Promise<number> {
  const { looks, ports } = shared
  let failed = 0
  const networks = new Set([...looks.values()].flatMap((look) => (look.ok ? [look.value.network] : [])))
  for (const network of networks) {
    for (const { hash } of (await ports.store.item('chain', network))?.value.orphans ?? []) {
      for await (const ids of pagesOf((cursor) => ports.store.byBlock(hash, PAGE, cursor))) {
        failed += await feed(ids, shared, true)
      }
    }
  }
  return failed
}

async function feed(ids: readonly string[], shared: Feed, reorged = false): Promise<number> {
  const { looks, tips, ports, policy } = shared
  const payments = ids.filter(isPaymentId)
  const wanted = ids.filter((id) => !isPaymentId(id))
  const splices = await loadEach(wanted, ports)
  const missing = wanted.length - splices.length
  const acts = [
    ...splices.map((splice) => async () => {
      const options = { policy, mayAct: false, look: looks.get(splice.node) ?? null, reorged }
      return survives(splice.id, ports, () => driveLoaded(splice, ports, options))
    }),
    ...payments.map((id) => async () => survives(id, ports, () => track(id, ports, policy, tips))),
  ]
  return missing + (await sideBySide(acts))
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}

/**
 * The guard's generation must equal the configured one before any submission. A new table gets it; raising it needs the
 * time of the backup that was restored (design section 9).
 */
async function keepGuard(ports: Ports, backupAt: number | null): Promise<void> {
  const item = await ports.store.item('guard', '-')
  if (item === null) {
    await ports.store.putItem('guard', '-', { generation: ports.generation, backupAt }, 0)
  } else if (item.value.generation < ports.generation && backupAt !== null) {
    await ports.store.putItem('guard', '-', { generation: ports.generation, backupAt }, item.version)
  } else if (item.value.generation !== ports.generation) {
    ports.telemetry.alarm("the table's generation is not the configured one: nothing is submitted", {
      stored: item.value.generation,
      configured: ports.generation,
    })
  }
}
