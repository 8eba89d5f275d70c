import { satsText } from '../bitcoin/money.ts'
import type { SpliceKind } from '../splice/splice.ts'

/** Who pays a splice: the wallet pays into the channel, the channel pays out. */
export function payerOf(kind: SpliceKind): string {
  return kind === 'splice_in' ? "the node's wallet" : 'the channel'
}

/** What the payer has, and what it lacks. */
export function shortageText(availableSats: number, amountSats: number): string {
  const has = `It can pay ${satsText(availableSats)}`
  return availableSats >= amountSats
    ? `${has}, which leaves too little for the fee.`
    : `${has}; ${satsText(amountSats - availableSats)} are missing.`
}
