const NAME = 'splicekeeper.key'

/**
 * The key of this tab; null: none. It is kept until the tab closes or it is forgotten, and never sent but in a header.
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
 * Whether a header can carry it.
 *
 * @param {string} text
 */
export function looksLikeKey(text) {
  return /^[\x21-\x7e]{1,256}$/.test(text)
}
