import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { Problem } from './problem.ts'

/** The longest id or name. DynamoDB throws for keys that are much longer. */
export const LONGEST_NAME = 128

/** The nodes that a tenant may use. For the tenant, other nodes do not exist. */
export function nodesOf(ports: Ports, tenant: string): ConfiguredNode[] {
  return [...ports.nodes.values()].filter((node) => node.tenants.includes(tenant))
}

/** A tenant's node by name. Throws 404 naming the field `node`. */
export function nodeOf(ports: Ports, tenant: string, name: string): ConfiguredNode {
  const node = ports.nodes.get(name)
  if (node === undefined || !node.tenants.includes(tenant)) throw new Problem('node_not_found', { field: 'node' })
  return node
}

/** A tenant's splice, read consistently. Throws the same 404 for a missing one and another tenant's. */
export async function spliceOf(ports: Ports, tenant: string, id: string): Promise<Splice> {
  const splice = id.length > LONGEST_NAME ? null : await ports.store.load(id)
  if (splice?.tenant !== tenant) throw new Problem('splice_not_found', { field: 'id' })
  return splice
}
