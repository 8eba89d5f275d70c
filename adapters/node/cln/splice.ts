import { parseTransaction } from '../../../core/bitcoin/transaction.ts'
import type { CommandAnswer } from '../../../core/ports/ports.ts'
import { PeerChannels, Signed } from './answers.ts'
import { ask } from './ask.ts'
import { refusal, resultOf, SIGNED_IF_AWAITING, unknown } from './error-codes.ts'
import type { Flow, Stop } from './flow.ts'
import { abortUnsigned } from './abort-unsigned.ts'
import { negotiate, signWallet, type Secured } from './negotiation.ts'
import { chooseRate, contribute, releaseInputs, readChannel, type Contribution } from './preparation.ts'
import { fundingOf, NORMAL } from './snapshot.ts'

/** Broadcasting failed; the splice is signed anyway and stays signed (`SPLICE_BROADCAST_FAIL`). */
const BROADCAST_FAILED = 350
/** A hex transaction inside a node's message. */
const HEX = /[0-9a-f]{120,400000}/g

/**
 * Runs one splice through the low-level commands, from reading the channel to exchanging signatures. Each
 * step is journalled before its call, the transaction is checked before anything of it is signed, and no call
 * is made twice. A failure before the step of no return is a refusal. After it the answer is `unknown`,
 * unless a code proves that nothing was signed.
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

/** Sends our signatures and waits for the peer's. From here on the transaction may be signed, whatever the answer. */
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
      : unknown('the node signed another transaction than the journalled one')
  const { error } = answer
  if (error.type === 'error' && error.code === BROADCAST_FAILED) return taken(tx.txid, error.message)
  if (!out && error.type === 'error' && SIGNED_IF_AWAITING.includes(error.code) && (await isUnchanged(flow))) {
    const result = refusal({ class: 'not_now' }, error.message, error.code)
    return undo(flow, contribution, { result, open: false }, null)
  }
  // Even after a certain refusal we do not abort the negotiation here: a later look decides, then aborts what
  // is left of it.
  return undo(flow, contribution, { result: resultOf(error, out ? 'secured' : 'signing'), open: false }, null)
}

/** Whether the channel is still on the funding outpoint and awaits no splice. */
async function isUnchanged({ rpc, order: { channelId, submittedOn }, options }: Flow): Promise<boolean> {
  const listed = await ask(rpc, 'listpeerchannels', { channel_id: channelId }, PeerChannels, options)
  const channel = listed.ok ? listed.value.channels.find(({ channel_id }) => channel_id === channelId) : undefined
  return channel?.state === NORMAL && fundingOf(channel) === submittedOn
}

/** `answer`: a transaction, or a message that contains one. It counts only if it is the one that we checked. */
function taken(txid: string, answer: string): CommandAnswer {
  const hex = answer.match(HEX)?.find((run) => parseTransaction(run)?.txid === txid)
  return hex === undefined ? { type: 'taken', txid } : { type: 'taken', txid, hex }
}

/**
 * Cleans up after a certain, unsigned end: aborts a negotiation that we left open, so that the channel is not
 * stuck in it, and releases the inputs. The negotiation of a replacement stays open: nothing is aborted while
 * a candidate is signed.
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
  if (expected.inputs.length > 0) await releaseInputs(flow, psbt)
  return result
}
