import { isDeepStrictEqual } from 'node:util'
import type { ChainFault, ChainTransaction, SpendHint } from '../ports/chain.ts'
import { NO_AMOUNTS, amountsOf, kindOf } from './transaction-amounts.ts'
import { fundingsSeen, writeForeignPointer } from './record-foreign.ts'
import type { ChannelState, ForeignPayment } from '../ports/records.ts'
import { channelKey } from '../ports/records.ts'
import { confirmedOf, isAtRest, merge } from './foreign-payment.ts'
import type { Moment, News, Spender } from './foreign-payment.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import { outpointOf } from '../bitcoin/outpoint.ts'
import { finalDepthOf } from './payment.ts'
import type { Policy } from '../splice/policy.ts'
import type { Call, ConfiguredNode, Ports } from '../ports/ports.ts'
import type { Result } from '../values/result.ts'
import { err, ok } from '../values/result.ts'
import type { ParsedTransaction } from '../bitcoin/transaction.ts'
import { fundingInputs, fundingOutputs, parseTransaction, spends } from '../bitcoin/transaction.ts'

/** Outputs of a transaction that are asked for whether they were a channel's funding. */
const MAX_OUTPUTS_ASKED = 4

/** The height of a node's chain source. Asked for before a payment is looked at: a block that comes meanwhile makes depths too small, never too great. */
async function askTip({ chain }: ConfiguredNode, ports: Ports): Promise<number | null> {
  const tip = await chain.tip(ports.call())
  return tip.ok ? tip.value.height : null
}

/** What a look at a payment goes by. */
type Tracking = {
  readonly configured: ConfiguredNode
  readonly channel: ChannelState | null
  readonly moment: Moment
  readonly ports: Ports
  readonly call: Call
}

/**
 * Looks at a foreign payment once: asks the chain who spends its outpoint, merges what is known, and saves on change only.
 * What moved is looked at again in the next sweep; what did not, after `watchEveryMs`; what is at rest, when a reorg takes its
 * block. A chain source that does not answer changes nothing.
 */
export async function track(id: string, ports: Ports, policy: Policy): Promise<void> {
  const item = await ports.store.item('payment', id)
  if (item === null) return
  const before = item.value
  const configured = ports.nodes.get(before.node)
  const seen = configured === undefined ? before : await look(before, configured, ports, policy)
  if (seen === null) return
  const next = { ...seen, dueAt: dueAfter(before, seen, ports, policy) }
  if (isDeepStrictEqual(next, before)) return
  if (moved(before, next)) await pointAll(next, ports)
  // Where somebody was faster, it is still due.
  await ports.store.putItem('payment', id, next, item.version)
}

/** null: nothing can be said now. */
async function look(
  payment: ForeignPayment,
  configured: ConfiguredNode,
  ports: Ports,
  policy: Policy,
): Promise<ForeignPayment | null> {
  const tipHeight = await askTip(configured, ports)
  if (tipHeight === null) return null
  const item = await ports.store.item('channel', channelKey(payment.node, payment.channelId))
  const channel = item?.value ?? null
  const finalDepth = finalDepthOf(policy, channel?.lockDepth ?? null)
  const moment = { now: ports.clock.now(), tipHeight, finalDepth, idleBlocks: policy.watchBlocks }
  const tracking: Tracking = { configured, channel, moment, ports, call: ports.call() }
  const shown =
    payment.spends === null
      ? await lookAtOpen(payment, tracking)
      : await lookAtSpent(payment, payment.spends, tracking)
  return shown.ok ? askNode(shown.value, tracking) : null
}

async function lookAtSpent(
  payment: ForeignPayment,
  outpoint: Outpoint,
  tracking: Tracking,
): Promise<Result<ForeignPayment, ChainFault>> {
  const { configured, channel, moment, call } = tracking
  const spend = await configured.chain.spend(outpoint, hintOf(payment), call)
  if (!spend.ok) return spend
  const { own, valueSats, spender } = spend.value
  if (spender === null)
    return ok(own === 'unknown' ? payment : merge(payment, { type: 'seen', spender: null }, moment))
  const parsed = parseTransaction(spender.hex)
  if (parsed?.txid !== spender.txid || !spends(parsed, outpoint)) return unfit()
  const fundings = fundingsSeen(channel)
  const ours = await oursOf(spender.txid, tracking.ports)
  const kind = ours === null ? kindOf(parsed, outpoint, fundings) : 'unclassified'
  const classified = merge(payment, { type: 'classified', kind }, moment)
  const figures = amountsOf(spender, parsed, valueSats, classified.kind, fundings)
  const seen: News = { type: 'seen', spender: { ...shownAs(spender), amounts: figures, ours } }
  return classifyAtRest(merge(classified, seen, moment), parsed, tracking)
}

/**
 * What is final, of a channel that is gone, without a funding that its node was seen to move to, was a close; unless it
 * made a funding that the close spent while nobody looked.
 */
async function classifyAtRest(
  payment: ForeignPayment,
  parsed: ParsedTransaction,
  { configured, channel, moment, call }: Tracking,
): Promise<Result<ForeignPayment, ChainFault>> {
  const gone = channel === null || channel.goneAt !== null
  const open = payment.kind === 'unclassified' && payment.final !== null && confirmedOf(payment) !== null
  if (!gone || !open) return ok(payment)
  for (const { script, amountSats } of fundingOutputs(parsed).slice(0, MAX_OUTPUTS_ASKED)) {
    const vout = parsed.outputs.findIndex((made) => made.script === script && made.amountSats === amountSats)
    const made = outpointOf(parsed.txid, vout)
    const spend = await configured.chain.spend(made, hintOf(null), call)
    if (!spend.ok) return spend
    const next = spend.value.spender === null ? null : parseTransaction(spend.value.spender.hex)
    if (next !== null && fundingInputs(next).includes(made))
      return ok(merge(payment, { type: 'classified', kind: 'foreign_splice' }, moment))
  }
  return ok(merge(payment, { type: 'classified', kind: 'channel_close' }, moment))
}

/** An open spends nothing of ours: its candidates are asked for by name, the newest first. */
async function lookAtOpen(
  payment: ForeignPayment,
  { configured, channel, moment, call }: Tracking,
): Promise<Result<ForeignPayment, ChainFault>> {
  let visible: ChainTransaction | null = null
  for (const { txid } of payment.candidates.toReversed()) {
    const found = await configured.chain.transaction(txid, call)
    if (!found.ok) return found
    visible = found.value
    if (visible !== null) break
  }
  const seen = merge(payment, { type: 'seen', spender: visible === null ? null : openedBy(visible) }, moment)
  const gone = channel !== null && channel.goneAt !== null
  const idle = confirmedOf(seen) === null && (visible === null || gone)
  return ok(merge(seen, { type: 'idle', idle }, moment))
}

function openedBy(tx: ChainTransaction): Spender {
  const parsed = parseTransaction(tx.hex)
  const figures = parsed === null ? NO_AMOUNTS : amountsOf(tx, parsed, null, 'channel_open', [])
  return { ...shownAs(tx), amounts: figures, ours: null }
}

/** The node's own record is asked for once of each candidate that confirmed: by then it has classified it. */
async function askNode(
  payment: ForeignPayment,
  { configured, moment, call }: Tracking,
): Promise<ForeignPayment> {
  const confirmed = confirmedOf(payment)
  if (confirmed === null || confirmed.contributionAsked) return payment
  const told = await configured.port.contribution(payment.channelId, confirmed.txid, call)
  if (!told.ok) return payment
  const contributionSats = told.value === null ? null : Math.round(told.value.amountSats)
  return merge(payment, { type: 'wallet', txid: confirmed.txid, contributionSats }, moment)
}

/** The payment of our splice that a transaction belongs to; null: it is nobody's. */
async function oursOf(txid: string, ports: Ports): Promise<string | null> {
  const pointer = await ports.store.item('tx', txid)
  return pointer === null || pointer.value.foreign === true ? null : pointer.value.paymentId
}

/** Before the save, so that any candidate's txid finds the payment; only where something moved. */
async function pointAll({ id, candidates }: ForeignPayment, ports: Ports): Promise<void> {
  for (const { txid } of candidates) {
    if ((await ports.store.item('tx', txid)) === null) await writeForeignPointer(txid, id, ports)
  }
}

function dueAfter(before: ForeignPayment, next: ForeignPayment, ports: Ports, policy: Policy): number | null {
  const now = ports.clock.now()
  if (isAtRest(next)) return null
  if (moved(before, next)) return now
  return now + policy.watchEveryMs + Math.floor(ports.chance.fraction() * policy.dueJitterMs)
}

/** Anything but when it is looked at, and what was noted for that. */
function moved(before: ForeignPayment, next: ForeignPayment): boolean {
  const shape = (payment: ForeignPayment) => ({ ...payment, dueAt: null, unspentThroughHeight: null })
  return !isDeepStrictEqual(shape(before), shape(next))
}

function hintOf(payment: ForeignPayment | null): SpendHint {
  const confirmed = payment === null ? null : confirmedOf(payment)
  return {
    unspentThroughHeight: payment?.unspentThroughHeight ?? null,
    spender: confirmed?.block ? { txid: confirmed.txid, blockHash: confirmed.block.hash } : null,
  }
}

function shownAs({ txid, block }: ChainTransaction): Pick<Spender, 'txid' | 'block'> {
  return { txid, block: block === null ? null : { height: block.height, hash: block.hash } }
}

function unfit(): { readonly ok: false; readonly error: ChainFault } {
  return err({ class: 'unreachable', message: 'the chain source named a spender that does not fit' })
}
