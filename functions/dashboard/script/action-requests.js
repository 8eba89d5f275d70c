/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Action } from './actions.js' */
import { costOf, lastCandidate } from './cost.js'
import { fail, name } from './operator-requests.js'
import { feeRate, nameOf, sats, visible } from './words.js'

/**
 * A field of a dialog.
 *
 * @typedef {{ name: string, label: string, hint: string, type: 'number' | 'text', required: boolean,
 *   attributes: Readonly<Record<string, string | number>>, value: string }} Field
 */
/** @typedef {Readonly<Record<string, string>>} Values */
/**
 * What a dialog explains, asks for and sends. `again` explains the effect of sending the request again when
 * no response came. `keyed`: the request has an idempotency key.
 *
 * @typedef {{ explanation: readonly string[], confirm: string, again: string, fields: readonly Field[], path: string,
 *   bodyOf: (values: Values) => unknown, keyed: boolean }} ActionRequest
 */

/** @type {Readonly<Record<Action, (splice: SpliceView) => Omit<ActionRequest, 'path'>>>} */
const requests = { bump, cancel, retry, fail, name }

/** @type {Readonly<Record<Action, string>>} */
const commandPaths = { bump: 'bump', cancel: 'cancel', retry: 'retry', fail: 'resolve', name: 'resolve' }

/**
 * @param {Action} action
 * @param {SpliceView} splice
 * @returns {ActionRequest}
 */
export function requestFor(action, splice) {
  return {
    ...requests[action](splice),
    path: `v1/splices/${encodeURIComponent(splice.id)}/${commandPaths[action]}`,
  }
}

/** @param {SpliceView} splice */
function bump(splice) {
  const last = lastCandidate(splice)
  const fee = last === null ? '' : ` (${feeRate(last.feeRateSatPerVb)}, fee ${sats(last.feeSats)})`
  return {
    explanation: [
      `Node ${visible(splice.node)} is asked to replace the pending transaction ${last?.txid ?? '(not known)'}${fee} with one that pays a higher feerate. Only one of the two can confirm: the new fee replaces the old one.`,
      costOf(splice),
      'If the node loses the request, it is sent again, three times at most. It cannot be undone: a signed replacement may confirm.',
    ],
    confirm: 'Bump the fee now',
    again: 'It is safe to send it again: with the same idempotency key it is one bump.',
    fields: [
      {
        name: 'feeRate',
        label: 'Feerate in sat/vB',
        hint: 'Leave empty to let the node choose. Some nodes do not accept a feerate.',
        type: /** @type {const} */ ('number'),
        required: false,
        attributes: { min: 0.01, max: 1_000_000, step: 'any', inputmode: 'decimal' },
        value: '',
      },
    ],
    bodyOf: (/** @type {Values} */ { feeRate: asked = '' }) => (asked === '' ? {} : { feeRateSatPerVb: Number(asked) }),
    keyed: true,
  }
}

/** @param {SpliceView} splice */
function cancel(splice) {
  const unresolved = splice.attempts.filter((attempt) => !attempt.notExecuted).length
  const ends =
    unresolved === 0
      ? 'No attempt can take effect: the splice is cancelled at once.'
      : `${unresolved} ${unresolved === 1 ? 'attempt' : 'attempts'} may still take effect. No further attempt is made, and the splice is cancelled once each is proven not executed. If one did take effect, the splice continues and settles: ${sats(splice.amountSats)} move.`
  return {
    explanation: [
      `${nameOf(splice)} is not submitted again. Nothing is sent to the node.`,
      ends,
      'It costs nothing. It cannot be undone, except by a retry while the splice needs attention.',
    ],
    confirm: 'Cancel the splice now',
    again: 'It is safe to send it again: a splice is cancelled only once.',
    fields: [],
    bodyOf: () => undefined,
    keyed: false,
  }
}

/** @param {SpliceView} splice */
function retry(splice) {
  return {
    explanation: [
      `${nameOf(splice)} may be submitted again to node ${visible(splice.node)}, with the same amount${splice.address === null ? '' : ` to ${visible(splice.address)}`}. You choose how many attempts to allow; each is made only when every gate is open. A cancel request is revoked.`,
      costOf(splice),
      'You can cancel it again until a transaction of the splice is seen. After that it cannot be undone.',
    ],
    confirm: 'Retry the splice now',
    again:
      'If it was done, the repetition is refused, unless the splice needs attention once more. Check the splice first.',
    fields: [
      {
        name: 'attempts',
        label: 'More attempts',
        hint: '1 to 10.',
        type: /** @type {const} */ ('number'),
        required: true,
        attributes: { min: 1, max: 10, step: 1, inputmode: 'numeric' },
        value: '1',
      },
      {
        name: 'hours',
        label: 'Hours until the deadline',
        hint: 'Leave empty to keep the deadline. If it has passed, the new one is 24 hours from now.',
        type: /** @type {const} */ ('number'),
        required: false,
        attributes: { min: 1, max: 719, step: 1, inputmode: 'numeric' },
        value: '',
      },
    ],
    bodyOf: (/** @type {Values} */ { attempts = '1', hours = '' }) => ({
      attempts: Number(attempts),
      ...(hours === '' ? {} : { deadline: new Date(Date.now() + Number(hours) * 3_600_000).toISOString() }),
    }),
    keyed: false,
  }
}
