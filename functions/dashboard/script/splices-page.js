/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Answer } from './client.js' */
/** @import { Child } from './dom.js' */
/** @import { Ask, Page } from './page.js' */
import { el } from './dom.js'
import { badge, code, foreign, table, time } from './parts.js'
import { FILTERS, STATUSES, isLive, nameOf, placeOf, shortened, statusWord } from './words.js'

const ROWS = 100
const EVERY_MS = 15_000

/** @typedef {{ splices: readonly SpliceView[], more: boolean }} Listed */

/**
 * The page of all splices, live ones first.
 *
 * @param {string} status the filter; empty: all splices
 * @returns {Page}
 */
export function splicesPage(status) {
  let pages = 1
  return {
    name: 'splices',
    path: '#/',
    title: () => 'Splices',
    everyMs: EVERY_MS,
    contents: async (ask) => {
      const listed = await list(ask, status, pages)
      return listed.ok ? { ok: true, value: view(listed.value, status, pages) } : listed
    },
    splice: () => null,
    older: () => void (pages += 1),
  }
}

/**
 * Loads the given number of pages, newest splices first.
 *
 * @param {Ask} ask
 * @param {string} status
 * @param {number} pages
 * @returns {Promise<Answer<Listed>>}
 */
async function list(ask, status, pages) {
  const filter = status === '' ? '' : `&status=${encodeURIComponent(status)}`
  /** @type {Map<string, SpliceView>} */
  const splices = new Map()
  /** @type {string | null} */
  let cursor = null
  for (let n = 0; n < pages; n += 1) {
    /** @type {string} */
    const from = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    /** @type {Answer<{ data: readonly SpliceView[], cursor: string | null }>} */
    const page = await ask(`v1/splices?limit=${ROWS}${filter}${from}`)
    if (!page.ok) return page
    for (const splice of page.value.data) splices.set(splice.id, splice)
    cursor = page.value.cursor
    if (cursor === null) break
  }
  return { ok: true, value: { splices: [...splices.values()], more: cursor !== null } }
}

/**
 * @param {Listed} listed
 * @param {string} status
 * @param {number} pages
 * @returns {readonly Child[]}
 */
function view({ splices, more }, status, pages) {
  const live = splices.filter(isLive)
  const ended = splices.filter((splice) => !isLive(splice))
  const filtered = status === '' || status === 'live' ? '' : ' with this status'
  return [
    el('h1', { tabindex: -1 }, 'Splices'),
    filterOf(status),
    live.length === 0 ? el('p', { 'data-key': 'no-live' }, `No live splices${filtered}.`) : null,
    live.length === 0 ? null : tableOf('Live', live),
    ended.length === 0 ? null : tableOf('Ended', ended),
    more
      ? el(
          'p',
          { 'data-key': 'more' },
          `This list covers the newest ${pages * ROWS} splices. Older ones may still be live. `,
          el('button', { type: 'button', 'data-action': 'older' }, 'Show older splices'),
        )
      : null,
  ]
}

/** @param {string} chosen */
function filterOf(chosen) {
  const options = ['', ...FILTERS].map((status) => {
    const known = STATUSES.find((each) => each === status)
    const word = known === undefined ? status || 'all' : statusWord(known)
    return el('option', { value: status, selected: status === chosen }, word)
  })
  return el(
    'p',
    { class: 'filter' },
    el('label', { for: 'status' }, 'Status'),
    el('select', { id: 'status', autocomplete: 'off' }, options),
  )
}

/**
 * @param {string} caption
 * @param {readonly SpliceView[]} splices
 */
function tableOf(caption, splices) {
  const content = table({
    caption: `${caption}: ${splices.length}`,
    head: ['Splice', 'Status', 'Node', 'Channel', 'Waiting for', 'Updated'],
    rows: splices.map((splice) => ({
      key: splice.id,
      cells: [
        [
          el('a', { href: `#/splices/${encodeURIComponent(splice.id)}` }, nameOf(splice)),
          el('span', { class: 'beside' }, code(shortened(splice.id))),
        ],
        badge(splice.status),
        foreign(splice.node),
        code(shortened(splice.channel)),
        [
          placeOf(splice) === null ? null : `${placeOf(splice)}. `,
          foreign(splice.waitingFor ?? splice.failure?.message ?? splice.attention?.message ?? '–'),
        ],
        time(splice.updatedAt),
      ],
    })),
  })
  return el('div', { 'data-key': caption }, content)
}
