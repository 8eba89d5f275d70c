import { ok, type Result } from '../../../core/values/result.ts'
import { OnlyPsbt, SignedPsbt, Updated } from './answers.ts'
import { stoppedUnknown, callAt, journalStep, stopped, type Flow, type Stop } from './flow.ts'
import type { Contribution } from './preparation.ts'
import { readPsbt, type UnsignedTransaction } from './psbt.ts'
import { objectionTo } from './verification.ts'

/** A negotiation whose commitments are secured: its transaction cannot change any more. */
export type Secured = { readonly psbt: string; readonly tx: UnsignedTransaction }

/** Two updates are usual. */
const MAX_UPDATES = 4

/** The step of no return of a splice-out: once commitments are secured, its node may sign by itself. */
const SECURED = 'splice_update_secured'
const UPDATE = 'splice_update'

function isOut({ order }: Flow): boolean {
  return order.kind === 'splice_out'
}

/** The transaction of a PSBT if it is exactly what we built, else the reason to stop. */
function checked(psbt: string, { expected }: Contribution): UnsignedTransaction | string {
  const tx = readPsbt(psbt)
  if (tx === null) return 'the transaction cannot be read'
  return objectionTo(tx, expected) ?? tx
}

/**
 * Calls `splice_init`, then `splice_update` until commitments are secured. Checks the transaction before
 * every update. Any update of a splice-out may be the one that secures it, so its txid is journalled first.
 */
export async function negotiate(flow: Flow, contribution: Contribution): Promise<Result<Secured, Stop>> {
  const begun = await begin(flow, contribution)
  if (!begun.ok) return begun
  let psbt = begun.value
  for (let round = 0; round < MAX_UPDATES; round++) {
    const tx = checked(psbt, contribution)
    if (typeof tx === 'string') return stopped(tx, true)
    const updated = await update(flow, psbt, tx.txid)
    if (!updated.ok) return updated
    psbt = updated.value.psbt
    if (updated.value.commitments_secured) return secured(flow, contribution, psbt, tx.txid)
  }
  // Every update was answered "not secured".
  return stopped('the commitments are not secured after four updates', true)
}

async function begin(flow: Flow, contribution: Contribution): Promise<Result<string, Stop>> {
  const { expected, psbt, rateSatPerKw } = contribution
  const journalled = await journalStep(flow, 'splice_init', false)
  if (!journalled.ok) return journalled
  const params = {
    channel_id: flow.order.channelId,
    relative_amount: expected.relativeSats,
    initialpsbt: psbt,
    feerate_per_kw: rateSatPerKw,
  }
  const begun = await callAt(flow, 'opening', 'splice_init', params, OnlyPsbt)
  return begun.ok ? ok(begun.value.psbt) : begun
}

async function update(
  flow: Flow,
  psbt: string,
  txid: string,
): Promise<Result<{ psbt: string; commitments_secured: boolean }, Stop>> {
  const journalled = await journalStep(flow, isOut(flow) ? SECURED : UPDATE, true, txid)
  if (!journalled.ok) return journalled
  const params = { channel_id: flow.order.channelId, psbt }
  return callAt(flow, isOut(flow) ? 'securing' : 'open', 'splice_update', params, Updated)
}

/** Accepts the secured transaction only if it is the journalled one; we sign nothing else. */
function secured(flow: Flow, contribution: Contribution, psbt: string, txid: string): Result<Secured, Stop> {
  const tx = checked(psbt, contribution)
  if (typeof tx !== 'string' && tx.txid === txid) return ok({ psbt, tx })
  const why = typeof tx === 'string' ? tx : 'the secured transaction is not the journalled one'
  return isOut(flow) ? stoppedUnknown(why) : stopped(why, true)
}

/** Has the wallet sign our inputs and no others. A splice-out has none. */
export async function signWallet(
  flow: Flow,
  { psbt, tx }: Secured,
  { expected }: Contribution,
): Promise<Result<string, Stop>> {
  if (isOut(flow)) return ok(psbt)
  const ours = new Set(expected.inputs.map(({ outpoint }) => outpoint))
  const signonly = tx.inputs.flatMap(({ outpoint }, n) => (ours.has(outpoint) ? [n] : []))
  const signed = await callAt(flow, 'open', 'signpsbt', { psbt, signonly }, SignedPsbt)
  if (!signed.ok) return { ok: false, error: { ...signed.error, open: true } }
  return readPsbt(signed.value.signed_psbt)?.txid === tx.txid
    ? ok(signed.value.signed_psbt)
    : stopped('the wallet signed another transaction', true)
}
