/** @import { SpliceView } from '../../api/splice-view.ts' */

/** Invisible characters, and ones that change the text direction: Unicode Cc, Cf, Zl and Zp. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/**
 * Text from outside with every invisible character shown, so that it cannot hide or reorder the text around
 * it.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replaceAll(UNSEEN, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase()
    return `‹U+${hex.padStart(4, '0')}›`
  })
}

/** A shape and a word for each status, so that nobody depends on the colour. */
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

/** The filters of the list: all live splices, or one status. */
export const FILTERS = [/** @type {const} */ ('live'), ...STATUSES]

/** @param {Status} status */
export function statusShape(status) {
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

const ORDINALS = new Intl.PluralRules('en', { type: 'ordinal' })
/** @type {Partial<Record<Intl.LDMLPluralRule, string>>} */
const ENDINGS = { one: 'st', two: 'nd', few: 'rd' }

/**
 * Its place in the queue of its channel, unless what it waits for says so already.
 *
 * @param {Pick<SpliceView, 'position' | 'waitingFor'>} splice
 */
export function placeOf({ position, waitingFor }) {
  if (position === null) return null
  const place = `${position}${ENDINGS[ORDINALS.select(position)] ?? 'th'} in line`
  return waitingFor?.startsWith(place) ? null : place
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
 * Shortens a long id to its beginning and end.
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

/** @param {string} code a name in the API, such as `splice_out` */
export function plain(code) {
  return code.replaceAll('_', ' ')
}
