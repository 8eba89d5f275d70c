/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Action } from './actions.js' */
/** @import { Answer, Post } from './client.js' */
/** @import { Ask } from './page.js' */
/** @import { Status } from './words.js' */
/** @import { Values } from './wishes.js' */
import { ACTIONS } from './actions.js'
import { openConfirmation, outcomeOf } from './dialog.js'
import { statusWord } from './words.js'
import { wishFor } from './wishes.js'

/** @typedef {{ key: string, values: Values }} Unanswered */

/**
 * Opens the confirmations, and remembers what was sent without an answer: it is offered again as it was, under its key.
 *
 * @param {{ ask: Ask, main: HTMLElement, notice: HTMLElement, told: (status: Status) => void,
 *   update: () => void, refused: () => void }} parts
 */
export function createCommands({ ask, main, notice, told, update, refused }) {
  /** By splice. @type {Map<string, Unanswered>} */
  const unanswered = new Map()

  /**
   * @param {Action} action
   * @param {SpliceView} splice
   * @param {HTMLElement} opener
   */
  const open = (action, splice, opener) => {
    const wish = wishFor(action, splice)
    const title = ACTIONS[action]
    const earlier = wish.keyed ? (unanswered.get(splice.id) ?? null) : null
    const key = earlier?.key ?? freshKey()
    openConfirmation({
      title,
      wish,
      headers: wish.keyed ? { 'Idempotency-Key': key } : {},
      fixed: earlier?.values ?? null,
      send: (path, post) => posted(ask, path, post),
      answered: (answer, values, { isShown, isKnown }) => {
        if (!answer.ok && answer.failure.kind === 'problem' && answer.failure.status === 401) return refused()
        if (wish.keyed && isKnown) unanswered.delete(splice.id)
        else if (wish.keyed) unanswered.set(splice.id, { key, values })
        if (answer.ok) {
          notice.textContent = `${title}: done. It is ${statusWord(answer.value.status)}.`
          told(answer.value.status)
        } else if (!isShown)
          notice.textContent = `${title}: ${outcomeOf(answer.failure, title, wish, isKnown)}`
        update()
      },
      closed: () => {
        if (opener.isConnected) opener.focus()
        else main.querySelector('h1')?.focus()
      },
    })
  }
  return { open }
}

/**
 * @param {Ask} ask
 * @param {string} path
 * @param {Post} post
 * @returns {Promise<Answer<SpliceView>>}
 */
function posted(ask, path, post) {
  return ask(path, { ...post, method: 'POST' })
}

/** Not randomUUID, which a browser has on encrypted origins only. */
function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `dashboard-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
