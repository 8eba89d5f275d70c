/** @import { Child } from './dom.js' */
/** @import { Page } from './page.js' */
/** @import { Status } from './words.js' */
import { el, patchChildren } from './dom.js'
import { statusWord } from './words.js'

/**
 * Where pages are shown, without taking the focus or the place from whoever reads.
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
     * What somebody was told already is not said again.
     *
     * @param {Status} known
     */
    told: (known) => {
      status = known
    },
    /**
     * A page that nothing is known of yet.
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
      // What had the focus is gone: the keyboard goes on from the top of the page, not of the document.
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
