/** @import { Scope } from '../../../core/ports/records.ts' */
/** @import { Answer, Failure } from './client.js' */
/** @import { Ask, Page } from './page.js' */
import { isAction } from './actions.js'
import { pageAt } from './address.js'
import { ask as askWith } from './client.js'
import { createCommands } from './commands.js'
import { createFreshness } from './freshness.js'
import { createScreen } from './screen.js'
import { createUpdates } from './updates.js'

/**
 * A session with a key: shows the page for the URL, and keeps it up to date until the key is forgotten.
 *
 * @param {{ key: string, main: HTMLElement, notice: HTMLElement, freshness: HTMLElement, updated: HTMLElement,
 *   refused: () => void }} parts `refused`: called when the service does not accept the key
 */
export function createSession({ key, main, notice, freshness: place, updated, refused }) {
  const ending = new AbortController()
  const screen = createScreen({ main, notice })
  const freshness = createFreshness({ freshness: place, updated })
  /** @type {Page | null} */
  let page = null
  /** @type {Ask} */
  const ask = (path, post) => askWith(key, path, { ...post, signal: ending.signal })

  /** Cached: the scopes of a key never change. @type {Answer<readonly Scope[]> | null} */
  let scopes = null
  /** @returns {Promise<Answer<readonly Scope[]>>} */
  const scopesOfKey = async () => {
    if (scopes !== null) return scopes
    /** @type {Answer<{ scopes: readonly Scope[] }>} */
    const key = await ask('v1/keys/current')
    if (!key.ok) return key
    return (scopes = { ok: true, value: key.value.scopes })
  }

  /** @returns {Promise<Failure | null>} */
  const look = async () => {
    const asked = page
    if (asked === null) return null
    const may = await scopesOfKey()
    if (!may.ok) return may.failure
    const contents = await asked.contents(ask, may.value)
    if (ending.signal.aborted || asked !== page) return null
    if (!contents.ok) return contents.failure
    screen.show(asked, contents.value)
    freshness.shown()
    return null
  }

  const updates = createUpdates({
    ask,
    look,
    ageMs: freshness.ageMs,
    everyMs: () => page?.everyMs ?? 0,
    failed: (failure) => {
      if (failure.kind === 'problem' && failure.status === 401) refused()
      else freshness.failed(failure)
    },
    succeeded: freshness.succeeded,
  })
  const commands = createCommands({ ask, main, notice, told: screen.told, update: updates.now, refused })

  return {
    /**
     * Shows the page for the URL. `focus` moves the focus to its heading, so that a screen reader announces
     * the new page.
     *
     * @param {{ focus: boolean }} options
     */
    show: (options) => {
      const next = pageAt(location.hash)
      const isElsewhere = next.path !== page?.path
      page = next
      markCurrent(next)
      if (isElsewhere) {
        freshness.forget()
        screen.open(next, options)
      }
      updates.now()
    },
    update: updates.now,
    /**
     * @param {string | undefined} action
     * @param {HTMLElement} opener
     */
    act: (action, opener) => {
      const splice = page?.splice() ?? null
      if (isAction(action) && splice !== null) commands.open(action, splice, opener)
      if (action !== 'older') return
      page?.older()
      updates.now()
    },
    end: () => {
      ending.abort()
      updates.stop()
    },
  }
}

/** @param {Page} page */
function markCurrent({ name }) {
  for (const link of document.querySelectorAll('nav a')) {
    const isHere = link.getAttribute('data-page') === (name === 'nodes' ? 'nodes' : 'splices')
    if (isHere) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}
