import type { BlockRef } from '../bitcoin/block.ts'
import type { TransactionAmounts } from './transaction-amounts.ts'
import type { ForeignCandidate, ForeignKind, ForeignPayment } from '../ports/records.ts'
import { RECORD_LIMITS } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'

/** Who spends a payment's outpoint now, or which of an open's candidates is to be seen. */
export type Spender = {
  readonly txid: string
  readonly block: BlockRef | null
  readonly amounts: TransactionAmounts
  /** The payment of the splice of ours that it belongs to; null: it is foreign. */
  readonly ours: string | null
}

/** What became known of a foreign payment. Each merges only what it knows. */
export type News =
  /** A transaction that belongs to it, and of what kind it is. Says nothing of confirmation. */
  | {
      readonly type: 'found'
      readonly txid: string
      readonly amounts: TransactionAmounts
      readonly kind: ForeignKind
    }
  /** The chain, asked who spends the outpoint: it alone moves blocks. null: nobody. */
  | { readonly type: 'seen'; readonly spender: Spender | null }
  | { readonly type: 'classified'; readonly kind: ForeignKind }
  /** The node's own record of what we added to a transaction; null: it has none. */
  | { readonly type: 'wallet'; readonly txid: string; readonly contributionSats: number | null }
  /** Whether an open is neither confirmed nor to be expected any more. */
  | { readonly type: 'idle'; readonly idle: boolean }

/** When, at which height of the chain source, and by which bounds something became known. */
export type Moment = {
  readonly now: Instant
  readonly tipHeight: number
  /** Depth at which it graduates: the anti-reorg delay, or the channel's lock depth if that is more. */
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

/** Merges news into a foreign payment (design section 7; docs/reference/ldk.md R9 to R13, R17 to R19). Pure. */
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

/** Nothing is left to find out: at final depth and classified, or void. What is woken by a reorg is looked at all the same. */
export function isAtRest(payment: ForeignPayment): boolean {
  if (payment.voidAt !== null) return true
  const classified = payment.kind !== 'unclassified' || confirmedOf(payment) === null
  return payment.final !== null && classified
}

/** The foreign candidate in a block; null: none. */
export function confirmedOf({ candidates }: Pick<ForeignPayment, 'candidates'>): ForeignCandidate | null {
  return candidates.find((candidate) => candidate.block !== null) ?? null
}

/** A payment as it is when it is first recorded. */
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

/** A source without the block that is recorded is behind, and says nothing about a reorg. */
function isBehind(payment: ForeignPayment, tipHeight: number): boolean {
  const blocks = [payment.final?.block, ...payment.candidates.map((candidate) => candidate.block)]
  return blocks.some((block) => block && block.height > tipHeight)
}

function seen(payment: ForeignPayment, spender: Spender | null, moment: Moment): ForeignPayment {
  const foreign = spender !== null && spender.ours === null ? spender : null
  const known = foreign === null ? payment : withCandidate(payment, foreign.txid, foreign.amounts, moment.now)
  // One transaction spends an outpoint: where this one is, no other is confirmed.
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
    // Not of the newest blocks: a reorg may put a spender there.
    unspentThroughHeight:
      block === null ? Math.max(0, moment.tipHeight - moment.finalDepth) : payment.unspentThroughHeight,
  }
}

/** Final depth, once reached, stands while its block does: a source that lags makes nothing shallower. */
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
  const over = moment.tipHeight - since >= moment.idleBlocks
  return { ...payment, idleSinceHeight: since, voidAt: over ? (payment.voidAt ?? moment.now) : null }
}

function withKind(payment: ForeignPayment, kind: ForeignKind): ForeignPayment {
  return kind !== 'channel_open' && RANK[kind] > RANK[payment.kind] ? { ...payment, kind } : payment
}

/** Adds a candidate, or to a known one the figures that were not known; nothing known is forgotten. */
function withCandidate(
  payment: ForeignPayment,
  txid: string,
  figures: TransactionAmounts,
  now: Instant,
): ForeignPayment {
  const known = payment.candidates.find((candidate) => candidate.txid === txid)
  if (known === undefined)
    return { ...payment, candidates: bounded([...payment.candidates, freshCandidate(txid, figures, now)]) }
  return changed(payment, txid, {
    feeSats: figures.feeSats ?? known.feeSats,
    feeRateSatPerKw: figures.feeRateSatPerKw ?? known.feeRateSatPerKw,
    amountSats: figures.amountSats ?? known.amountSats,
  })
}

function changed(payment: ForeignPayment, txid: string, change: Partial<ForeignCandidate>): ForeignPayment {
  const candidates = payment.candidates.map((candidate) =>
    candidate.txid === txid ? { ...candidate, ...change } : candidate,
  )
  return { ...payment, candidates }
}

function freshCandidate(txid: string, figures: TransactionAmounts, now: Instant): ForeignCandidate {
  return { txid, ...figures, contributionSats: null, contributionAsked: false, seenAt: now, block: null }
}

/** The newest ones, and whatever is in a block. The pointer of a dropped one still leads here. */
function bounded(candidates: readonly ForeignCandidate[]): ForeignCandidate[] {
  const surplus = Math.max(0, candidates.length - RECORD_LIMITS.candidates)
  const dropped = candidates.filter((candidate) => candidate.block === null).slice(0, surplus)
  return candidates.filter((candidate) => !dropped.includes(candidate))
}
