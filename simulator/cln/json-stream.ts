const MAX_CHARACTERS = 10 * 1024 * 1024

/** JSON objects that follow each other without a frame. */
export class JsonStream {
  #text = ''
  #isBroken = false

  /** What came is not JSON, or too much of it. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Takes the next piece; answers the objects that are whole now. */
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

/** Where the first object ends; null: it does not yet. */
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
