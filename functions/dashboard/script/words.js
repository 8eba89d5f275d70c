/** @import { SpliceView } from '../../api/splice-view.ts' */

/** Characters that are not seen, or that turn the order of what follows: control and format characters, line separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/**
 * Words of others with every character visible: none of them may hide or reorder what is beside it.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replaceAll(UNSEEN, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
    return `‹U+${hex.padStart(4, '0')}›`
  })
}

/** A shape and a word for each status: the colour is never the only sign. */
const STATUS = {
  queued: ['○', 'queued'],
  submitted: ['◔', 'submitted'],
  pending: ['◑', 'pending'],
  confirmed: ['◕', 'confirmed'],
  settled: ['●', 'settled'],
  failed: ['✕', 'failed'],
  cancelled: ['⊘', 'cancelled'],
  needs_attention: ['▲', 'needs attention'],
}

/** @typedef {SpliceView['status']} Status */

/** @type {readonly Status[]} */
export const STATUSES = [
  'needs_attention',
  'queued',
  'submitted',
  'pending',
  'confirmed',
  'settled',
  'failed',
  'cancelled',
]

/** What a list can be asked for: all that has not ended, or one status. */
export const FILTERS = [/** @type {const} */ ('live'), ...STATUSES]

/** @param {Status} status */
export function statusSign(status) {
  return STATUS[status][0] ?? ''
}

/** @param {Status} status */
export function statusWord(status) {
  return STATUS[status][1] ?? status
}

/** @param {Pick<SpliceView, 'status'>} splice */
export function isLive({ status }) {
  return status !== 'settled' && status !== 'failed' && status !== 'cancelled'
}

/** @param {Pick<SpliceView, 'kind' | 'amountSats'>} splice */
export function nameOf({ kind, amountSats }) {
  return `${kind === 'splice_in' ? 'Splice-in' : 'Splice-out'} of ${sats(amountSats)}`
}

/** @param {number | null} amount in satoshis */
export function sats(amount) {
  return amount === null ? 'not known' : `${amount.toLocaleString('en')} sat`
}

/** @param {number} amount in millisatoshis */
export function satsOfMsat(amount) {
  return sats(Math.floor(amount / 1000))
}

/** @param {number | null} rate */
export function feeRate(rate) {
  return rate === null ? 'not known' : `${rate.toLocaleString('en')} sat/vB`
}

/**
 * The beginning and the end of an id, for where the whole is too long.
 *
 * @param {string} id
 */
export function shortened(id) {
  const text = visible(id)
  return text.length <= 20 ? text : `${text.slice(0, 10)}…${text.slice(-6)}`
}

/** @param {string} iso */
export function timeText(iso) {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

/** @param {Date} time */
export function clockText(time) {
  return `${time.toISOString().slice(11, 19)} UTC`
}

/** @param {boolean} fact */
export function yesNo(fact) {
  return fact ? 'yes' : 'no'
}

/** @param {string} code a name of the API, as `splice_out` */
export function plain(code) {
  return code.replaceAll('_', ' ')
}
