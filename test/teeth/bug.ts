/** A change of one file's text: what stands there once, and what stands there instead. */
export type Replacement = {
  /** Path from the root of the repository. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/**
 * A mistake that somebody could make in the product. Where two places guard against the same thing, both are changed: the
 * mistake is to do without the guard, wherever it stands.
 */
export type Bug = {
  readonly name: string
  readonly replacements: readonly Replacement[]
  /** What goes wrong in the world because of it. */
  readonly why: string
}

/** A bug whose text is not, or not only once, where it says. */
export class BugOutdated extends Error {
  override readonly name = 'BugOutdated'
}

/** The source of a file with a bug in it. Throws {@link BugOutdated} unless each text stands there exactly once. */
export function planted(bug: Bug, file: string, source: string): string {
  return bug.replacements
    .filter((replacement) => replacement.file === file)
    .reduce((text, { find, replace }) => {
      const pattern = patternOf(find)
      const times = [...text.matchAll(pattern)].length
      if (times !== 1) throw new BugOutdated(`${bug.name}: its text stands ${times} times in ${file}: ${find}`)
      return text.replace(pattern, () => replace)
    }, source)
}

/** The same code, however the formatter breaks its lines: white space and a comma before a closing bracket may differ. */
function patternOf(code: string): RegExp {
  const tokens = code.match(/\w+|[^\w\s]/g) ?? []
  const escaped = tokens.map((token) => {
    const text = token.replace(/[^\w\s]/, '\\$&')
    return /[)\]}]/.test(token) ? `,?\\s*${text}` : text
  })
  return new RegExp(escaped.join('\\s*'), 'g')
}

/** The files that a bug changes. */
export function filesOf(bug: Bug): string[] {
  return [...new Set(bug.replacements.map(({ file }) => file))]
}
