import type { BlockRef } from '../bitcoin/block.ts'
import type { TransactionAmounts } from './transaction-amounts.ts'
import type { ForeignCandidate, ForeignKind, ForeignPayment } from '../ports/records.ts'
import { RECORD_LIMITS } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** The transaction that spends a payment's outpoint now, or the visible candidate of an open. */
export type Spender = {
  readonly txid: string
  readonly block: BlockRef | null
  readonly amounts: TransactionAmounts
  /** The payment id of our splice that the transaction belongs to; null: it is foreign. */
  readonly ours: string | null
}

/** New knowledge of a foreign payment. {@link merge} changes only what it covers. */
export type News =
  /** A transaction of the payment and its kind. Says nothing of confirmation. */
  | {
      readonly type: 'found'
      readonly txid: string
      readonly amounts: TransactionAmounts
      readonly kind: ForeignKind
    }
  /** The chain's answer to who spends the outpoint; null: nobody. Only this news changes blocks. */
  | { readonly type: 'seen'; readonly spender: Spender | null }
  | { readonly type: 'classified'; readonly kind: ForeignKind }
  /** Our contribution to a transaction by the node's own record; null: it has no record. */
  | { readonly type: 'wallet'; readonly txid: string; readonly contributionSats: number | null }
  /** Whether an open is unconfirmed and no longer expected to confirm. */
  | { readonly type: 'idle'; readonly idle: boolean }

/** The time, the chain source's height and the bounds with which news is merged. */
export type Moment = {
  readonly now: Instant
  readonly tipHeight: number
  /** Confirmations at which a payment is final: the anti-reorg delay, or the channel's lock depth if greater. */
  readonly finalDepth: number
  /** Blocks after which an idle open is void. */
  readonly idleBlocks: number
}

/** A classification never downgrades; an open stays an open (docs/reference/ldk.md R11). */
const RANK: Readonly<Record<ForeignKind, number>> = {
  unclassified: 0,
  channel_close: 1,
  foreign_splice: 2,
  channel_open: 3,
}

/** Merges news into a foreign payment (docs/reference/ldk.md R9 to R13, R17 to R19). Pure. */
export function merge(payment: ForeignPayment, news: News, moment: Moment): ForeignPayment {
  switch (news.type) {
    case 'found':
      return withKind(withCandidate(payment, news.txid, news.amounts, moment.now), news.kind)
    case 'classified':
      return withKind(payment, news.kind)
    case 'wallet':
      return changed(payment, news.txid, {
        contributionSats: news.contributionSats,
        contributionAsked: true,
      })
    case 'seen':
      return isBehind(payment, moment.tipHeight) ? payment : seen(payment, news.spender, moment)
    case 'idle':
      return idle(payment, news.idle, moment)
  }
}

/** Whether nothing is left to find out: void, or final and classified. A reorg still wakes the payment. */
export function isAtRest(payment: ForeignPayment): boolean {
  if (payment.voidAt !== null) return true
  const classified = payment.kind !== 'unclassified' || confirmedOf(payment) === null
  return payment.final !== null && classified
}

/** The foreign candidate that is in a block. */
export function confirmedOf({ candidates }: Pick<ForeignPayment, 'candidates'>): ForeignCandidate | null {
  return candidates.find((candidate) => candidate.block !== null) ?? null
}

/** A new payment. */
export function freshPayment(
  about: Pick<ForeignPayment, 'id' | 'node' | 'network' | 'channelId' | 'spends'>,
  found: Extract<News, { type: 'found' }>,
  now: Instant,
): ForeignPayment {
  return {
    ...about,
    kind: found.kind,
    candidates: [freshCandidate(found.txid, found.amounts, now)],
    absorbedBy: null,
    final: null,
    idleSinceHeight: null,
    voidAt: null,
    unspentThroughHeight: null,
    createdAt: now,
    dueAt: now,
  }
}

/** A source below a recorded block is behind, and proves no reorg. */
function isBehind(payment: ForeignPayment, tipHeight: number): boolean {
  const blocks = [payment.final?.block, ...payment.candidates.map((candidate) => candidate.block)]
  return blocks.some((block) => block && block.height > tipHeight)
}

function seen(payment: ForeignPayment, spender: Spender | null, moment: Moment): ForeignPayment {
  const foreign = spender !== null && spender.ours === null ? spender : null
  const known = foreign === null ? payment : withCandidate(payment, foreign.txid, foreign.amounts, moment.now)
  // Only one transaction can spend an outpoint, so no other candidate is confirmed.
  const candidates = known.candidates.map((candidate) => ({
    ...candidate,
    block: candidate.txid === foreign?.txid ? foreign.block : null,
  }))
  const block = spender?.block ?? null
  return {
    ...known,
    candidates: bounded(candidates),
    absorbedBy: spender?.ours ?? payment.absorbedBy,
    final: finalOf(payment, block, moment),
    voidAt: block === null ? payment.voidAt : null,
    idleSinceHeight: block === null ? payment.idleSinceHeight : null,
    // Leaves the newest blocks out: a reorg may put a spender there.
    unspentThroughHeight:
      block === null ? Math.max(0, moment.tipHeight - moment.finalDepth) : payment.unspentThroughHeight,
  }
}

/** Once reached, final depth holds as long as its block does, even if a source lags. */
function finalOf(payment: ForeignPayment, block: BlockRef | null, moment: Moment): ForeignPayment['final'] {
  if (block === null) return null
  const { height, hash } = block
  if (payment.final?.block.hash === hash) return payment.final
  if (moment.tipHeight - height + 1 < moment.finalDepth) return null
  return { at: payment.final?.at ?? moment.now, block: { height, hash } }
}

function idle(payment: ForeignPayment, isIdle: boolean, moment: Moment): ForeignPayment {
  if (!isIdle) return { ...payment, idleSinceHeight: null, voidAt: null }
  const since = payment.idleSinceHeight ?? moment.tipHeight
  const isOverdue = moment.tipHeight - since >= moment.idleBlocks
  return { ...payment, idleSinceHeight: since, voidAt: isOverdue ? (payment.voidAt ?? moment.now) : null }
}

function withKind(payment: ForeignPayment, kind: ForeignKind): ForeignPayment {
  return kind !== 'channel_open' && RANK[kind] > RANK[payment.kind] ? { ...payment, kind } : payment
}

/** Adds a candidate, or adds new amounts to a known one. Never forgets an amount. */
function withCandidate(
  payment: ForeignPayment,
  txid: string,
  amounts: TransactionAmounts,
  now: Instant,
): ForeignPayment {
  const known = payment.candidates.find((candidate) => candidate.txid === txid)
  if (known === undefined)
    return { ...payment, candidates: bounded([...payment.candidates, freshCandidate(txid, amounts, now)]) }
  return changed(payment, txid, {
    feeSats: amounts.feeSats ?? known.feeSats,
    feeRateSatPerKw: amounts.feeRateSatPerKw ?? known.feeRateSatPerKw,
    amountSats: amounts.amountSats ?? known.amountSats,
  })
}

function changed(payment: ForeignPayment, txid: string, change: Partial<ForeignCandidate>): ForeignPayment {
  const candidates = payment.candidates.map((candidate) =>
    candidate.txid === txid ? { ...candidate, ...change } : candidate,
  )
  return { ...payment, candidates }
}

function freshCandidate(txid: string, amounts: TransactionAmounts, now: Instant): ForeignCandidate {
  return { txid, ...amounts, contributionSats: null, contributionAsked: false, seenAt: now, block: null }
}

/** Keeps the newest candidates, and any in a block. The pointer of a dropped one still leads to the payment. */
function bounded(candidates: readonly ForeignCandidate[]): ForeignCandidate[] {
  const surplus = Math.max(0, candidates.length - RECORD_LIMITS.candidates)
  const dropped = candidates.filter((candidate) => candidate.block === null).slice(0, surplus)
  return candidates.filter((candidate) => !dropped.includes(candidate))
}
