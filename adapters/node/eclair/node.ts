import * as z from 'zod'
import type { BumpRequest, Contribution, NodeFault, SubmitRequest } from '../../../core/ports/node.ts'
import type { Call, NodePort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { Address, Channel } from './answers.ts'
import type { EclairClient } from './client.ts'
import { resultOf } from './error-codes.ts'
import { type EclairOptions, fundingsOf, look, txidOf } from './look.ts'

const SAT_PER_KW_PER_VB = 250
/**
 * The largest transaction that nodes relay, in units of 1000 weight. Gives the budget when the client set no ceiling.
 */
const LARGEST_KILOWEIGHT = 400
const MSAT_PER_SAT = 1_000

const notSent = (refusal: 'invalid' | 'not_now', why: string): CommandResult => ({
  type: 'refused',
  class: refusal,
  message: `not sent: ${why}`,
})

async function submit(client: EclairClient, request: SubmitRequest, call: Call): Promise<CommandResult> {
  const { channelId, amountSats, address } = request
  if (request.kind === 'splice_in')
    return resultOf('splice', await client.command('splicein', { channelId, amountIn: `${amountSats}` }, call))
  if (address === null) return notSent('invalid', 'the request names no address')
  const fields = { channelId, amountOut: `${amountSats}`, address }
  return resultOf('splice', await client.command('spliceout', fields, call))
}

/** A replacement takes whole sat/vB and a fee budget, which Eclair enforces (docs/reference/eclair.md 1). */
async function bump(client: EclairClient, request: BumpRequest, call: Call): Promise<CommandResult> {
  const { channelId, kind, feeRateSatPerKw, maxFeeRateSatPerKw, maxFeeSats } = request
  if (kind === 'splice_out')
    return notSent('invalid', 'it is not shown that Eclair can replace a splice-out, which has no inputs of its wallet')
  if (feeRateSatPerKw === null) return notSent('not_now', 'the feerate to exceed is not known')
  const satPerVb = Math.ceil(feeRateSatPerKw / SAT_PER_KW_PER_VB)
  if (satPerVb * SAT_PER_KW_PER_VB > (maxFeeRateSatPerKw ?? Infinity))
    return notSent('invalid', 'the next whole sat/vB is over the ceiling')
  const budgetSats = maxFeeSats ?? satPerVb * SAT_PER_KW_PER_VB * LARGEST_KILOWEIGHT
  const fields = {
    channelId,
    targetFeerateSatByte: `${satPerVb}`,
    fundingFeeBudgetSatoshis: `${budgetSats}`,
  }
  return resultOf('bump', await client.command('rbfsplice', fields, call))
}

/**
 * Eclair keeps no record of contributions. Until a splice is locked, our contribution is exactly the
 * difference between the balances of the two fundings. Afterwards nothing shows it: that is a fault and not
 * "none", because a transaction of ours must not pass for somebody else's.
 */
async function contribution(
  client: EclairClient,
  channelId: string,
  txid: string,
  call: Call,
): Promise<Result<Contribution | null, NodeFault>> {
  const channel = await client.read('channel', { channelId }, Channel, call)
  if (!channel.ok) return channel
  const { current, candidates } = fundingsOf(channel.value.data.commitments?.active ?? [])
  const candidate = candidates.find(({ fundingInput }) => txidOf(fundingInput) === txid)
  if (current === null || candidate === undefined)
    return err({
      class: 'unreachable',
      message: 'channel: Eclair reports no contribution for this transaction',
    })
  const differenceMsat = candidate.localCommit.spec.toLocal - current.localCommit.spec.toLocal
  return ok({ amountSats: Math.floor(differenceMsat / MSAT_PER_SAT) })
}

/**
 * An Eclair as a node port. A `taken` splice is negotiated but not signed: the peer can still abort it
 * (docs/reference/eclair.md 2).
 */
export function eclairNode(client: EclairClient, options: EclairOptions): NodePort {
  return {
    look: (call) => look(client, options, call),
    submit: (request, call) => submit(client, request, call),
    bump: (request, call) => bump(client, request, call),
    newAddress: (call) => client.read('getnewaddress', {}, Address, call),
    async connectPeer({ peerId: nodeId }, call) {
      // A failure is a text as well, so the next look shows whether the peer is connected.
      const asked = await client.read('connect', { nodeId }, z.string(), call)
      return asked.ok ? ok(undefined) : asked
    },
    contribution: (channelId, txid, call) => contribution(client, channelId, txid, call),
  }
}
