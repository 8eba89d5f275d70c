import { happened, type Life } from './life.ts'
import { SLOW_ROUND, queuedAtNode, restartLater } from './orders.ts'

export const troubled: readonly Life[] = [
  {
    name: 'a splice-out whose round a disconnect ends',
    play: async (keeper) => {
      keeper.world.setPhases(SLOW_ROUND)
      await keeper.post()
      await happened(keeper, 'round_phase')
      keeper.node.disconnectPeer({ returnsAfterMs: 30_000 })
    },
  },
  {
    name: 'a splice-out that the node loses in a restart',
    play: async (keeper) => {
      await queuedAtNode(keeper)
      await restartLater(keeper)
      keeper.node.connectPeer()
    },
  },
  {
    name: 'a splice-out whose reply is lost',
    play: async (keeper) => {
      keeper.node.fault({ type: 'lose_reply' })
      await keeper.post()
    },
  },
  {
    name: 'a splice-out whose request is lost',
    play: async (keeper) => {
      keeper.node.fault({ type: 'drop' })
      await keeper.post()
    },
  },
  {
    name: 'a splice-out that the node executes half a minute late',
    play: async (keeper) => {
      keeper.node.fault({ type: 'late', ms: 30_000 })
      await keeper.post()
    },
  },
  {
    name: 'a splice-out whose contribution is stale',
    play: async (keeper) => {
      keeper.node.staleNext(keeper.channelId)
      await keeper.post()
    },
  },
]
