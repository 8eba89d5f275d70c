/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Field, Values } from './action-requests.js' */
import { nameOf, sats } from './words.js'

/** @param {SpliceView} splice */
export function fail(splice) {
  return {
    explanation: [
      `As an operator, you declare that ${nameOf(splice)} has no effect and never will. All its attempts are declared not executed, the splice fails, and its channel is free for other splices. Nothing is sent to the node.`,
      `If you are wrong, ${sats(splice.amountSats)} may still move, and once more if you order again. The service keeps watching the chain: if a transaction of the splice appears, it corrects the record and raises an alarm.`,
      'It costs nothing by itself. It cannot be undone.',
    ],
    confirm: 'Resolve as failed now',
    again: 'It is safe to send it again: if it was done, the repetition is refused.',
    fields: [noteField(true)],
    bodyOf: (/** @type {Values} */ { note = '' }) => ({ outcome: 'failed', note }),
    keyed: false,
  }
}

/** @param {SpliceView} splice */
export function name(splice) {
  return {
    explanation: [
      `As an operator, you declare which transaction belongs to ${nameOf(splice)}. The chain source must know it, and it must spend a funding outpoint of the channel. The splice becomes pending and is not submitted again. Nothing is sent to the node.`,
      'It costs nothing. It cannot be undone.',
    ],
    confirm: 'Name the transaction now',
    again: 'It is safe to send it again: if it was done, the repetition is refused.',
    fields: [
      {
        name: 'txid',
        label: 'Transaction id',
        hint: '64 hex digits.',
        type: /** @type {const} */ ('text'),
        required: true,
        attributes: { pattern: '[0-9a-f]{64}', maxlength: 64, autocomplete: 'off', spellcheck: 'false' },
        value: '',
      },
      noteField(false),
    ],
    bodyOf: (/** @type {Values} */ { txid = '', note = '' }) => ({
      outcome: 'candidate',
      txid,
      ...(note.trim() === '' ? {} : { note }),
    }),
    keyed: false,
  }
}

/**
 * @param {boolean} required
 * @returns {Field}
 */
function noteField(required) {
  return {
    name: 'note',
    label: 'Note',
    hint: 'How you know. The note is kept with the splice, so enter nothing secret.',
    type: 'text',
    required,
    attributes: { maxlength: 500, ...(required ? { pattern: '.*\\S.*' } : {}) },
    value: '',
  }
}
