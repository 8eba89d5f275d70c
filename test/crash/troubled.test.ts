import { MINUTE } from '../../harness/keeper/times.ts'
import { describeCrashes } from './lives.ts'

describeCrashes([
  {
    name: 'a splice-out that the node loses in a restart',
    play: async (keeper) => {
      keeper.node.disconnectPeer()
      const splice = await keeper.post()
      await keeper.run(2 * MINUTE)
      keeper.node.restart()
      keeper.node.connectPeer()
      return splice
    },
    ends: 'settled',
    effects: 1,
  },
  {
    name: 'a splice-out whose reply is lost',
    play: async (keeper) => {
      keeper.node.fault({ type: 'lose_reply' })
      return keeper.post()
    },
    ends: 'settled',
    effects: 1,
  },
  {
    name: 'a splice-out that the node calls invalid',
    play: async (keeper) => {
      keeper.node.fault({ type: 'refuse', status: 3 }, 'always')
      return keeper.post()
    },
    later: (keeper) => keeper.node.restart(),
    ends: 'failed',
    effects: 0,
  },
])
