import { MINUTE } from '../../harness/keeper/times.ts'
import { describeCrashes } from './lives.ts'

describeCrashes([
  {
    name: 'a splice-out whose negotiation a disconnect ends',
    play: async (keeper) => {
      const splice = await keeper.post()
      await keeper.work()
      keeper.world.advance(500)
      keeper.node.disconnectPeer({ returnsAfterMs: 30_000 })
      return splice
    },
    ends: 'settled',
    effects: 1,
  },
  {
    name: 'a splice-out that the peer aborts, given up once a restart has proven it dead',
    play: async (keeper) => {
      keeper.node.abortNext(keeper.channelId)
      const splice = await keeper.post()
      await keeper.run(3 * MINUTE)
      keeper.node.restart()
      return splice
    },
    later: (keeper) => keeper.node.restart(),
    // Killed before the reason is heard, it is asked for again, and then it settles: either is an end.
    ends: ['failed', 'settled'],
    effects: [0, 1],
  },
  {
    name: 'a splice-out whose channel is closed',
    play: async (keeper) => {
      keeper.node.disconnectPeer()
      const splice = await keeper.post()
      await keeper.run(2 * MINUTE)
      keeper.node.close(keeper.channelId, 'force')
      return splice
    },
    ends: ['failed'],
    effects: [0],
  },
  {
    name: 'a splice-out that is cancelled while the node may hold it, and lost in a restart',
    play: async (keeper) => {
      keeper.node.disconnectPeer()
      const splice = await keeper.post()
      await keeper.run(2 * MINUTE)
      await keeper.cancel(splice.id)
      keeper.node.restart()
      keeper.node.connectPeer()
      return splice
    },
    later: (keeper) => keeper.node.restart(),
    ends: 'cancelled',
    effects: 0,
  },
])
