/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Answer, Failure, Post } from './client.js' */
/** @import { Field, Values, Wish } from './wishes.js' */
import { mayBeDone, sentenceOf } from './client.js'
import { el } from './dom.js'

/**
 * `fixed`: what was sent already, without an answer. `answered` hears whether the dialog was still there to say it,
 * and whether it is known what became of all that was sent.
 *
 * @typedef {{ title: string, wish: Wish, headers: Readonly<Record<string, string>>, fixed: Values | null,
 *   send: (path: string, post: Post) => Promise<Answer<SpliceView>>,
 *   answered: (answer: Answer<SpliceView>, values: Values, about: { isShown: boolean, isKnown: boolean }) => void,
 *   closed: () => void }} Confirmation
 */

/**
 * Asks for a second click, after saying what it will do. It stays until there is an answer; where none came, what was asked
 * for can be sent once more, as it was: with the same values and headers.
 *
 * @param {Confirmation} confirmation
 */
export function openConfirmation(confirmation) {
  const { title, wish, headers, fixed } = confirmation
  const { dialog, form, go, stop, outcome } = partsOf(confirmation)
  let sent = fixed
  let busy = false
  let isKnown = fixed === null
  const settle = (/** @type {Answer<SpliceView>} */ answer) => {
    if (answer.ok) return dialog.close()
    const { failure } = answer
    outcome.textContent = outcomeOf(failure, title, wish, isKnown)
    if (!isKnown) return freeze(form, go)
    if (isMistake(failure)) {
      sent = null
      go.disabled = false
      return
    }
    go.hidden = true
    stop.focus()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    // Not left to the button alone: a second click may be on its way already.
    if (busy) return
    busy = true
    const values = (sent ??= valuesOf(form))
    go.disabled = true
    outcome.textContent = 'Sent. Waiting for the answer.'
    void confirmation.send(wish.path, { body: wish.bodyOf(values), headers }).then((answer) => {
      busy = false
      // What was sent before without an answer is not known by being put off now.
      isKnown = answer.ok || (!mayBeDone(answer.failure) && (isKnown || !isPutOff(answer.failure)))
      confirmation.answered(answer, values, { isShown: dialog.open, isKnown })
      if (dialog.open) settle(answer)
    })
  })
  stop.addEventListener('click', () => dialog.close())
  dialog.addEventListener('close', () => {
    dialog.remove()
    confirmation.closed()
  })
  if (fixed !== null) freeze(form, go)
  document.body.append(dialog)
  dialog.showModal()
}

/**
 * Whether another try, or another value, may be taken.
 *
 * @param {Failure} failure
 */
function isMistake(failure) {
  return (
    isPutOff(failure) || (failure.kind === 'problem' && (failure.status === 400 || failure.status === 422))
  )
}

/**
 * Whether it was not looked at.
 *
 * @param {Failure} failure
 */
function isPutOff(failure) {
  return failure.kind === 'problem' && (failure.status === 429 || failure.status === 503)
}

/**
 * What was sent is what will be sent.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} go
 */
function freeze(form, go) {
  for (const input of form.querySelectorAll('input')) input.readOnly = true
  go.disabled = false
  go.textContent = 'Send it again, as it was'
}

/**
 * @param {Failure} failure
 * @param {string} title
 * @param {Wish} wish
 * @param {boolean} isKnown what became of it
 */
export function outcomeOf(failure, title, { again }, isKnown) {
  return isKnown
    ? `${sentenceOf(failure)} Nothing was done.`
    : `${sentenceOf(failure)} Whether “${title}” was done is not known. ${again}`
}

/**
 * @param {HTMLFormElement} form
 * @returns {Values}
 */
function valuesOf(form) {
  return Object.fromEntries(
    [...form.querySelectorAll('input')].map(({ name, value }) => [name, value.trim()]),
  )
}

/** @param {Confirmation} confirmation */
function partsOf({ title, wish, fixed }) {
  const go = el('button', { type: 'submit', class: 'go' }, wish.confirm)
  const stop = el('button', { type: 'button', autofocus: wish.fields.length === 0 }, 'Leave it as it is')
  const outcome = el('p', { role: 'alert', class: 'outcome' })
  const form = el(
    'form',
    {},
    wish.fields.map((field, n) => fieldOf(field, fixed?.[field.name] ?? field.value, n === 0)),
    outcome,
    el('div', { class: 'buttons' }, stop, go),
  )
  const says = el(
    'div',
    { id: 'dialog-says' },
    wish.says.map((sentence) => el('p', {}, sentence)),
  )
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-says' },
    el('h2', { id: 'dialog-title' }, title),
    says,
    form,
  )
  return { dialog, form, go, stop, outcome }
}

/**
 * @param {Field} field
 * @param {string} value
 * @param {boolean} isFirst
 */
function fieldOf({ name, label, hint, type, required, attributes }, value, isFirst) {
  const id = `field-${name}`
  const about = { id, name, type, required, value, autofocus: isFirst, 'aria-describedby': `${id}-hint` }
  return el(
    'div',
    { class: 'field' },
    el('label', { for: id }, required ? label : `${label} (optional)`),
    el('input', { ...about, ...attributes }),
    el('p', { id: `${id}-hint`, class: 'hint' }, hint),
  )
}
