import { forgetKey, keepKey, keptKey } from './key.js'
import { byId, el } from './dom.js'
import { createSession } from './session.js'
import { keyForm } from './key-form.js'

const main = byId('main', HTMLElement)
const forget = byId('forget', HTMLButtonElement)
const update = byId('update', HTMLButtonElement)
const notice = byId('notice', HTMLElement)
const freshness = byId('freshness', HTMLElement)
const updated = byId('updated', HTMLElement)

/** @type {ReturnType<typeof createSession> | null} */
let session = null

/** @param {boolean} signedIn */
function showControls(signedIn) {
  forget.hidden = !signedIn
  update.hidden = !signedIn
  for (const nav of document.querySelectorAll('nav')) nav.hidden = !signedIn
}

/**
 * @param {string} key
 * @param {{ focus: boolean }} options
 */
function signIn(key, options) {
  notice.textContent = ''
  showControls(true)
  session = createSession({ key, main, notice, freshness, updated, refused: () => signOut(REFUSED) })
  session.show(options)
}

const REFUSED = 'The service does not accept this key. It is wrong, or it was revoked.'

/** @param {string} why */
function signOut(why) {
  session?.end()
  session = null
  forgetKey()
  showControls(false)
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  freshness.textContent = ''
  updated.textContent = ''
  notice.textContent = why
  document.title = 'Splicekeeper'
  main.replaceChildren(
    el('h1', { tabindex: -1 }, 'Your key'),
    keyForm((key) => {
      keepKey(key)
      signIn(key, { focus: true })
    }),
  )
  byId('key', HTMLInputElement).focus()
}

forget.addEventListener('click', () => signOut('The key is forgotten.'))
update.addEventListener('click', () => session?.update())
addEventListener('hashchange', () => session?.show({ focus: true }))
addEventListener('online', () => session?.update())
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) session?.update()
})
document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element)) return
  const control = event.target.closest('[data-action]')
  if (!(control instanceof HTMLElement)) return
  if (control.dataset['action'] === 'skip') {
    // Do not follow the link: the fragment is the address of the page, not a place in it.
    event.preventDefault()
    main.querySelector('h1')?.focus()
  } else session?.act(control.dataset['action'], control)
})
main.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLSelectElement)) return
  location.hash = target.value === '' ? '#/' : `#/?status=${encodeURIComponent(target.value)}`
})

const kept = keptKey()
if (kept === null) signOut('')
else signIn(kept, { focus: false })
