import type { ChainPort, Ports } from '../ports/ports.ts'

/** The ports of one sweep: whoever asks a node's chain source in it for its tip or its estimate hears the same answer. */
export function withSourcesAskedOnce(ports: Ports): Ports {
  const nodes = [...ports.nodes].map(
    ([name, node]) => [name, { ...node, chain: askedOnce(node.chain) }] as const,
  )
  return { ...ports, nodes: new Map(nodes) }
}

/**
 * A chain source for one sweep: its tip and its estimate are asked for once, before anything that is compared with them. A block
 * that comes meanwhile makes depths too small, never too great.
 */
function askedOnce(chain: ChainPort): ChainPort {
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
