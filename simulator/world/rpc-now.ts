import type { RpcAnswer, RpcOptions } from '../../adapters/node/ldk/rpc.ts'
import type { SimulatedNode, World } from './steering.ts'

/** A call of the simulated node itself, signed now. */
export function optionsNow(world: World): RpcOptions {
  return { signal: new AbortController().signal, signedAt: world.now() }
}

/** The value of an answer of the simulated node; throws if it is down. */
export async function valueOf<T>(answer: Promise<RpcAnswer<T>>): Promise<T> {
  const answered = await answer
  if (!answered.ok) throw new Error(answered.error.message)
  return answered.value
}

/** The ids of the peers that are connected. */
export async function peersOf(node: SimulatedNode, world: World): Promise<string[]> {
  const peers = await valueOf(node.rpc.listPeers(optionsNow(world)))
  return peers.filter(({ connected }) => connected).map(({ nodeId }) => nodeId)
}

/** Does something while the node's estimate, from which it takes the feerate of what it starts, is the one that was asked for. */
export async function atFeeRate<T>(world: World, feeRateSatPerKw: number, act: () => Promise<T>): Promise<T> {
  const before = world.chain.feeRateSatPerKw(12)
  world.chain.setFeeRate(feeRateSatPerKw)
  try {
    return await act()
  } finally {
    world.chain.setFeeRate(before)
  }
}
