import type { Life } from './life.ts'

export const ordinary: readonly Life[] = [
  { name: 'a splice-out', play: async (keeper) => keeper.post() },
  {
    name: 'a splice-in',
    play: async (keeper) => keeper.post({ kind: 'splice_in', amountSats: 80_000 }),
  },
  {
    name: 'two splices queued on one channel',
    play: async (keeper) => {
      await keeper.post()
      await keeper.post({ amountSats: 60_000 })
    },
  },
  {
    name: 'splices on two channels of one node',
    play: async (keeper) => {
      await keeper.post()
      await keeper.post({ channelId: keeper.channelIds[2] ?? '', kind: 'splice_in', amountSats: 70_000 })
    },
  },
  {
    name: 'a splice-out that is refused twice',
    play: async (keeper) => {
      for (let n = 0; n < 2; n++) keeper.node.fault({ type: 'refuse', status: 9 })
      await keeper.post()
    },
  },
]
