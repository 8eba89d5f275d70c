import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { Problem } from './problem.ts'

/** No id or name is longer; DynamoDB refuses keys that are much longer, and throws. */
export const LONGEST_NAME = 128

/** The nodes that a tenant may use; the others do not exist for it. */
export function nodesOf(ports: Ports, tenant: string): ConfiguredNode[] {
  return [...ports.nodes.values()].filter((node) => node.tenants.includes(tenant))
}

/** A tenant's node by name. Throws 404 naming the field `node`. */
export function nodeOf(ports: Ports, tenant: string, name: string): ConfiguredNode {
  const node = ports.nodes.get(name)
  if (node === undefined || !node.tenants.includes(tenant))
    throw new Problem('node_not_found', { field: 'node' })
  return node
}

/** A tenant's splice, read consistently. Throws 404, the same for a missing and for a foreign one. */
export async function spliceOf(ports: Ports, tenant: string, id: string): Promise<Splice> {
  const splice = id.length > LONGEST_NAME ? null : await ports.store.load(id)
  if (splice?.tenant !== tenant) throw new Problem('splice_not_found', { field: 'id' })
  return splice
}
