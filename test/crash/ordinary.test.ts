import { describeCrashes } from './lives.ts'

describeCrashes([
  {
    name: 'a splice-out',
    play: async (keeper) => keeper.post(),
    ends: 'settled',
    effects: 1,
  },
  {
    name: 'a splice-in',
    play: async (keeper) => keeper.post({ kind: 'splice_in', amountSats: 80_000 }),
    ends: 'settled',
    effects: 1,
  },
  {
    name: 'a splice-out that is refused once',
    play: async (keeper) => {
      keeper.node.fault({ type: 'refuse', status: 9 })
      return keeper.post()
    },
    ends: 'settled',
    effects: 1,
  },
])
