/** @import { Child } from './dom.js' */
/** @import { Status } from './words.js' */
import { el } from './dom.js'
import { statusShape, statusWord, timeText, visible } from './words.js'

/**
 * Text from outside, isolated so that its writing direction does not affect the text around it.
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
    el('span', { 'aria-hidden': 'true' }, statusShape(status)),
    ` ${statusWord(status)}`,
  )
}

/**
 * A health mark with its text.
 *
 * @param {'good' | 'bad' | 'unsure'} health
 * @param {string} words
 */
export function mark(health, words) {
  const shape = { good: '✓', bad: '✕', unsure: '?' }[health]
  return el('span', { class: `sign ${health}` }, el('span', { 'aria-hidden': 'true' }, shape), ` ${words}`)
}

/**
 * A transaction, linked to the configured block explorer if there is one.
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
 * A list of named facts. Facts that are null are left out.
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
 * A table whose first column heads the rows. The ARIA roles are explicit because phones show the rows as
 * cards, which drops the implicit roles.
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
 * A section of a page, with its heading.
 *
 * @param {string} heading
 * @param {readonly Child[]} children
 */
export function section(heading, ...children) {
  const id = `section-${heading.replaceAll(/\s+/g, '-')}`
  return el('section', { 'data-key': id, 'aria-labelledby': id }, el('h2', { id }, heading), ...children)
}
