import type { Splice } from '../../core/splice.ts'
import { MINUTE } from '../support/keeper.ts'
import type { Profile } from './profile.ts'
import { Stage } from './stage.ts'

/** A world in which nothing fails. */
export const CALM: Profile = {
  overlapGuard: true,
  relay: true,
  lockDepth: 6,
  isOutbound: true,
  node: { forwardReasons: true, reportsLostQueued: false, paymentsNameChannels: true, broadcasts: 'always' },
  quietAbsenceMs: null,
  rates: {
    store: { throttle: 0, no_response: 0, lost_response: 0, lost_race: 0 },
    staleIndex: 0,
    queue: { lose: 0, double: 0, delay: 0, reorder: 0 },
  },
  wild: false,
}

/** A splice that settled and the world it settled in: the truth, for lies to be planted in. */
export async function settledStage(): Promise<{ readonly stage: Stage; readonly settled: Splice }> {
  const stage = new Stage('calm', CALM)
  await stage.keeper.sweep()
  const request = { amountSats: 50_000 }
  const { id } = await stage.keeper.post(request, 'order-1')
  stage.posted.push({ id, key: 'order-1', request })
  await stage.keeper.run(120 * MINUTE, { blockMs: 4 * MINUTE })
  const [settled] = await stage.splices()
  if (settled?.state !== 'settled') throw new Error('even in a calm world it did not settle')
  return { stage, settled }
}
