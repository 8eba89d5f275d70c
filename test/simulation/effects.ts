import type { Journal } from '../../adapters/node/simulated/world.ts'
import type { Splice } from '../../core/splice.ts'
import { SCRIPT } from '../support/keeper.ts'

/** A change too small for an output of its own stays in the channel: a splice-in may bring that much more. */
const DUST_SATS = 330

/**
 * How many transactions with the effect of a splice are in chain or mempool, by the world's own account. No two splices of
 * a run have the same amount, so that an amount names one.
 */
export function effectsOf({ kind, channelId, amountSats }: Splice, journal: Journal): number {
  if (kind === 'splice_out') return journal.effectivePayouts(SCRIPT, amountSats)
  return journal
    .effectiveSplices()
    .filter((splice) => splice.channelId === channelId)
    .filter(({ oursNetSats }) => oursNetSats >= amountSats && oursNetSats <= amountSats + DUST_SATS).length
}
