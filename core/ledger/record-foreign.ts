import { update } from '../ports/update.ts'
import { isDeepStrictEqual } from 'node:util'
import type { ChainTransaction } from '../ports/chain.ts'
import { amountsOf, kindOf } from './transaction-amounts.ts'
import type { ChannelState, ForeignKind, ForeignPayment } from '../ports/records.ts'
import { channelKey } from '../ports/records.ts'
import { freshPayment, isAtRest, merge } from './foreign-payment.ts'
import type { News } from './foreign-payment.ts'
import type { ChainView, Observation } from '../decision/observation.ts'
import type { FundingSpend, FundingSpender } from '../chain/funding-history.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import { outpointOf, splitOutpoint } from '../bitcoin/outpoint.ts'
import type { Ports } from '../ports/ports.ts'
import { messageOf } from '../values/result.ts'
import type { Splice } from '../splice/splice.ts'
import type { ParsedTransaction } from '../bitcoin/transaction.ts'
import { fundingInputs, fundingOutputs, isCommitment } from '../bitcoin/transaction.ts'

/** Whose channel a transaction is of, and which funding outpoint it spends; null: it opens the channel. */
export type Subject = Pick<ForeignPayment, 'node' | 'network' | 'channelId' | 'spends'>

type Found = Extract<News, { type: 'found' }>

/**
 * Writes a transaction that is nobody's into the ledger (design section 7): of each spent outpoint, and of each channel's
 * open, one payment. First the entry that says which payment it is, then the payment, which tracking follows from then on;
 * last the pointer, whose absence says that this has to be done again: a crash in between loses nothing.
 */
export async function recordForeignTransaction(subject: Subject, found: Found, ports: Ports): Promise<void> {
  const pointer = await ports.store.item('tx', found.txid)
  if (pointer !== null && pointer.value.foreign !== true) return
  const id = await identityOf(subject, pointer?.value.paymentId ?? found.txid, ports)
  await upsertForeignPayment(id, subject, found, ports)
  if (pointer === null) await writeForeignPointer(found.txid, id, ports)
}

/** Writes the pointer of a foreign transaction where there is none: what a splice has claimed stays the splice's. */
export async function writeForeignPointer(txid: string, paymentId: string, ports: Ports): Promise<void> {
  await ports.store.putItem('tx', txid, { paymentId, foreign: true }, 0)
}

/**
 * Writes down who spends the funding history without our effect, after a drive has saved its splice. Costs no call where the ledger
 * knows them all. Never throws: nothing here may keep a splice from its way, and the next look tries again.
 */
export async function recordForeignSpends(
  splice: Splice,
  observation: Observation,
  ports: Ports,
): Promise<void> {
  const { chain } = observation
  if (chain === null || chain.unrecorded.length === 0) return
  const named = namedFundings(splice, observation)
  try {
    for (const { spender, valueSats } of hopsToRecord(chain, observation, named)) {
      const { tx, parsed, spends } = spender
      const kind = isFollowed(parsed, chain.fundingSpends) ? 'foreign_splice' : kindOf(parsed, spends, named)
      const { node, network, channelId } = splice
      const found = foundOf(tx, parsed, valueSats, kind, named)
      await recordForeignTransaction({ node, network, channelId, spends }, found, ports)
    }
  } catch (error) {
    ports.telemetry.alarm('a foreign payment could not be recorded', {
      spliceId: splice.id,
      error: messageOf(error),
    })
  }
}

/** News of a transaction from its hex. */
export function foundOf(
  tx: ChainTransaction,
  parsed: ParsedTransaction,
  valueSats: number | null,
  kind: ForeignKind,
  fundings: readonly Outpoint[],
): Found {
  return { type: 'found', txid: tx.txid, amounts: amountsOf(tx, parsed, valueSats, kind, fundings), kind }
}

/** The funding outpoints that a channel was ever seen on. */
export function fundingsSeen(channel: ChannelState | null): Outpoint[] {
  return [channel?.funding ?? null, ...(channel?.earlier ?? [])].filter((outpoint) => outpoint !== null)
}

function namedFundings(splice: Splice, { channel, channelState: channelState }: Observation): Outpoint[] {
  const current = channel?.funding ?? null
  return [...splice.fundingHistory, ...fundingsSeen(channelState), ...(current === null ? [] : [current])]
}

type RecordableHop = FundingSpend & { readonly spender: FundingSpender }

/**
 * Where the node did not tell its funding, the walk follows whatever was spent as one, and a peer can give any output of its
 * own that form: then only what spends an outpoint that the node once named is the channel's, or the one that can follow it.
 */
function hopsToRecord(
  { fundingSpends: fundingSpends, unrecorded }: ChainView,
  { channel }: Observation,
  named: readonly Outpoint[],
): RecordableHop[] {
  const fundings = channel !== null && channel.funding !== null ? null : surelyFollowing(fundingSpends, named)
  return fundingSpends.flatMap((hop) => {
    const { spender } = hop
    const wanted = spender !== null && unrecorded.includes(spender.tx.txid)
    return wanted && (fundings === null || fundings.includes(hop.outpoint)) ? [{ ...hop, spender }] : []
  })
}

/** The named outpoints, and those made by a spender of one that made no other output which could fund the channel. */
function surelyFollowing(fundingSpends: readonly FundingSpend[], named: readonly Outpoint[]): Outpoint[] {
  const fundings = [...named]
  for (const { outpoint, spender } of fundingSpends) {
    if (spender === null || !fundings.includes(outpoint) || isCommitment(spender.parsed, outpoint)) continue
    const [only, ...others] = fundingOutputs(spender.parsed)
    if (only !== undefined && others.length === 0) fundings.push(outpointOf(spender.tx.txid, only.vout))
  }
  return fundings
}

/** Whether an output of it was spent as a channel's funding. */
function isFollowed({ txid }: ParsedTransaction, fundingSpends: readonly FundingSpend[]): boolean {
  return fundingSpends.some(
    ({ outpoint, spender }) =>
      splitOutpoint(outpoint).txid === txid &&
      spender !== null &&
      fundingInputs(spender.parsed).includes(outpoint),
  )
}

async function identityOf(subject: Subject, wanted: string, ports: Ports): Promise<string> {
  const key = subject.spends ?? channelKey(subject.node, subject.channelId)
  const { value } = await update(ports.store, 'ledger', key, (entry) =>
    entry === null ? { paymentId: wanted } : null,
  )
  return value?.paymentId ?? wanted
}

async function upsertForeignPayment(id: string, subject: Subject, found: Found, ports: Ports): Promise<void> {
  const now = ports.clock.now()
  await update(ports.store, 'payment', id, (payment) => {
    if (payment === null) return freshPayment({ ...subject, id }, found, now)
    const next = merge(payment, found, { now, tipHeight: 0, finalDepth: 0, idleBlocks: 0 })
    if (isDeepStrictEqual(next, payment)) return null
    const isNew = next.candidates.length !== payment.candidates.length
    const dueAt = isNew ? now : isAtRest(next) ? payment.dueAt : (payment.dueAt ?? now)
    return { ...next, dueAt }
  })
}
