/** @import { Page } from './page.js' */
import { nodesPage } from './nodes-page.js'
import { splicePage } from './splice-page.js'
import { splicesPage } from './splices-page.js'
import { FILTERS } from './words.js'

/**
 * The page for the fragment of the URL.
 *
 * @param {string} hash
 * @returns {Page}
 */
export function pageAt(hash) {
  const [path = '', query = ''] = hash.slice(1).split('?')
  const [, first = '', second = ''] = path.split('/')
  if (first === 'nodes') return nodesPage()
  if (first === 'splices' && second !== '') return splicePage(decoded(second))
  const status = new URLSearchParams(query).get('status')
  return splicesPage(FILTERS.find((each) => each === status) ?? '')
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
