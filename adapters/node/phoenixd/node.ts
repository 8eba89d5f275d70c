import type { Contribution, NodeFault, SubmitRequest } from '../../../core/ports/node.ts'
import type { Call, Clock, NodePort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import type { PhoenixdClient } from './client.ts'
import { resultOf } from './error-codes.ts'
import { look, type PhoenixdOptions } from './look.ts'
import { paymentsSince } from './payments.ts'

const SAT_PER_KW_PER_VB = 250
/** The typical weight of a splice-out in units of 1000, to check a fee ceiling in satoshis before submitting. */
const TYPICAL_KILOWEIGHT = 1
/** How far back to look for a contribution: it is asked for once the transaction confirms. */
const CONTRIBUTIONS_MS = 7 * 24 * 3_600_000

const notSent = (refusal: 'invalid' | 'not_now', why: string): CommandResult => ({
  type: 'refused',
  class: refusal,
  message: `not sent: ${why}`,
})

/** phoenixd requires a feerate in whole sat/vB: the chain source's estimate, rounded up, if it is under the ceiling. */
async function submit(client: PhoenixdClient, request: SubmitRequest, call: Call): Promise<CommandResult> {
  const { kind, address, amountSats, feeRateSatPerKw, maxFeeRateSatPerKw, maxFeeSats } = request
  if (kind === 'splice_in') return notSent('invalid', 'phoenixd has no splice-in')
  if (address === null) return notSent('invalid', 'the request names no address')
  if (feeRateSatPerKw === null) return notSent('not_now', 'there is no feerate estimate')
  const satPerVb = Math.max(1, Math.ceil(feeRateSatPerKw / SAT_PER_KW_PER_VB))
  const rate = satPerVb * SAT_PER_KW_PER_VB
  if (rate > (maxFeeRateSatPerKw ?? Infinity) || rate * TYPICAL_KILOWEIGHT > (maxFeeSats ?? Infinity))
    return notSent('not_now', 'the next whole sat/vB is over the ceiling')
  const fields = { amountSat: `${amountSats}`, address, feerateSatByte: `${satPerVb}` }
  return resultOf(await client.command('sendtoaddress', fields, call))
}

/** Our contribution according to phoenixd's list of payments, fee included; null when the transaction is not listed. */
async function contribution(
  client: PhoenixdClient,
  clock: Clock,
  txid: string,
  call: Call,
): Promise<Result<Contribution | null, NodeFault>> {
  const payments = await paymentsSince(client, clock.now() - CONTRIBUTIONS_MS, call)
  if (!payments.ok) return payments
  const payment = payments.value.find(({ txId }) => txId === txid)
  return ok(payment === undefined ? null : { amountSats: 0 - payment.sent })
}

/**
 * A phoenixd as a node port. phoenixd picks the channel itself. A `taken` splice is negotiated but not signed
 * (docs/reference/phoenixd.md).
 */
export function phoenixdNode(client: PhoenixdClient, options: PhoenixdOptions): NodePort {
  return {
    look: (call) => look(client, options, call),
    submit: (request, call) => submit(client, request, call),
    bump: async () => notSent('invalid', 'a phoenixd bump is another splice, and every call pays for one'),
    newAddress: async () => err({ class: 'config', message: 'phoenixd has no on-chain wallet' }),
    // It has one peer and connects to it by itself.
    connectPeer: async () => ok(undefined),
    contribution: (_channelId, txid, call) => contribution(client, options.clock, txid, call),
  }
}
