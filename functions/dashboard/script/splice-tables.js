/** @import { PaymentView } from '../../api/payment-view.ts' */
/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Child } from './dom.js' */
import { el } from './dom.js'
import { badge, code, facts, foreign, table, time, transaction } from './parts.js'
import { feeRate, plain, sats, yesNo } from './words.js'

/** @typedef {SpliceView['attempts'][number]} Attempt */
/** @typedef {SpliceView['bumps'][number]} Bump */

/**
 * @param {string} caption
 * @param {readonly Attempt[]} attempts
 * @param {{ isSettled: boolean }} splice whether it settled by one of them, and no bump
 */
export function attemptsOf(caption, attempts, { isSettled }) {
  const alive = attempts.filter((attempt) => !attempt.notExecuted).length
  const living = isSettled && alive === 1 ? 'it did' : 'yes, until it is proven dead'
  if (attempts.length === 0) return el('p', {}, 'None yet.')
  return table({
    caption,
    head: ['Attempt', 'Started', 'Answer', 'Can take effect', 'Anchor'],
    rows: attempts.map((attempt) => ({
      key: String(attempt.number),
      cells: [
        `${attempt.number}${attempt.count > 1 ? `, ${attempt.count} times` : ''}`,
        time(attempt.startedAt),
        answerOf(attempt),
        attempt.notExecuted ? `no: ${plain(attempt.provenBy ?? 'notExecuted')}` : living,
        code(attempt.submittedOn),
      ],
    })),
  })
}

/** @param {Attempt} attempt */
function answerOf({ result, refusal, reason }) {
  if (result === null) return 'none yet'
  if (result === 'unknown') return 'none: it may have been taken'
  const why = [refusal, reason].filter((each) => each !== null).map(plain)
  return why.length === 0 ? result : `${result}: ${why.join(', ')}`
}

/** @param {SpliceView} splice */
export function candidatesOf({ candidates }) {
  if (candidates.length === 0) return el('p', {}, 'No transaction of it was seen yet.')
  return table({
    caption: 'Transactions of it that were seen, oldest first; one of them confirms at most',
    head: ['Transaction', 'Confirmations', 'Fee', 'Feerate', 'Over the ceiling', 'Seen'],
    rows: candidates.map((candidate) => ({
      key: candidate.txid,
      cells: [
        transaction(candidate.txid),
        String(candidate.confirmations),
        sats(candidate.feeSats),
        feeRate(candidate.feeRateSatPerVb),
        candidate.overCeiling === null ? 'not known' : yesNo(candidate.overCeiling),
        time(candidate.seenAt),
      ],
    })),
  })
}

/**
 * @param {SpliceView} splice
 * @returns {Child[]}
 */
export function bumpsOf({ bumps }) {
  if (bumps.length === 0) return [el('p', {}, 'None.')]
  const overview = table({
    caption: 'Fee bumps, oldest first',
    head: ['Bump', 'Status', 'Asked for', 'Replaces', 'Replacement', 'Outcome'],
    rows: bumps.map((bump, n) => ({
      key: bump.id,
      cells: [
        `${n + 1}, by ${bump.by === 'client' ? 'a client' : 'itself'}`,
        bump.status,
        bump.feeRateSatPerVb === null ? "the node's choice" : feeRate(bump.feeRateSatPerVb),
        transaction(bump.replaces),
        bump.txid === null ? 'none seen' : transaction(bump.txid),
        bump.outcome === null ? 'none yet' : foreign(bump.outcome.message),
      ],
    })),
  })
  const tried = bumps.filter((bump) => bump.attempts.length > 0)
  return [
    overview,
    ...tried.map((bump) =>
      el(
        'div',
        { 'data-key': bump.id },
        attemptsOf(`Attempts of bump ${bumps.indexOf(bump) + 1}`, bump.attempts, { isSettled: false }),
      ),
    ),
  ]
}

/** @param {PaymentView} payment */
export function paymentOf(payment) {
  return facts([
    ['Payment id', code(payment.id)],
    ['Payment status', payment.status],
    ['Transaction', transaction(payment.txid)],
    ['Amount', sats(payment.amountSats)],
    ['Fee', sats(payment.feeSats)],
    ['Feerate', feeRate(payment.feeRateSatPerVb)],
    ['Confirmations', String(payment.confirmations)],
    ['Block', payment.blockHash === null ? null : code(payment.blockHash)],
  ])
}

/** @param {SpliceView} splice */
export function timelineOf({ timeline }) {
  const lines = timeline.map(({ at, status, why, count }, n) =>
    el(
      'li',
      { 'data-key': `${n} ${at}` },
      time(at),
      ' ',
      badge(status),
      el('span', { class: 'why' }, ' ', foreign(why), count > 1 ? ` (${count} times)` : null),
    ),
  )
  if (lines.length === 0) return el('p', {}, 'Nothing yet.')
  return el('ol', { class: 'timeline', 'aria-label': 'Timeline, oldest first' }, lines)
}
