import type { ChainSeen } from './items.ts'
import type { NodeFault, NodeLook } from './node.ts'
import type { ConfiguredNode, Ports } from './ports.ts'
import { followChain } from './reorg.ts'
import { err, messageOf } from './result.ts'
import type { Result } from './result.ts'
import type { Noted } from './survey.ts'
import { noteNode } from './survey.ts'

/** What a sweep saw at one node; null: it could not be seen, or not be written down. */
export type NodeView = {
  readonly look: Result<NodeLook, NodeFault>
  readonly noted: Noted | null
  readonly chain: ChainSeen | null
  /** The tip that its chain source has, if what waits for a block on this node was not all looked at with it yet. */
  readonly owed: string | null
}

/** Looks at a node once for all that a sweep feeds, and writes down what it shows, and its chain. Never throws. */
export async function lookAt(node: ConfiguredNode, ports: Ports): Promise<NodeView> {
  let view: NodeView = {
    look: err({ class: 'unreachable', message: 'the adapter failed' }),
    noted: null,
    chain: null,
    owed: null,
  }
  try {
    const look = await node.port.look(ports.call())
    view = { ...view, look }
    const noted = await noteNode(node, look, ports)
    view = { ...view, noted }
    if (look.ok) view = { ...view, ...(await noteChain(node, look.value, noted, ports)) }
  } catch (error) {
    // What was seen is written down by the next sweep; the splices of this node are looked at all the same.
    ports.telemetry.alarm('a look could not be written down', { node: node.name, error: messageOf(error) })
  }
  return view
}

/** Follows the chain of the node's network: the API counts confirmations with its tip, and orphans name what a reorg took. */
async function noteChain(
  node: ConfiguredNode,
  { network }: NodeLook,
  noted: Noted | null,
  ports: Ports,
): Promise<Pick<NodeView, 'chain' | 'owed'>> {
  const item = await ports.store.item('chain', network)
  const before = item?.value ?? null
  const followed = await followChain(before, ports.clock.now(), node.chain, ports.call())
  if (!followed.ok || followed.value === null) return { chain: null, owed: null }
  const { hash } = followed.value
  const isNew = followed.value !== before
  if (isNew && !(await ports.store.putItem('chain', network, followed.value, item?.version ?? 0)))
    return { chain: null, owed: null }
  const isOwed = noted !== null && noted.node.value.fedHash !== hash
  return { chain: followed.value, owed: isOwed && (isNew || (await hasTip(node, hash, ports))) ? hash : null }
}

/** Another node's source may have told of the tip, and this one be behind. */
async function hasTip({ chain }: ConfiguredNode, hash: string, ports: Ports): Promise<boolean> {
  const tip = await chain.tip(ports.call())
  return tip.ok && tip.value.hash === hash
}

/** Says of each node that all that waits for a block was looked at with this tip. Not said, it is looked at again. */
export async function noteFed(
  views: ReadonlyMap<string, NodeView>,
  missed: ReadonlySet<string>,
  ports: Ports,
): Promise<void> {
  for (const [name, { noted, owed }] of views) {
    if (noted === null || owed === null || missed.has(name)) continue
    const { version, value } = noted.node
    await ports.store.putItem('node', name, { ...value, fedHash: owed }, version)
  }
}
