/** @import { PaymentView } from '../../api/payment-view.ts' */
/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Answer } from './client.js' */
/** @import { Child } from './dom.js' */
/** @import { Page } from './page.js' */
import { ACTIONS, possibleActions } from './actions.js'
import { sentenceOf } from './client.js'
import { el } from './dom.js'
import { badge, code, facts, foreign, section, time, transaction } from './parts.js'
import { attemptsOf, bumpsOf, candidatesOf, paymentOf, timelineOf } from './splice-tables.js'
import { feeRate, nameOf, plain, sats, visible } from './words.js'

const EVERY_MS = 10_000

/**
 * Everything of one splice.
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
    contents: async (ask) => {
      /** @type {Answer<SpliceView>} */
      const read = await ask(`v1/splices/${encodeURIComponent(id)}`)
      if (!read.ok) return isMissing(read) ? { ok: true, value: missing(id) } : read
      /** @type {Answer<PaymentView>} */
      const payment = await ask(`v1/payments/${encodeURIComponent(read.value.paymentId)}`)
      splice = read.value
      return { ok: true, value: view(read.value, payment) }
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
    el('p', {}, 'None of your key has the id ', code(id), '.'),
  ]
}

/**
 * @param {SpliceView} splice
 * @param {Answer<PaymentView>} payment
 * @returns {readonly Child[]}
 */
function view(splice, payment) {
  return [
    el('h1', { tabindex: -1 }, nameOf(splice)),
    el(
      'p',
      { class: 'state' },
      badge(splice.status),
      ' ',
      splice.waitingFor ? foreign(splice.waitingFor) : null,
    ),
    ...alertsOf(splice),
    buttonsOf(splice),
    section('Order', orderOf(splice)),
    section('Budget', budgetOf(splice)),
    section('Attempts', attemptsOf('Attempts, oldest first', splice.attempts)),
    section('Candidates', candidatesOf(splice)),
    section('Fee bumps', ...bumpsOf(splice)),
    section('Payment', payment.ok ? paymentOf(payment.value) : el('p', {}, sentenceOf(payment.failure))),
    section('Timeline', timelineOf(splice)),
  ]
}

/**
 * What nobody should overlook.
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
          'A second output of ours was seen, and the channel is frozen: ',
          transaction(anomaly.txid),
        ),
    cancelRequestedAt === null || status === 'cancelled'
      ? null
      : alert('cancel', 'A cancel was asked for: no further attempt is made.'),
  ]
}

/** @param {SpliceView} splice */
function buttonsOf(splice) {
  const actions = possibleActions(splice)
  if (actions.length === 0) return null
  const buttons = actions.map((action) =>
    el('button', { type: 'button', 'data-key': action, 'data-action': action }, `${ACTIONS[action]}…`),
  )
  return el(
    'div',
    { class: 'buttons', 'data-key': 'actions', role: 'group', 'aria-label': 'Actions' },
    buttons,
  )
}

/** @param {SpliceView} splice */
function orderOf(splice) {
  const metadata = Object.entries(splice.metadata)
  return facts([
    ['Id', code(splice.id)],
    ['Node', foreign(splice.node)],
    ['Channel', code(splice.channel)],
    ['Network', splice.network],
    ['Address', splice.address === null ? null : code(splice.address)],
    ['Anchor', splice.anchor === null ? null : anchorOf(splice.anchor)],
    ['Bumps by itself', splice.autoBump === null ? null : `after ${splice.autoBump.afterBlocks} blocks`],
    ['Not before', splice.notBefore === null ? null : time(splice.notBefore)],
    ['Created', time(splice.createdAt)],
    ['Updated', time(splice.updatedAt)],
    ['Locked', splice.lockedAt === null ? null : time(splice.lockedAt)],
    ['Settled', splice.settledAt === null ? null : time(splice.settledAt)],
    ['Epoch', String(splice.epoch)],
    [
      'Metadata',
      metadata.length === 0 ? null : facts(metadata.map(([key, text]) => [visible(key), foreign(text)])),
    ],
  ])
}

/** @param {string} outpoint */
function anchorOf(outpoint) {
  const [txid = '', vout = ''] = outpoint.split(':')
  return [transaction(txid), `:${vout}`]
}

/** @param {SpliceView} splice */
function budgetOf({ budget, feeCap }) {
  const { maxAttempts, attemptsUsed, deadline, maxFeeRateSatPerVb, maxFeeSats } = budget
  return facts([
    ['Attempts used', `${attemptsUsed} of ${maxAttempts}`],
    ['Deadline', time(deadline)],
    ['Feerate at most', maxFeeRateSatPerVb === null ? 'no ceiling' : feeRate(maxFeeRateSatPerVb)],
    ['Fee at most', maxFeeSats === null ? 'no ceiling' : sats(maxFeeSats)],
    ['The ceiling is', feeCap === null ? 'not known' : ceilings[feeCap]],
  ])
}

const ceilings = {
  enforced: 'enforced: the node signs nothing over it',
  gated: 'gated: the worst case is checked before the node is asked',
}
