import type { Splice } from '../../core/splice.ts'
import type { World } from '../../adapters/node/simulated/world.ts'
import { SCRIPT } from '../support/keeper.ts'

/** A change too small for an output of its own stays in the channel: a splice-in may bring that much more. */
const DUST_SATS = 330

/** What names a splice in the world. */
export type Effect = Pick<Splice, 'kind' | 'channelId' | 'amountSats'>

/**
 * The transactions with the effect of a splice that are in chain or mempool, by the world's own account. No two splices of a
 * run have the same amount, so that an amount names one.
 */
export function effectiveTxids(
  { kind, channelId, amountSats }: Effect,
  { world }: { readonly world: Pick<World, 'journal' | 'chain'> },
): string[] {
  if (kind === 'splice_out')
    return payouts(world).flatMap((paid) => (paid.amountSats === amountSats ? [paid.txid] : []))
  return world.journal
    .effectiveSplices()
    .filter((splice) => splice.channelId === channelId)
    .filter(({ oursNetSats }) => oursNetSats >= amountSats && oursNetSats <= amountSats + DUST_SATS)
    .map(({ txid }) => txid)
}

/** What was paid to the address that all splices-out of a run pay to. */
export function payouts({ chain }: Pick<World, 'chain'>): {
  readonly txid: string
  readonly amountSats: number
}[] {
  return chain
    .transactions()
    .flatMap(({ txid, outputs }) =>
      outputs.filter(({ script }) => script === SCRIPT).map(({ amountSats }) => ({ txid, amountSats })),
    )
}
