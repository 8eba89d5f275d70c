/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Field, Values } from './wishes.js' */
import { nameOf, sats } from './words.js'

/** @param {SpliceView} splice */
export function fail(splice) {
  return {
    says: [
      `Your word as an operator that ${nameOf(splice)} has no effect and never will. All its attempts are declared dead, it ends as failed, and its channel is free for other splices. Nothing is sent to the node.`,
      `If you are wrong, ${sats(splice.amountSats)} may move all the same, and once more for a new order. The chain is watched on: a transaction of it that appears corrects the record and raises an alarm.`,
      'It costs nothing by itself. It cannot be undone.',
    ],
    confirm: 'Resolve as failed now',
    again: 'It is safe to send it again: if it was done, that is refused.',
    fields: [noteField(true)],
    bodyOf: (/** @type {Values} */ { note = '' }) => ({ outcome: 'failed', note }),
    keyed: false,
  }
}

/** @param {SpliceView} splice */
export function name(splice) {
  return {
    says: [
      `Your word as an operator that a transaction is the one of ${nameOf(splice)}. The chain source must know it, and it must spend the channel's funding. The splice is pending then, and is not submitted any more. Nothing is sent to the node.`,
      'It costs nothing. It cannot be undone.',
    ],
    confirm: 'Name the transaction now',
    again: 'It is safe to send it again: if it was done, that is refused.',
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
    hint: 'How you know. It is kept with the splice; nothing secret belongs here.',
    type: 'text',
    required,
    attributes: { maxlength: 500, ...(required ? { pattern: '.*\\S.*' } : {}) },
    value: '',
  }
}
