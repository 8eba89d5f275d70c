import { HOUR, MINUTE } from '../keeper/times.ts'
import { happened, stands, type Life } from './life.ts'
import { budget } from '../keeper/budget.ts'
import { queuedAtNode, restartLater } from './orders.ts'

export const givenUp: readonly Life[] = [
  {
    name: 'a splice-out that the node calls invalid',
    play: async (keeper) => {
      keeper.node.fault({ type: 'refuse', status: 3 }, 'always')
      await keeper.post()
    },
  },
  {
    name: 'a splice-out that the peer aborts, dead by a restart',
    play: async (keeper) => {
      keeper.node.abortNext(keeper.channelId)
      await keeper.post()
      await happened(keeper, 'round_failed')
      await restartLater(keeper)
    },
    later: restartLater,
    needsRelay: true,
  },
  {
    name: 'a splice-out that is cancelled while the node holds it, and lost in a restart',
    play: async (keeper) => {
      const id = await queuedAtNode(keeper)
      await keeper.cancel(id)
      await restartLater(keeper)
      keeper.node.connectPeer()
    },
    later: restartLater,
    needsRelay: true,
  },
  {
    name: 'a splice-out that is cancelled while its line waits',
    play: async (keeper) => {
      await keeper.post()
      const { id } = await keeper.post({ amountSats: 60_000 })
      await keeper.cancel(id)
    },
  },
  {
    name: 'a splice-out whose deadline passes before its peer can take it',
    play: async (keeper) => {
      keeper.node.fault({ type: 'refuse', status: 9 }, 'always')
      await keeper.post({ budget: budget({ deadline: keeper.world.now() + 20 * MINUTE }) })
    },
  },
  {
    name: 'a splice-out whose only attempt nobody can prove dead at the deadline',
    play: async (keeper) => {
      keeper.node.disconnectPeer()
      const deadline = keeper.world.now() + HOUR / 2
      const { id } = await keeper.post({ budget: budget({ deadline, maxAttempts: 1 }) })
      await stands(keeper, id, 'needs_attention')
    },
  },
  {
    name: 'a splice-out whose channel is closed',
    play: async (keeper) => {
      await queuedAtNode(keeper)
      keeper.node.close(keeper.channelId, 'force')
    },
  },
]
