/** @import { Failure } from './client.js' */
import { sentenceOf } from './client.js'
import { clockText } from './words.js'

/**
 * Says how old is what the page shows.
 *
 * @param {{ freshness: HTMLElement, updated: HTMLElement }} places
 */
export function createFreshness({ freshness, updated }) {
  let shownAt = 0

  /**
   * Says it once: a screen reader reads what changes.
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
    /** Nothing of this page was shown yet. */
    forget: () => {
      shownAt = 0
      updated.textContent = ''
    },
    shown: () => {
      shownAt = Date.now()
      updated.textContent = `Updated ${clockText(new Date(shownAt))}.`
    },
    succeeded: () => say('Updates by itself.', false),
    /** @param {Failure} failure */
    failed: (failure) => {
      const since =
        shownAt === 0 ? 'Nothing to show yet' : `Not updated since ${clockText(new Date(shownAt))}`
      say(`${since}. ${sentenceOf(failure)} It is asked again.`, true)
    },
  }
}
