import type { Keeper } from '../keeper/keeper.ts'
import { MINUTE } from '../keeper/times.ts'
import { happened, stands } from './life.ts'

export async function ordered(keeper: Keeper): Promise<string> {
  const { id } = await keeper.post()
  await stands(keeper, id, 'pending')
  return id
}

/** Orders a splice-out while the peer is away: the node takes it, and it waits in its memory. */
export async function queuedAtNode(keeper: Keeper): Promise<string> {
  keeper.node.disconnectPeer()
  const { id } = await keeper.post()
  await happened(keeper, 'contribution_queued')
  await stands(keeper, id, 'submitted')
  return id
}

/** Restarts the node so long after the last fence that the start proves something. */
export async function restartLater(keeper: Keeper): Promise<void> {
  await keeper.run(3 * MINUTE)
  keeper.node.restart()
}

/** A round so slow that it is still going on when whoever waits for its start looks again. */
export const SLOW_ROUND = { quiescenceMs: 5_000, ackMs: 5_000, constructingMs: 10_000, signingMs: 5_000 }

export const MARKET_RATE = 3_000
