const MAX_CHARACTERS = 10 * 1024 * 1024

/** Parses a stream of JSON objects that follow each other without framing. */
export class JsonStream {
  #text = ''
  #isBroken = false

  /** The input is not JSON, or it is too large. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Adds input and returns the objects that are complete now. */
  add(piece: string): unknown[] {
    this.#text += piece
    const values: unknown[] = []
    for (let end = endOfFirst(this.#text); end !== null; end = endOfFirst(this.#text)) {
      try {
        values.push(JSON.parse(this.#text.slice(0, end)))
      } catch {
        this.#isBroken = true
        return values
      }
      this.#text = this.#text.slice(end)
    }
    const starts = this.#text.trimStart()
    this.#isBroken = (starts !== '' && !starts.startsWith('{')) || starts.length > MAX_CHARACTERS
    return values
  }
}

/** The end of the first object; null if it is incomplete. */
function endOfFirst(text: string): number | null {
  let depth = 0
  let isQuoted = false
  for (let n = 0; n < text.length; n++) {
    const char = text[n]
    if (isQuoted && char === '\\') n += 1
    else if (char === '"') isQuoted = !isQuoted
    else if (!isQuoted && char === '{') depth += 1
    else if (!isQuoted && char === '}') {
      depth -= 1
      if (depth <= 0) return n + 1
    }
  }
  return null
}
