import { update } from '../ports/update.ts'
import { isDeepStrictEqual } from 'node:util'
import type { ChainTransaction } from '../ports/chain.ts'
import { amountsOf, kindOf } from './transaction-amounts.ts'
import { channelKey, type ChannelState, type ForeignKind, type ForeignPayment } from '../ports/records.ts'
import { freshPayment, isAtRest, merge, type News } from './foreign-payment.ts'
import type { ChainView, Observation } from '../decision/observation.ts'
import type { FundingSpend, FundingSpender } from '../chain/funding-history.ts'
import { outpointOf, splitOutpoint, type Outpoint } from '../bitcoin/outpoint.ts'
import type { Ports } from '../ports/ports.ts'
import { messageOf } from '../values/result.ts'
import type { Splice } from '../splice/splice.ts'
import { fundingInputs, fundingOutputs, isCommitment, type ParsedTransaction } from '../bitcoin/transaction.ts'

/** The channel of a transaction, and the funding outpoint that it spends; `spends` is null for the channel's open. */
export type Subject = Pick<ForeignPayment, 'node' | 'network' | 'channelId' | 'spends'>

/** News of a transaction of a payment. */
type Found = Extract<News, { type: 'found' }>

/**
 * Records a transaction that belongs to none of our splices. There is one payment per spent outpoint, and one
 * per channel open. Writes the ledger entry with the payment's id first, then the payment, which tracking
 * follows from then on, and the txid pointer last. As long as the pointer is missing, the next look repeats
 * all three, so a crash in between loses nothing.
 */
export async function recordForeignTransaction(subject: Subject, found: Found, ports: Ports): Promise<void> {
  const pointer = await ports.store.item('tx', found.txid)
  if (pointer !== null && pointer.value.foreign !== true) return
  const id = await identityOf(subject, pointer?.value.paymentId ?? found.txid, ports)
  await upsertForeignPayment(id, subject, found, ports)
  if (pointer === null) await writeForeignPointer(found.txid, id, ports)
}

/** Writes a foreign transaction's pointer if it has none: a pointer that a splice claimed stays the splice's. */
export async function writeForeignPointer(txid: string, paymentId: string, ports: Ports): Promise<void> {
  await ports.store.putItem('tx', txid, { paymentId, foreign: true }, 0)
}

/**
 * Records the transactions that spend the funding history without our effect, after a drive has saved its
 * splice. Costs no call if the ledger knows them all. Never throws: the ledger must not hold up a splice, and
 * the next look tries again.
 */
export async function recordForeignSpends(splice: Splice, observation: Observation, ports: Ports): Promise<void> {
  const { chain } = observation
  if (chain === null || chain.unrecorded.length === 0) return
  const named = namedFundings(splice, observation)
  try {
    for (const { spender, valueSats } of spendsToRecord(chain, observation, named)) {
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

/** The news of a transaction, from its parsed form. */
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

type RecordableSpend = FundingSpend & { readonly spender: FundingSpender }

/**
 * The spends to record. If the node did not report its funding outpoint, the walk followed every output that
 * was spent like a funding output, and a peer can give any output of its own that form. Then only spends of
 * outpoints that certainly belong to the channel count: see {@link certainFundings}.
 */
function spendsToRecord(
  { fundingSpends, unrecorded }: ChainView,
  { channel }: Observation,
  named: readonly Outpoint[],
): RecordableSpend[] {
  const fundings = channel !== null && channel.funding !== null ? null : certainFundings(fundingSpends, named)
  return fundingSpends.flatMap((spend) => {
    const { spender } = spend
    const wanted = spender !== null && unrecorded.includes(spender.tx.txid)
    return wanted && (fundings === null || fundings.includes(spend.outpoint)) ? [{ ...spend, spender }] : []
  })
}

/**
 * The outpoints that the node reported, and each that is the only possible funding output of a spender of one of them.
 */
function certainFundings(fundingSpends: readonly FundingSpend[], named: readonly Outpoint[]): Outpoint[] {
  const fundings = [...named]
  for (const { outpoint, spender } of fundingSpends) {
    if (spender === null || !fundings.includes(outpoint) || isCommitment(spender.parsed, outpoint)) continue
    const [only, ...others] = fundingOutputs(spender.parsed)
    if (only !== undefined && others.length === 0) fundings.push(outpointOf(spender.tx.txid, only.vout))
  }
  return fundings
}

/** Whether an output of the transaction was spent like a channel's funding output. */
function isFollowed({ txid }: ParsedTransaction, fundingSpends: readonly FundingSpend[]): boolean {
  return fundingSpends.some(
    ({ outpoint, spender }) =>
      splitOutpoint(outpoint).txid === txid && spender !== null && fundingInputs(spender.parsed).includes(outpoint),
  )
}

async function identityOf(subject: Subject, wanted: string, ports: Ports): Promise<string> {
  const key = subject.spends ?? channelKey(subject.node, subject.channelId)
  const { value } = await update(ports.store, 'ledger', key, (entry) => (entry === null ? { paymentId: wanted } : null))
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
