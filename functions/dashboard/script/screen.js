/** @import { Child } from './dom.js' */
/** @import { Page } from './page.js' */
/** @import { Status } from './words.js' */
import { el, patchChildren } from './dom.js'
import { statusWord } from './words.js'

/**
 * Shows pages, and keeps the focus and the reading position through updates.
 *
 * @param {{ main: HTMLElement, notice: HTMLElement }} parts
 */
export function createScreen({ main, notice }) {
  let status = ''

  /** @param {Page} page */
  const announce = (page) => {
    const splice = page.splice()
    if (splice !== null && status !== '' && splice.status !== status)
      notice.textContent = `It is ${statusWord(splice.status)} now.`
    status = splice?.status ?? ''
  }

  return {
    /**
     * Call when the user already knows the new status, so that it is not announced again.
     *
     * @param {Status} known
     */
    told: (known) => {
      status = known
    },
    /**
     * Opens a page that has no data yet.
     *
     * @param {Page} page
     * @param {{ focus: boolean }} options
     */
    open: (page, { focus }) => {
      status = ''
      notice.textContent = ''
      main.replaceChildren(el('h1', { tabindex: -1 }, page.title()), el('p', {}, 'Loading…'))
      document.title = titleOf(page)
      if (focus) main.querySelector('h1')?.focus()
    },
    /**
     * @param {Page} page
     * @param {readonly Child[]} contents
     */
    show: (page, contents) => {
      const hadFocus = main.contains(document.activeElement)
      patchChildren(main, el('main', {}, ...contents))
      // The focused element is gone: continue from the page's heading, not from the top of the document.
      if (hadFocus && !main.contains(document.activeElement)) main.querySelector('h1')?.focus()
      document.title = titleOf(page)
      announce(page)
    },
  }
}

/** @param {Page} page */
function titleOf(page) {
  return `${page.title()} – Splicekeeper`
}
