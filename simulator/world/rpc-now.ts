import type { RpcAnswer, RpcOptions } from '../../adapters/node/ldk/rpc.ts'
import type { SimulatedNode, World } from './steering.ts'

/** Options for calling a simulated node, signed with the world's current time. */
export function optionsNow(world: World): RpcOptions {
  return { signal: new AbortController().signal, signedAt: world.now() }
}

/** Returns the value of a simulated node's answer; throws on a fault. */
export async function valueOf<T>(answer: Promise<RpcAnswer<T>>): Promise<T> {
  const answered = await answer
  if (!answered.ok) throw new Error(answered.error.message)
  return answered.value
}

export async function peersOf(node: SimulatedNode, world: World): Promise<string[]> {
  const peers = await valueOf(node.rpc.listPeers(optionsNow(world)))
  return peers.filter(({ connected }) => connected).map(({ nodeId }) => nodeId)
}

/** Runs `act` while the node's fee estimate is the given feerate, from which the node prices new transactions. */
export async function atFeeRate<T>(world: World, feeRateSatPerKw: number, act: () => Promise<T>): Promise<T> {
  const before = world.chain.feeRateSatPerKw(12)
  world.chain.setFeeRate(feeRateSatPerKw)
  try {
    return await act()
  } finally {
    world.chain.setFeeRate(before)
  }
}
