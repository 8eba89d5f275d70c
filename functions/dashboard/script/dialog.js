/** @import { SpliceView } from '../../api/splice-view.ts' */
/** @import { Answer, Failure, Post } from './client.js' */
/** @import { ActionRequest, Field, Values } from './action-requests.js' */
import { mayBeDone, sentenceOf } from './client.js'
import { el } from './dom.js'

/**
 * `fixed`: the values of an earlier request that got no response. `answered` is told whether the dialog is
 * still shown, and whether the outcome of everything sent is known.
 *
 * @typedef {{ title: string, request: ActionRequest, headers: Readonly<Record<string, string>>, fixed: Values | null,
 *   send: (path: string, post: Post) => Promise<Answer<SpliceView>>,
 *   answered: (answer: Answer<SpliceView>, values: Values, about: { isShown: boolean, isKnown: boolean }) => void,
 *   closed: () => void }} Confirmation
 */

/**
 * Explains an action and asks the user to confirm it. The dialog stays open until there is a response. If
 * there is none, the user can send the request again unchanged, with the same values and headers.
 *
 * @param {Confirmation} confirmation
 */
export function openConfirmation(confirmation) {
  const { title, request, headers, fixed } = confirmation
  const { dialog, form, go, stop, outcome } = partsOf(confirmation)
  let sent = fixed
  let busy = false
  let isKnown = fixed === null
  const settle = (/** @type {Answer<SpliceView>} */ answer) => {
    if (answer.ok) return dialog.close()
    const { failure } = answer
    outcome.textContent = outcomeOf(failure, title, request, isKnown)
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
    // Disabling the button is not enough: a second click may already be queued.
    if (busy) return
    busy = true
    const values = (sent ??= valuesOf(form))
    go.disabled = true
    outcome.textContent = 'Sent. Waiting for the answer.'
    void confirmation.send(request.path, { body: request.bodyOf(values), headers }).then((answer) => {
      busy = false
      // If only this repetition was not processed, the outcome of the earlier request is still unknown.
      isKnown = answer.ok || (!mayBeDone(answer.failure) && (isKnown || !isUnprocessed(answer.failure)))
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
 * Whether another try or another value may succeed.
 *
 * @param {Failure} failure
 */
function isMistake(failure) {
  return isUnprocessed(failure) || (failure.kind === 'problem' && (failure.status === 400 || failure.status === 422))
}

/**
 * Whether the service did not process the request.
 *
 * @param {Failure} failure
 */
function isUnprocessed(failure) {
  return failure.kind === 'problem' && (failure.status === 429 || failure.status === 503) && !mayBeDone(failure)
}

/**
 * Allows only to send the same values again.
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
 * @param {ActionRequest} request
 * @param {boolean} isKnown whether the outcome is known
 */
export function outcomeOf(failure, title, { again }, isKnown) {
  return isKnown
    ? `${sentenceOf(failure)} Nothing was done.`
    : `${sentenceOf(failure)} It is not known whether “${title}” was done. ${again}`
}

/**
 * @param {HTMLFormElement} form
 * @returns {Values}
 */
function valuesOf(form) {
  return Object.fromEntries([...form.querySelectorAll('input')].map(({ name, value }) => [name, value.trim()]))
}

/** @param {Confirmation} confirmation */
function partsOf({ title, request, fixed }) {
  const go = el('button', { type: 'submit', class: 'go' }, request.confirm)
  const stop = el('button', { type: 'button', autofocus: request.fields.length === 0 }, 'Leave it as it is')
  const outcome = el('p', { role: 'alert', class: 'outcome' })
  const form = el(
    'form',
    {},
    request.fields.map((field, n) => fieldOf(field, fixed?.[field.name] ?? field.value, n === 0)),
    outcome,
    el('div', { class: 'buttons' }, stop, go),
  )
  const explanation = el(
    'div',
    { id: 'dialog-explanation' },
    request.explanation.map((sentence) => el('p', {}, sentence)),
  )
  const dialog = el(
    'dialog',
    { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-explanation' },
    el('h2', { id: 'dialog-title' }, title),
    explanation,
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
