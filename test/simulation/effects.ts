import type { Splice } from '../../core/splice/splice.ts'
import type { World } from '../../simulator/world/world.ts'
import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { SCRIPT } from '../../harness/values.ts'

/** A change too small for an output of its own stays in the channel: a splice-in may bring that much more. */
const DUST_SATS = 330

/** How the script of a funding output begins, and of nothing else in these worlds. */
const P2WSH = '0020'

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

/** Whether the change of a channel's capacity does not tell a splice-in: the peer put in or took out something in the same round. */
export function isHidden({ amountSats }: Effect, txid: string, { chain }: Pick<World, 'chain'>): boolean {
  const transaction = chain.transaction(txid)
  const spent = transaction?.inputs.map(({ outpoint }) => {
    const { txid: made, vout } = splitOutpoint(outpoint)
    return chain.transaction(made)?.outputs[vout]
  })
  const before = sum((spent ?? []).filter((output) => output !== undefined).filter(isFunding))
  const addedSats = sum((transaction?.outputs ?? []).filter(isFunding)) - before
  return addedSats < amountSats || addedSats > amountSats + DUST_SATS
}

type Output = { readonly script: string; readonly amountSats: number }

const isFunding = ({ script }: Output): boolean => script.startsWith(P2WSH)
const sum = (outputs: readonly Output[]): number => outputs.reduce((all, { amountSats }) => all + amountSats, 0)
