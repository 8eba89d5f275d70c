import { el } from './dom.js'
import { looksLikeKey } from './key.js'

/**
 * Asks for a key of the API.
 *
 * @param {(key: string) => void} given
 */
export function keyForm(given) {
  const input = el('input', {
    id: 'key',
    type: 'password',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'key-hint key-wrong',
  })
  const wrong = el('p', { id: 'key-wrong', role: 'alert', class: 'outcome' })
  const form = el(
    'form',
    { class: 'key' },
    el('label', { for: 'key' }, 'Key of the API'),
    input,
    el(
      'p',
      { id: 'key-hint', class: 'hint' },
      'Kept in this tab only, until it is closed or you forget the key. What you may see and do is what its scopes say.',
    ),
    wrong,
    el('button', { type: 'submit', class: 'go' }, 'Use this key'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const key = input.value.trim()
    input.value = ''
    if (looksLikeKey(key)) return given(key)
    wrong.textContent = 'This is not a key: it has spaces, or characters that no key has.'
    input.focus()
  })
  return form
}
