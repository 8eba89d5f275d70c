/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Action } from './actions.js' */
import { costOf, lastCandidate } from './cost.js'
import { fail, name } from './operator-wishes.js'
import { feeRate, nameOf, sats, visible } from './words.js'

/**
 * A field of a dialog.
 *
 * @typedef {{ name: string, label: string, hint: string, type: 'number' | 'text', required: boolean,
 *   attributes: Readonly<Record<string, string | number>>, value: string }} Field
 */
/** @typedef {Readonly<Record<string, string>>} Values */
/**
 * What a dialog says that will happen, what it asks for, and what it then sends. `again`: what it is to send it once more when
 * no answer came. `keyed`: it has an idempotency key.
 *
 * @typedef {{ says: readonly string[], confirm: string, again: string, fields: readonly Field[], path: string,
 *   bodyOf: (values: Values) => unknown, keyed: boolean }} Wish
 */

/** @type {Readonly<Record<Action, (splice: SpliceView) => Omit<Wish, 'path'>>>} */
const wishes = { bump, cancel, retry, fail, name }

/** @type {Readonly<Record<Action, string>>} */
const commands = { bump: 'bump', cancel: 'cancel', retry: 'retry', fail: 'resolve', name: 'resolve' }

/**
 * @param {Action} action
 * @param {SpliceView} splice
 * @returns {Wish}
 */
export function wishFor(action, splice) {
  return {
    ...wishes[action](splice),
    path: `v1/splices/${encodeURIComponent(splice.id)}/${commands[action]}`,
  }
}

/** @param {SpliceView} splice */
function bump(splice) {
  const last = lastCandidate(splice)
  const fee = last === null ? '' : ` (${feeRate(last.feeRateSatPerVb)}, fee ${sats(last.feeSats)})`
  return {
    says: [
      `Node ${visible(splice.node)} is asked to replace the transaction that waits, ${last?.txid ?? 'not known'}${fee}, by one that pays a higher feerate. Only one of the two can confirm: the new fee takes the place of the old one.`,
      costOf(splice),
      'If the node loses it, it is asked for again, three times at most. It cannot be undone: a replacement that was signed may confirm.',
    ],
    confirm: 'Bump the fee now',
    again: 'It is safe to send it again: under the same key it is one bump.',
    fields: [
      {
        name: 'feeRate',
        label: 'Feerate in sat/vB',
        hint: 'Left empty, the node chooses. Some nodes always do, and say so.',
        type: /** @type {const} */ ('number'),
        required: false,
        attributes: { min: 0.01, max: 1_000_000, step: 'any', inputmode: 'decimal' },
        value: '',
      },
    ],
    bodyOf: (/** @type {Values} */ { feeRate: asked = '' }) =>
      asked === '' ? {} : { feeRateSatPerVb: Number(asked) },
    keyed: true,
  }
}

/** @param {SpliceView} splice */
function cancel(splice) {
  const alive = splice.attempts.filter((attempt) => !attempt.notExecuted).length
  const ends =
    alive === 0
      ? 'No attempt of it can take effect: it ends as cancelled at once.'
      : `${alive} ${alive === 1 ? 'attempt' : 'attempts'} of it may still take effect. No further one is made, and it ends as cancelled once each is proven dead. If one took effect after all, the splice goes on and settles: ${sats(splice.amountSats)} move.`
  return {
    says: [
      `${nameOf(splice)} is not submitted any more. Nothing is sent to the node.`,
      ends,
      'It costs nothing. It cannot be undone, but that a retry takes it back while the splice needs attention.',
    ],
    confirm: 'Cancel the splice now',
    again: 'It is safe to send it again: a splice is cancelled once.',
    fields: [],
    bodyOf: () => undefined,
    keyed: false,
  }
}

/** @param {SpliceView} splice */
function retry(splice) {
  return {
    says: [
      `${nameOf(splice)} may be submitted again to node ${visible(splice.node)}, with the same amount${splice.address === null ? '' : ` to ${visible(splice.address)}`}, as often as you say here, and only when every gate is open. A cancel that was asked for is taken back.`,
      costOf(splice),
      'It can be cancelled again only until a transaction of it is seen; after that it cannot be undone.',
    ],
    confirm: 'Retry the splice now',
    again:
      'If it was done, sending it again is refused, unless the splice needs attention once more: look at it first.',
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
        hint: 'Left empty, the deadline stays; where it has passed, it is 24 hours from now.',
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
