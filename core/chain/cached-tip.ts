import type { ChainPort, Ports } from '../ports/ports.ts'

/** The ports of one sweep: each node's chain source is asked for its tip and its feerate estimates once. */
export function withCachedTips(ports: Ports): Ports {
  const nodes = [...ports.nodes].map(([name, node]) => [name, { ...node, chain: cachedChain(node.chain) }] as const)
  return { ...ports, nodes: new Map(nodes) }
}

/**
 * The tip is fetched before anything that is compared with it, so a block that arrives during the sweep makes
 * depths too small, never too great.
 */
function cachedChain(chain: ChainPort): ChainPort {
  let tip: ReturnType<ChainPort['tip']> | null = null
  const rates = new Map<number, ReturnType<ChainPort['feeRateSatPerKw']>>()
  return {
    tip: (call) => (tip ??= chain.tip(call)),
    blockHash: (height, call) => chain.blockHash(height, call),
    transaction: (txid, call) => chain.transaction(txid, call),
    spend: (outpoint, hint, call) => chain.spend(outpoint, hint, call),
    feeRateSatPerKw(targetBlocks, call) {
      const rate = rates.get(targetBlocks) ?? chain.feeRateSatPerKw(targetBlocks, call)
      rates.set(targetBlocks, rate)
      return rate
    },
    broadcast: (hex, call) => chain.broadcast(hex, call),
  }
}
