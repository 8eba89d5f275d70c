import type { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { describeCrashes, type Scenario } from './lives.ts'

const MARKET_RATE = 3_000

/** Orders a splice-out, waits for its transaction, and asks for a bump as the market rises. */
async function bumped(keeper: Keeper): Promise<string> {
  const { id } = await keeper.post()
  for (let minutes = 0; minutes < 10 && (await keeper.splice(id)).state !== 'pending'; minutes++)
    await keeper.run(MINUTE)
  keeper.world.chain.setFeeRate(MARKET_RATE)
  await keeper.bump(id)
  return id
}

/** Lets the bump end before there is a block. */
async function ended(keeper: Keeper, id: string): Promise<void> {
  const isOpen = async () => (await keeper.splice(id)).bumps.some(({ outcome }) => outcome === null)
  for (let minutes = 0; minutes < 15 && (await isOpen()); minutes++) await keeper.run(MINUTE)
}

const scenarios: readonly Scenario[] = [
  {
    name: 'a splice that is bumped',
    play: async (keeper) => {
      const id = await bumped(keeper)
      await ended(keeper, id)
      return keeper.splice(id)
    },
    ends: 'settled',
    effects: 1,
  },
  {
    name: 'a bump that the node forgets in a restart',
    play: async (keeper) => {
      const id = await bumped(keeper)
      await keeper.work()
      keeper.world.advance(100)
      keeper.node.restart()
      await ended(keeper, id)
      return keeper.splice(id)
    },
    ends: 'settled',
    effects: 1,
  },
]

describeCrashes(scenarios)
