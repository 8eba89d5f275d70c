import type { Splice } from '../../core/splice/splice.ts'
import { ADDRESS } from '../../harness/values.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { CALM } from './profile.ts'
import { Stage } from './stage.ts'

/** A splice that settled and the world it settled in: the truth, for lies to be planted in. */
export async function settledStage(): Promise<{ readonly stage: Stage; readonly settled: Splice }> {
  const stage = new Stage('calm', CALM)
  await stage.start()
  const request = {
    channel: stage.keeper.channelId,
    kind: 'splice_out',
    amountSats: 50_000,
    address: ADDRESS,
  } as const
  await stage.order({ key: 'order-1', request })
  await stage.keeper.run(120 * MINUTE, { blockMs: 4 * MINUTE })
  const [settled] = await stage.splices()
  if (settled?.state !== 'settled') throw new Error('even in a calm world it did not settle')
  return { stage, settled }
}
