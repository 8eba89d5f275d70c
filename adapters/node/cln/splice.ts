import { parseTransaction } from '../../../core/bitcoin/transaction.ts'
import type { CommandAnswer } from '../../../core/ports/ports.ts'
import { PeerChannels, Signed } from './answers.ts'
import { ask } from './ask.ts'
import { refusal, resultOf, SIGNED_IF_AWAITING, unknown } from './error-codes.ts'
import type { Flow, Stop } from './flow.ts'
import { abortUnsigned } from './abort-unsigned.ts'
import type { Secured } from './negotiation.ts'
import { negotiate, signWallet } from './negotiation.ts'
import type { Contribution } from './preparation.ts'
import { chooseRate, contribute, giveBack, readChannel } from './preparation.ts'
import { fundingOf, NORMAL } from './snapshot.ts'

/** Broadcast failed; the splice is signed all the same and stays so (`SPLICE_BROADCAST_FAIL`). */
const BROADCAST_FAILED = 350
/** A transaction in a node's message. */
const HEX = /[0-9a-f]{120,400000}/g

/**
 * One splice through the low-level commands, from a look at the channel to the signatures. Every call comes after its step
 * was journalled, the transaction is checked before anything of it is signed, and no call is made twice. A failure before
 * the step of no return is a refusal; after it the answer is `unknown`, unless a code proves that nothing was signed.
 */
export async function splice(flow: Flow): Promise<CommandAnswer> {
  const channel = await readChannel(flow)
  if (!channel.ok) return channel.error.result
  const rate = await chooseRate(flow, channel.value)
  if (!rate.ok) return rate.error.result
  const contribution = await contribute(flow, channel.value, rate.value)
  if (!contribution.ok) return contribution.error.result
  const negotiated = await negotiate(flow, contribution.value)
  if (!negotiated.ok) return undo(flow, contribution.value, negotiated.error, null)
  const signed = await signWallet(flow, negotiated.value, contribution.value)
  if (!signed.ok) return undo(flow, contribution.value, signed.error, negotiated.value)
  return exchange(flow, contribution.value, { ...negotiated.value, psbt: signed.value })
}

/** Sends our signatures and waits for the peer's. From here on the transaction may be signed whatever we hear. */
async function exchange(flow: Flow, contribution: Contribution, secured: Secured): Promise<CommandAnswer> {
  const { rpc, order, options, journal } = flow
  const { psbt, tx } = secured
  const out = order.kind === 'splice_out'
  if (!(await journal({ name: 'splice_signed', txid: tx.txid }))) {
    const message = 'not sent: splice_signed could not be journalled'
    if (out) return unknown(message)
    const result = { type: 'refused' as const, class: 'not_now' as const, message }
    return undo(flow, contribution, { result, open: true }, secured)
  }
  const answer = await ask(rpc, 'splice_signed', { channel_id: order.channelId, psbt }, Signed, options)
  if (answer.ok)
    return answer.value.txid === tx.txid
      ? taken(tx.txid, answer.value.tx)
      : unknown('the node signed another transaction than was journalled')
  const { error } = answer
  if (error.type === 'error' && error.code === BROADCAST_FAILED) return taken(tx.txid, error.message)
  if (!out && error.type === 'error' && SIGNED_IF_AWAITING.includes(error.code) && (await isAsBefore(flow))) {
    const result = refusal({ class: 'not_now' }, error.message, error.code)
    return undo(flow, contribution, { result, open: false }, null)
  }
  // Refused for certain, the negotiation is not ours to end any more: what it left is cleared after another look.
  return undo(flow, contribution, { result: resultOf(error, out ? 'secured' : 'signing'), open: false }, null)
}

/** Whether the channel is on the funding outpoint and waits for no splice. */
async function isAsBefore({ rpc, order: { channelId, submittedOn }, options }: Flow): Promise<boolean> {
  const listed = await ask(rpc, 'listpeerchannels', { channel_id: channelId }, PeerChannels, options)
  const channel = listed.ok
    ? listed.value.channels.find(({ channel_id }) => channel_id === channelId)
    : undefined
  return channel?.state === NORMAL && fundingOf(channel) === submittedOn
}

/** `told`: a transaction, or a message with one in it. It counts only if it is the one that we checked. */
function taken(txid: string, told: string): CommandAnswer {
  const hex = told.match(HEX)?.find((run) => parseTransaction(run)?.txid === txid)
  return hex === undefined ? { type: 'taken', txid } : { type: 'taken', txid, hex }
}

/**
 * After an end that is certain and unsigned: ends a negotiation that we left open, so that the channel is not stuck in it,
 * and releases the inputs. A replacement's is left open: nothing is aborted where a candidate is signed.
 */
async function undo(
  flow: Flow,
  { psbt, expected }: Contribution,
  { result, open }: Stop,
  secured: Secured | null,
): Promise<CommandAnswer> {
  if (result.type !== 'refused') return result
  const { channelId, submittedOn, replaces } = flow.order
  if (open && replaces === null && flow.mayAbort) {
    const txids = secured === null ? [] : [secured.tx.txid]
    await abortUnsigned(flow.rpc, { channelId, submittedOn: submittedOn, txids }, flow.options)
  }
  if (expected.inputs.length > 0) await giveBack(flow, psbt)
  return result
}
