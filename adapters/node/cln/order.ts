import { decodeAddress } from '../../../core/bitcoin/address.ts'
import type { BumpRequest, SubmitRequest } from '../../../core/ports/node.ts'
import type { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { CommandResult, SpliceKind } from '../../../core/splice/splice.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import type { Instant } from '../../../core/values/instant.ts'
import { refusal } from './error-codes.ts'
import type { Ceilings } from './fees.ts'

/** A splice to negotiate: a first one, or a replacement of the pending candidate. */
export type Order = Ceilings & {
  readonly channelId: string
  readonly submittedOn: Outpoint
  readonly kind: SpliceKind
  readonly amountSats: number
  /** The output of a splice-out; null for a splice-in. */
  readonly payout: { readonly address: string; readonly script: string } | null
  /** Null: use the node's estimate. */
  readonly feeRateSatPerKw: number | null
  /** The candidate to replace; null for a first splice. */
  readonly replaces: string | null
  readonly signedAt: Instant
}

/** Turns a request into an order, or refuses it. */
export function orderOf(request: SubmitRequest | BumpRequest, network: Network): Result<Order, CommandResult> {
  const payout = payoutOf(request, network)
  if (!payout.ok) return payout
  const { channelId, submittedOn: submittedOn, kind, amountSats, signedAt, maxFeeRateSatPerKw, maxFeeSats } = request
  const bump = 'txid' in request ? { rate: request.feeRateSatPerKw, txid: request.txid } : null
  return ok({
    channelId,
    submittedOn,
    kind,
    amountSats,
    payout: payout.value,
    feeRateSatPerKw: bump?.rate ?? null,
    replaces: bump?.txid ?? null,
    signedAt,
    maxFeeRateSatPerKw,
    maxFeeSats,
  })
}

function payoutOf(
  { kind, address }: SubmitRequest | BumpRequest,
  network: Network,
): Result<Order['payout'], CommandResult> {
  if (kind === 'splice_in') return ok(null)
  const decoded = address === null ? null : decodeAddress(address, network)
  return decoded?.ok === true
    ? ok({ address: decoded.value.address, script: decoded.value.script })
    : err(refusal({ class: 'invalid' }, 'not sent: the request names no address of this network'))
}
