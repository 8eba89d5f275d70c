import { isDeepStrictEqual } from 'node:util'
import type { ChainFault, ChainTransaction, SpendHint } from '../ports/chain.ts'
import { NO_AMOUNTS, amountsOf, kindOf } from './transaction-amounts.ts'
import { fundingsSeen, writeForeignPointer } from './record-foreign.ts'
import { channelKey, type ChannelState, type ForeignPayment } from '../ports/records.ts'
import { confirmedOf, isAtRest, merge, type Moment, type News, type Spender } from './foreign-payment.ts'
import { outpointOf, type Outpoint } from '../bitcoin/outpoint.ts'
import { finalDepthOf } from './payment.ts'
import type { Policy } from '../splice/policy.ts'
import type { Call, ConfiguredNode, Ports } from '../ports/ports.ts'
import { err, ok, type Result } from '../values/result.ts'
import {
  fundingInputs,
  fundingOutputs,
  parseTransaction,
  spends,
  type ParsedTransaction,
} from '../bitcoin/transaction.ts'

/** Outputs of a transaction that are checked for being a channel's funding output. */
const MAX_OUTPUTS_ASKED = 4

/**
 * The height of a node's chain source. It is fetched before the payment is looked at, so that a block that
 * arrives meanwhile makes depths too small, never too great.
 */
async function askTip({ chain }: ConfiguredNode, ports: Ports): Promise<number | null> {
  const tip = await chain.tip(ports.call())
  return tip.ok ? tip.value.height : null
}

/** The context of one look at a payment. */
type Tracking = {
  readonly configured: ConfiguredNode
  readonly channel: ChannelState | null
  readonly moment: Moment
  readonly ports: Ports
  readonly call: Call
}

/**
 * Looks at a foreign payment once: asks the chain who spends its outpoint, merges the answer, and saves if anything
 * changed. A payment that changed is due again in the next sweep, an unchanged one after `watchEveryMs`, and one at
 * rest only if a reorg removes its block. If the chain source does not answer, nothing changes.
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
  if (hasChanged(before, next)) await pointAll(next, ports)
  // If another writer was faster, the payment is still due.
  await ports.store.putItem('payment', id, next, item.version)
}

/** The payment after one look; null: the chain source did not answer. */
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
      : await lookAtSpender(payment, payment.spends, tracking)
  return shown.ok ? askNode(shown.value, tracking) : null
}

async function lookAtSpender(
  payment: ForeignPayment,
  outpoint: Outpoint,
  tracking: Tracking,
): Promise<Result<ForeignPayment, ChainFault>> {
  const { configured, channel, moment, call } = tracking
  const spend = await configured.chain.spend(outpoint, hintOf(payment), call)
  if (!spend.ok) return spend
  const { own, valueSats, spender } = spend.value
  if (spender === null) return ok(own === 'unknown' ? payment : merge(payment, { type: 'seen', spender: null }, moment))
  const parsed = parseTransaction(spender.hex)
  if (parsed?.txid !== spender.txid || !spends(parsed, outpoint)) return wrongSpender()
  const fundings = fundingsSeen(channel)
  const ours = await oursOf(spender.txid, tracking.ports)
  const kind = ours === null ? kindOf(parsed, outpoint, fundings) : 'unclassified'
  const classified = merge(payment, { type: 'classified', kind }, moment)
  const amounts = amountsOf(spender, parsed, valueSats, classified.kind, fundings)
  const seen: News = { type: 'seen', spender: { ...inBlock(spender), amounts, ours } }
  return classifyAtRest(merge(classified, seen, moment), parsed, tracking)
}

/**
 * Classifies a final transaction of a channel that is gone, from which the node was never seen to take a new
 * funding outpoint: a splice if one of its outputs was spent like a funding output (the close came while
 * nobody looked), else a close.
 */
async function classifyAtRest(
  payment: ForeignPayment,
  parsed: ParsedTransaction,
  { configured, channel, moment, call }: Tracking,
): Promise<Result<ForeignPayment, ChainFault>> {
  const gone = channel === null || channel.goneAt !== null
  const unclassified = payment.kind === 'unclassified' && payment.final !== null && confirmedOf(payment) !== null
  if (!gone || !unclassified) return ok(payment)
  for (const { script, amountSats } of fundingOutputs(parsed).slice(0, MAX_OUTPUTS_ASKED)) {
    const vout = parsed.outputs.findIndex((output) => output.script === script && output.amountSats === amountSats)
    const output = outpointOf(parsed.txid, vout)
    const spend = await configured.chain.spend(output, hintOf(null), call)
    if (!spend.ok) return spend
    const next = spend.value.spender === null ? null : parseTransaction(spend.value.spender.hex)
    if (next !== null && fundingInputs(next).includes(output))
      return ok(merge(payment, { type: 'classified', kind: 'foreign_splice' }, moment))
  }
  return ok(merge(payment, { type: 'classified', kind: 'channel_close' }, moment))
}

/** An open spends no funding outpoint, so its candidates are looked up by txid, newest first. */
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
  const amounts = parsed === null ? NO_AMOUNTS : amountsOf(tx, parsed, null, 'channel_open', [])
  return { ...inBlock(tx), amounts, ours: null }
}

/**
 * Asks the node for its record of our contribution, once per confirmed candidate: by then the node has
 * classified the transaction.
 */
async function askNode(payment: ForeignPayment, { configured, moment, call }: Tracking): Promise<ForeignPayment> {
  const confirmed = confirmedOf(payment)
  if (confirmed === null || confirmed.contributionAsked) return payment
  const recorded = await configured.port.contribution(payment.channelId, confirmed.txid, call)
  if (!recorded.ok) return payment
  const contributionSats = recorded.value === null ? null : Math.round(recorded.value.amountSats)
  return merge(payment, { type: 'wallet', txid: confirmed.txid, contributionSats }, moment)
}

/** The payment id of our splice that a transaction belongs to; null: of none. */
async function oursOf(txid: string, ports: Ports): Promise<string | null> {
  const pointer = await ports.store.item('tx', txid)
  return pointer === null || pointer.value.foreign === true ? null : pointer.value.paymentId
}

/** Runs before the save, so that any candidate's txid leads to the payment. */
async function pointAll({ id, candidates }: ForeignPayment, ports: Ports): Promise<void> {
  for (const { txid } of candidates) {
    if ((await ports.store.item('tx', txid)) === null) await writeForeignPointer(txid, id, ports)
  }
}

function dueAfter(before: ForeignPayment, next: ForeignPayment, ports: Ports, policy: Policy): number | null {
  const now = ports.clock.now()
  if (isAtRest(next)) return null
  if (hasChanged(before, next)) return now
  return now + policy.watchEveryMs + Math.floor(ports.chance.fraction() * policy.dueJitterMs)
}

/** Whether more changed than the next look and the height for the chain source's hint. */
function hasChanged(before: ForeignPayment, next: ForeignPayment): boolean {
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

function inBlock({ txid, block }: ChainTransaction): Pick<Spender, 'txid' | 'block'> {
  return { txid, block: block === null ? null : { height: block.height, hash: block.hash } }
}

function wrongSpender(): { readonly ok: false; readonly error: ChainFault } {
  return err({
    class: 'unreachable',
    message: 'the chain source named a spender that does not spend the outpoint',
  })
}
