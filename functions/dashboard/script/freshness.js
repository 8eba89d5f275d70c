/** @import { Failure } from './client.js' */
import { sentenceOf } from './client.js'
import { clockText } from './words.js'

/**
 * Shows how old the contents of the page are.
 *
 * @param {{ freshness: HTMLElement, updated: HTMLElement }} places
 */
export function createFreshness({ freshness, updated }) {
  let shownAt = 0

  /**
   * Changes the text only if it differs, because a screen reader announces every change.
   *
   * @param {string} text
   * @param {boolean} isStale
   */
  const say = (text, isStale) => {
    if (freshness.textContent !== text) freshness.textContent = text
    freshness.classList.toggle('stale', isStale)
  }

  return {
    ageMs: () => Date.now() - shownAt,
    /** Call when a new page opens that has shown nothing yet. */
    forget: () => {
      shownAt = 0
      updated.textContent = ''
    },
    shown: () => {
      shownAt = Date.now()
      updated.textContent = `Updated ${clockText(new Date(shownAt))}.`
    },
    succeeded: () => say('Updates automatically.', false),
    /** @param {Failure} failure */
    failed: (failure) => {
      const since = shownAt === 0 ? 'Nothing to show yet' : `Not updated since ${clockText(new Date(shownAt))}`
      say(`${since}. ${sentenceOf(failure)} Trying again.`, true)
    },
  }
}
