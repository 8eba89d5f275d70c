const NAME = 'splicekeeper.key'

/**
 * The key of this tab. null: none. It is kept until the tab closes or the user forgets it, and is sent only
 * in a header.
 *
 * @returns {string | null}
 */
export function keptKey() {
  return sessionStorage.getItem(NAME)
}

/** @param {string} key */
export function keepKey(key) {
  sessionStorage.setItem(NAME, key)
}

export function forgetKey() {
  sessionStorage.removeItem(NAME)
}

/**
 * Whether a text can be a key: a header must be able to carry it.
 *
 * @param {string} text
 */
export function looksLikeKey(text) {
  return /^[\x21-\x7e]{1,256}$/.test(text)
}
