import { err, ok, type Result } from '../../../core/values/result.ts'
import { FeeRates, Funded, OnlyPsbt, PeerChannels, type PeerChannel } from './answers.ts'
import { refusal } from './error-codes.ts'
import { feeSats, fittedRate, isUnder, outputWeight, SHARED_WEIGHT } from './fees.ts'
import { callAt, stopped, type Flow, type Stop } from './flow.ts'
import type { Order } from './order.ts'
import { readPsbt } from './psbt.ts'
import { AWAITING_SPLICE, candidatesOf, fundingOf, isConnected, NORMAL } from './snapshot.ts'
import type { Expected } from './verification.ts'

/** The PSBT for `splice_init`, and what the final transaction must be. */
export type Contribution = {
  readonly psbt: string
  readonly rateSatPerKw: number
  readonly expected: Expected
  readonly weight: number
}

/**
 * 1 sat/vB: every mempool wants at least this much more from a replacement. A cheaper one would leave another
 * signed candidate that no mempool accepts.
 */
const REPLACEMENT_STEP_SAT_PER_KW = 250
/** A margin on `fundpsbt`'s own estimate, in weight units. */
const START_MARGIN = 8

/**
 * Reads the channel again just before anything starts. It must be on the funding outpoint, with its peer and without
 * payments. A first splice needs nothing in flight; a replacement needs the candidate that it replaces.
 */
export async function readChannel(flow: Flow): Promise<Result<PeerChannel, Stop>> {
  const { order } = flow
  const listed = await callAt(flow, 'before', 'listpeerchannels', { channel_id: order.channelId }, PeerChannels)
  if (!listed.ok) return listed
  const channel = listed.value.channels.find(({ channel_id }) => channel_id === order.channelId)
  if (channel === undefined) return stopped('the node does not list the channel', false)
  const why = notReady(channel, order)
  return why === null ? ok(channel) : stopped(`not sent: ${why}`, false)
}

function notReady(channel: PeerChannel, { submittedOn, replaces }: Order): string | null {
  if (fundingOf(channel) !== submittedOn) return 'the channel is no longer on the funding output that was checked'
  if (!isConnected(channel)) return 'the peer is not connected'
  if ((channel.htlcs?.length ?? 0) > 0) return 'payments on the channel are not settled'
  if (channel.total_msat === undefined || channel.total_msat % 1_000 !== 0)
    return 'the capacity of the channel is not known'
  const candidates = candidatesOf(channel)
  if (replaces === null) return channel.state === NORMAL && candidates.length === 0 ? null : 'a splice is in flight'
  const stands = channel.state === AWAITING_SPLICE && candidates.some(({ txid }) => txid === replaces)
  return stands ? null : 'the transaction to replace is not in flight'
}

/**
 * Chooses the feerate: the requested one or the node's estimate. It must be under the ceiling, and high
 * enough for a replacement.
 */
export async function chooseRate(flow: Flow, channel: PeerChannel): Promise<Result<number, Stop>> {
  const { order } = flow
  const rates = await callAt(flow, 'before', 'feerates', { style: 'perkw' }, FeeRates)
  if (!rates.ok) return rates
  const { splice, opening } = rates.value.perkw
  const wanted = order.feeRateSatPerKw ?? splice ?? opening ?? null
  if (wanted === null) return stopped('not sent: the node has no feerate estimate', false)
  const rate = fittedRate(wanted, order)
  if (rate === null) return stopped(`not sent: ${wanted} sat/kw is over the ceiling of the splice`, false)
  const pending = candidatesOf(channel).map(({ feeRateSatPerKw = 0 }) => feeRateSatPerKw)
  const floor = order.replaces === null ? 0 : Math.max(...pending) + REPLACEMENT_STEP_SAT_PER_KW
  if (rate >= floor) return ok(rate)
  const cheap = { class: 'invalid', reason: 'FeeRateTooLow' } as const
  return err({ result: refusal(cheap, `not sent: a replacement has to pay ${floor} sat/kw`), open: false })
}

/** Has the node build our contribution: the output of a splice-out, or the inputs and change of a splice-in. */
export async function contribute(
  flow: Flow,
  channel: PeerChannel,
  rateSatPerKw: number,
): Promise<Result<Contribution, Stop>> {
  const capacitySats = (channel.total_msat ?? 0) / 1_000
  return flow.order.payout === null
    ? spliceIn(flow, capacitySats, rateSatPerKw)
    : spliceOut(flow, flow.order.payout, capacitySats, rateSatPerKw)
}

async function spliceOut(
  flow: Flow,
  { address, script }: { readonly address: string; readonly script: string },
  capacitySats: number,
  rateSatPerKw: number,
): Promise<Result<Contribution, Stop>> {
  const { order } = flow
  const weight = SHARED_WEIGHT + outputWeight(script)
  const fee = feeSats(weight, rateSatPerKw)
  if (!isUnder(fee, weight, order))
    return stopped(`not sent: a fee of ${fee} sat is over the ceiling of the splice`, false)
  const satoshi = `${order.amountSats}sat`
  const made = await callAt(flow, 'before', 'addpsbtoutput', { satoshi, destination: address }, OnlyPsbt)
  if (!made.ok) return made
  const outputs = [{ script, amountSats: order.amountSats }]
  const tx = readPsbt(made.value.psbt)
  const [output, ...others] = tx?.outputs ?? []
  const exact = output?.script === script && output.amountSats === order.amountSats
  if (tx?.inputs.length !== 0 || others.length > 0 || !exact)
    return stopped('not sent: the node made another output than requested', false)
  const expected = {
    submittedOn: order.submittedOn,
    capacitySats,
    relativeSats: -(order.amountSats + fee),
    inputs: [],
    outputs,
  }
  return ok({ psbt: made.value.psbt, rateSatPerKw, expected, weight })
}

async function spliceIn(flow: Flow, capacitySats: number, rateSatPerKw: number): Promise<Result<Contribution, Stop>> {
  const { order } = flow
  const asked = {
    satoshi: `${order.amountSats}sat`,
    feerate: `${rateSatPerKw}perkw`,
    startweight: SHARED_WEIGHT + START_MARGIN,
    excess_as_change: true,
  }
  const funded = await callAt(flow, 'before', 'fundpsbt', asked, Funded)
  if (!funded.ok) return funded
  const { psbt, estimated_final_weight: weight } = funded.value
  const contribution = wallet(psbt, order, capacitySats, rateSatPerKw, weight)
  if (contribution !== null) return ok(contribution)
  await releaseInputs(flow, psbt)
  return stopped(
    'not sent: the inputs that the wallet would add cost more than the ceiling of the splice allows',
    false,
  )
}

function wallet(
  psbt: string,
  order: Order,
  capacitySats: number,
  rateSatPerKw: number,
  weight: number,
): Contribution | null {
  const tx = readPsbt(psbt)
  if (tx === null || tx.inputs.length === 0) return null
  const inputs = tx.inputs.flatMap(({ outpoint, amountSats }) =>
    amountSats === null ? [] : [{ outpoint, amountSats }],
  )
  if (inputs.length < tx.inputs.length) return null
  const sum = (amounts: readonly { readonly amountSats: number }[]): number =>
    amounts.reduce((total, { amountSats }) => total + amountSats, 0)
  const fee = sum(inputs) - sum(tx.outputs) - order.amountSats
  if (fee <= 0 || !isUnder(fee, weight, order)) return null
  const expected = {
    submittedOn: order.submittedOn,
    capacitySats,
    relativeSats: order.amountSats,
    inputs,
    outputs: tx.outputs,
  }
  return { psbt, rateSatPerKw, expected, weight }
}

/**
 * Releases the inputs reserved for a splice of which certainly nothing was signed. Best effort: reservations expire.
 */
export async function releaseInputs({ rpc, options }: Flow, psbt: string): Promise<void> {
  await rpc.call('unreserveinputs', { psbt }, options)
}
