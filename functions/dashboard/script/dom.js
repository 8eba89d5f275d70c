/** @typedef {Node | string | null} Leaf null adds nothing */
/** @typedef {Leaf | readonly (Leaf | readonly Leaf[])[]} Child */
/** @typedef {Readonly<Record<string, string | number | boolean | null>>} Attributes */

/**
 * Creates an element. Strings become text, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} attributes null and false leave an attribute out
 * @param {readonly Child[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  append(element, children)
  return element
}

/**
 * @param {Element} parent
 * @param {readonly Child[]} children
 */
function append(parent, children) {
  for (const child of children) {
    if (child === null) continue
    if (child instanceof Node || typeof child === 'string') parent.append(child)
    else append(parent, child)
  }
}

/**
 * The element of the page with an id.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new Error(`no ${id} on the page`)
}

/**
 * Updates the children of an element and reuses every node it can, which keeps the focus, the selection and
 * the position of a screen reader. `data-key` identifies an element among its siblings.
 *
 * @param {Element} current
 * @param {Element} wanted its children are moved or discarded
 */
export function patchChildren(current, wanted) {
  const keyed = new Map([...current.children].flatMap((each) => entryOf(each)))
  let place = current.firstChild
  for (const next of [...wanted.childNodes]) {
    const kept = match(next, place, keyed)
    if (kept === null) {
      current.insertBefore(next, place)
      continue
    }
    if (kept === place) place = place.nextSibling
    else current.insertBefore(kept, place)
    patchNode(kept, next)
  }
  while (place !== null) {
    const rest = place.nextSibling
    place.remove()
    place = rest
  }
}

/**
 * @param {Element} element
 * @returns {[string, Element][]}
 */
function entryOf(element) {
  const key = keyOf(element)
  return key === null ? [] : [[key, element]]
}

/**
 * @param {Node} node
 * @returns {string | null}
 */
function keyOf(node) {
  return node instanceof Element ? node.getAttribute('data-key') : null
}

/**
 * @param {Node} next
 * @param {ChildNode | null} place
 * @param {ReadonlyMap<string, Element>} keyed
 * @returns {ChildNode | null}
 */
function match(next, place, keyed) {
  const key = keyOf(next)
  if (key !== null) {
    const known = keyed.get(key) ?? null
    return known?.nodeName === next.nodeName ? known : null
  }
  return place !== null && keyOf(place) === null && place.nodeName === next.nodeName ? place : null
}

/**
 * @param {Node} current
 * @param {Node} wanted
 */
function patchNode(current, wanted) {
  if (!(current instanceof Element) || !(wanted instanceof Element)) {
    if (current.nodeValue !== wanted.nodeValue) current.nodeValue = wanted.nodeValue
    return
  }
  for (const { name } of [...current.attributes]) if (!wanted.hasAttribute(name)) current.removeAttribute(name)
  for (const { name, value } of wanted.attributes)
    if (current.getAttribute(name) !== value) current.setAttribute(name, value)
  patchChildren(current, wanted)
}
