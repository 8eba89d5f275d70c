import { MINUTE } from '../keeper/times.ts'
import { happened, rest, stands, until, type Life } from './life.ts'
import { MARKET_RATE, SLOW_ROUND, ordered, queuedAtNode, restartLater } from './orders.ts'

export const onChain: readonly Life[] = [
  {
    name: 'a splice-out that is bumped',
    play: async (keeper) => {
      const id = await ordered(keeper)
      keeper.world.chain.setFeeRate(MARKET_RATE)
      await keeper.bump(id)
      await until(keeper, 'bumped', async () => (await keeper.splice(id)).candidates.length === 2)
    },
  },
  {
    name: 'a bump that the node forgets in a restart',
    play: async (keeper) => {
      const id = await ordered(keeper)
      keeper.world.setPhases(SLOW_ROUND)
      keeper.world.chain.setFeeRate(MARKET_RATE)
      await keeper.bump(id)
      await happened(keeper, 'round_started', 2)
      keeper.node.restart()
      await until(keeper, 'bumped', async () => (await keeper.splice(id)).candidates.length === 2)
    },
  },
  {
    name: "a splice-out behind the peer's own splice",
    play: async (keeper) => {
      keeper.node.peerSplice(keeper.channelId, { amountSats: 70_000, mergeOurs: false })
      await happened(keeper, 'candidate_broadcast')
      await keeper.run(MINUTE)
      await keeper.post()
    },
  },
  {
    name: "a splice-out that the peer's own splice overtakes",
    play: async (keeper) => {
      await queuedAtNode(keeper)
      await restartLater(keeper)
      keeper.node.connectPeer()
      keeper.node.peerSplice(keeper.channelId, { amountSats: 70_000, mergeOurs: false })
    },
    needsRelay: true,
  },
  {
    name: 'a splice-out that a reorg unconfirms',
    play: async (keeper) => {
      const id = await ordered(keeper)
      keeper.world.mine(2)
      await stands(keeper, id, 'confirmed')
      keeper.world.reorg(2, { include: 'none' })
      await stands(keeper, id, 'pending')
    },
  },
  {
    name: 'a splice-out that a reorg takes back after its end',
    play: async (keeper) => {
      const id = await ordered(keeper)
      await rest(keeper)
      await stands(keeper, id, 'settled')
      keeper.world.reorg(9, { include: 'none' })
      await stands(keeper, id, 'pending')
    },
  },
]
