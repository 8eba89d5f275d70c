import { el } from './dom.js'
import { looksLikeKey } from './key.js'

/**
 * A form that asks for an API key.
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
    el('label', { for: 'key' }, 'API key'),
    input,
    el(
      'p',
      { id: 'key-hint', class: 'hint' },
      'Kept only in this tab, until you close it or forget the key. The scopes of the key decide what you can see and do.',
    ),
    wrong,
    el('button', { type: 'submit', class: 'go' }, 'Use this key'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const key = input.value.trim()
    input.value = ''
    if (looksLikeKey(key)) return given(key)
    wrong.textContent = 'This is not an API key: it contains spaces or other characters that no key has.'
    input.focus()
  })
  return form
}
