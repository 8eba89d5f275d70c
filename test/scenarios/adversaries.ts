import { drive } from '../../core/drive/drive.ts'
import type { NodePort } from '../../core/ports/ports.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'

export const BLOCKS = { blockMs: 10 * MINUTE }

/** Replaces calls of the node's port, from now on. */
export function rewire(keeper: Keeper, change: (port: NodePort) => Partial<NodePort>): void {
  const alice = keeper.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no node')
  const port = { ...alice.port, ...change(alice.port) }
  keeper.ports = { ...keeper.ports, nodes: new Map([['alice', { ...alice, port }]]) }
}

/** The node answers "not now" to every splice of that amount. */
export function refuse(keeper: Keeper, amountSats: number): void {
  rewire(keeper, (port) => ({
    submit: async (request, call) =>
      request.amountSats === amountSats
        ? { type: 'refused', class: 'not_now', message: 'not now' }
        : port.submit(request, call),
  }))
}

export async function driveOnce(keeper: Keeper, id: string): Promise<void> {
  await drive(id, keeper.ports, { policy: keeper.policy, mayAct: true, shared: null })
}

/** The peer's splices lock one after the other, on a zero-conf channel. */
export async function foreignSplices(keeper: Keeper, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    keeper.node.peerSplice(keeper.channelId, { amountSats: 5_000 + n, mergeOurs: false })
    await keeper.run(2 * MINUTE)
    keeper.world.mine(1)
  }
}

export function paidIn(keeper: Keeper, amountSats: number): number {
  return keeper.world.journal
    .effectiveSplices()
    .filter(({ oursNetSats }) => oursNetSats >= amountSats && oursNetSats <= amountSats + 330).length
}
