/** @import { PaymentView } from '../../api/payment-view.ts' */
/** @import { Scope } from '../../../core/ports/records.ts' */
/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Answer } from './client.js' */
/** @import { Child } from './dom.js' */
/** @import { Page } from './page.js' */
import { ACTIONS, SCOPES, possibleActions } from './actions.js'
import { sentenceOf } from './client.js'
import { el } from './dom.js'
import { badge, code, foreign, section, transaction } from './parts.js'
import { budgetOf, orderOf } from './splice-facts.js'
import { attemptsOf, bumpsOf, candidatesOf, paymentOf, timelineOf } from './splice-tables.js'
import { nameOf, placeOf, plain } from './words.js'

const EVERY_MS = 10_000

/**
 * The page of one splice.
 *
 * @param {string} id
 * @returns {Page}
 */
export function splicePage(id) {
  /** @type {SpliceView | null} */
  let splice = null
  return {
    name: 'splice',
    path: `#/splices/${id}`,
    title: () => (splice === null ? 'Splice' : nameOf(splice)),
    everyMs: EVERY_MS,
    contents: async (ask, scopes) => {
      /** @type {Answer<SpliceView>} */
      const read = await ask(`v1/splices/${encodeURIComponent(id)}`)
      if (!read.ok) return isMissing(read) ? { ok: true, value: missing(id) } : read
      /** @type {Answer<PaymentView>} */
      const payment = await ask(`v1/payments/${encodeURIComponent(read.value.paymentId)}`)
      splice = read.value
      return { ok: true, value: view(read.value, payment, scopes) }
    },
    splice: () => splice,
    older: () => undefined,
  }
}

/** @param {Answer<unknown>} answer */
function isMissing(answer) {
  return !answer.ok && answer.failure.kind === 'problem' && answer.failure.status === 404
}

/**
 * @param {string} id
 * @returns {readonly Child[]}
 */
function missing(id) {
  return [
    el('h1', { tabindex: -1 }, 'There is no such splice'),
    el('p', {}, 'Your key has access to no splice with the id ', code(id), '.'),
  ]
}

/**
 * @param {SpliceView} splice
 * @param {Answer<PaymentView>} payment
 * @param {readonly Scope[]} scopes
 * @returns {readonly Child[]}
 */
function view(splice, payment, scopes) {
  return [
    el('h1', { tabindex: -1 }, nameOf(splice)),
    el('p', { class: 'state' }, badge(splice.status), ' ', splice.waitingFor ? foreign(splice.waitingFor) : null),
    placeOf(splice) === null ? null : el('p', { 'data-key': 'place' }, `${placeOf(splice)}.`),
    ...alertsOf(splice),
    buttonsOf(splice, scopes),
    lackingOf(splice, scopes),
    section('Order', orderOf(splice)),
    section('Budget', budgetOf(splice)),
    section(
      'Attempts',
      attemptsOf('Attempts, oldest first', splice.attempts, {
        isSettled: splice.status === 'settled' && splice.bumps.length === 0,
      }),
    ),
    section('Candidates', candidatesOf(splice)),
    section('Fee bumps', ...bumpsOf(splice)),
    section('Payment', payment.ok ? paymentOf(payment.value) : el('p', {}, sentenceOf(payment.failure))),
    section('Timeline', timelineOf(splice)),
  ]
}

/**
 * The alerts at the top of the page.
 *
 * @param {SpliceView} splice
 * @returns {Child[]}
 */
function alertsOf({ attention, failure, anomaly, cancelRequestedAt, status }) {
  const alert = (/** @type {string} */ key, /** @type {Child[]} */ ...words) =>
    el('p', { class: 'alert', 'data-key': key }, ...words)
  return [
    attention === null
      ? null
      : alert('attention', 'Needs attention: ', foreign(attention.message), ' ', code(attention.code)),
    failure === null
      ? null
      : alert('failure', 'Failed: ', foreign(failure.message), ' Proof: ', plain(failure.proof), '.'),
    anomaly === null
      ? null
      : alert(
          'anomaly',
          'A second output of this splice was seen, and the channel is frozen: ',
          transaction(anomaly.txid),
        ),
    cancelRequestedAt === null || status === 'cancelled'
      ? null
      : alert('cancel', 'Cancel requested: no further attempt is made.'),
  ]
}

/**
 * @param {SpliceView} splice
 * @param {readonly Scope[]} scopes
 */
function buttonsOf(splice, scopes) {
  const actions = possibleActions(splice).filter((action) => scopes.includes(SCOPES[action]))
  if (actions.length === 0) return null
  const buttons = actions.map((action) =>
    el('button', { type: 'button', 'data-key': action, 'data-action': action }, `${ACTIONS[action]}…`),
  )
  return el('div', { class: 'buttons', 'data-key': 'actions', role: 'group', 'aria-label': 'Actions' }, buttons)
}

/**
 * The actions that need a scope this key does not have.
 *
 * @param {SpliceView} splice
 * @param {readonly Scope[]} scopes
 */
function lackingOf(splice, scopes) {
  const lacking = possibleActions(splice).filter((action) => !scopes.includes(SCOPES[action]))
  if (lacking.length === 0) return null
  const words = lacking.map((action) => `${ACTIONS[action]} (${SCOPES[action]})`).join(', ')
  return el('p', { 'data-key': 'lacking' }, `Your key has no scope for: ${words}.`)
}
