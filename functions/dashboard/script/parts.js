/** @import { Child } from './dom.js' */
/** @import { Status } from './words.js' */
import { el } from './dom.js'
import { statusSign, statusWord, timeText, visible } from './words.js'

/**
 * Words that others chose: isolated, so that their direction is theirs alone.
 *
 * @param {string} text
 */
export function foreign(text) {
  return el('bdi', {}, visible(text))
}

/**
 * An id, an outpoint or an address.
 *
 * @param {string | null} text
 */
export function code(text) {
  return text === null ? 'none' : el('code', {}, visible(text))
}

/** @param {string | null} iso */
export function time(iso) {
  return iso === null ? 'none' : el('time', { datetime: iso }, timeText(iso))
}

/** @param {Status} status */
export function badge(status) {
  return el(
    'span',
    { class: `badge ${status}` },
    el('span', { 'aria-hidden': 'true' }, statusSign(status)),
    ` ${statusWord(status)}`,
  )
}

/**
 * A sign of health with its words.
 *
 * @param {'good' | 'bad' | 'unsure'} health
 * @param {string} words
 */
export function sign(health, words) {
  const shape = { good: '✓', bad: '✕', unsure: '?' }[health]
  return el('span', { class: `sign ${health}` }, el('span', { 'aria-hidden': 'true' }, shape), ` ${words}`)
}

/**
 * A transaction, as a link to the explorer that the service is configured with.
 *
 * @param {string | null} txid
 */
export function transaction(txid) {
  if (txid === null) return 'none'
  const explorer = document.body.dataset['explorer'] ?? ''
  if (explorer === '' || !/^[0-9a-f]{64}$/.test(txid)) return code(txid)
  const href = explorer.replaceAll('{txid}', txid)
  return el(
    'a',
    {
      href,
      target: '_blank',
      rel: 'noopener noreferrer',
      'aria-label': `Transaction ${txid} in the explorer`,
    },
    code(txid),
  )
}

/**
 * Facts with their names; those that are null are left out.
 *
 * @param {readonly (readonly [string, Child])[]} entries
 */
export function facts(entries) {
  const rows = entries.filter(([, value]) => value !== null)
  return el(
    'dl',
    {},
    rows.map(([name, value]) => el('div', { 'data-key': name }, el('dt', {}, name), el('dd', {}, value))),
  )
}

/**
 * A table; its first column heads the rows. The roles are said once more, since a phone shows the rows as cards.
 *
 * @param {{ caption: string, head: readonly string[], rows: readonly { key: string, cells: readonly Child[] }[] }} content
 */
export function table({ caption, head, rows }) {
  const headings = head.map((text) => el('th', { scope: 'col', role: 'columnheader' }, text))
  const lines = rows.map(({ key, cells: [first = null, ...rest] }) =>
    el(
      'tr',
      { 'data-key': key, role: 'row' },
      el('th', { scope: 'row', role: 'rowheader' }, first),
      rest.map((cell, n) => el('td', { role: 'cell', 'data-label': head[n + 1] ?? '' }, cell)),
    ),
  )
  return el(
    'table',
    { role: 'table' },
    el('caption', {}, caption),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, headings)),
    el('tbody', { role: 'rowgroup' }, lines),
  )
}

/**
 * A part of a page under its heading.
 *
 * @param {string} heading
 * @param {readonly Child[]} children
 */
export function section(heading, ...children) {
  const id = `section-${heading.replaceAll(/\s+/g, '-')}`
  return el('section', { 'data-key': id, 'aria-labelledby': id }, el('h2', { id }, heading), ...children)
}
