/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Action } from './actions.js' */
/** @import { Answer, Post } from './client.js' */
/** @import { Ask } from './page.js' */
/** @import { Status } from './words.js' */
/** @import { Values } from './action-requests.js' */
import { requestFor } from './action-requests.js'
import { ACTIONS } from './actions.js'
import { openConfirmation, outcomeOf } from './dialog.js'
import { statusWord } from './words.js'

/** @typedef {{ key: string, values: Values }} Unanswered */

/**
 * Opens the confirmation dialogs. Remembers requests that got no response, so that the user can send them
 * again unchanged, with the same idempotency key.
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
    const request = requestFor(action, splice)
    const title = ACTIONS[action]
    const earlier = request.keyed ? (unanswered.get(splice.id) ?? null) : null
    const key = earlier?.key ?? freshKey()
    openConfirmation({
      title,
      request,
      headers: request.keyed ? { 'Idempotency-Key': key } : {},
      fixed: earlier?.values ?? null,
      send: (path, post) => posted(ask, path, post),
      answered: (answer, values, { isShown, isKnown }) => {
        if (!answer.ok && answer.failure.kind === 'problem' && answer.failure.status === 401) return refused()
        if (request.keyed && isKnown) unanswered.delete(splice.id)
        else if (request.keyed) unanswered.set(splice.id, { key, values })
        if (answer.ok) {
          notice.textContent = `${title}: done. It is ${statusWord(answer.value.status)}.`
          told(answer.value.status)
        } else if (!isShown) notice.textContent = `${title}: ${outcomeOf(answer.failure, title, request, isKnown)}`
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

/** Not `randomUUID`: browsers offer that on secure origins only. */
function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `dashboard-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
