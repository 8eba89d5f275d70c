import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { LocalError, hasCode } from './problem.ts'

/** Files that may hold keys are readable only by their owner. */
const OWNER_ONLY = 0o600

/** Writes a file completely or not at all, whenever the process is killed. */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.new`
  writeFileSync(draft, text, { mode: OWNER_ONLY })
  renameSync(draft, path)
}

/** The text of a file; null if there is none. */
export function textIn(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

/** Reads one of our JSON files; null if there is none. Throws LocalError naming file and field if it does not fit. */
export function jsonIn<T>(path: string, schema: z.ZodType<T>): T | null {
  const text = textIn(path)
  if (text === null) return null
  const parsed = schema.safeParse(jsonOf(path, text))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new LocalError(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`)
}

/** Parses JSON. The parser's own message would quote the text, so errors name only the position. */
export function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const place = /line \d+ column \d+/.exec(error instanceof Error ? error.message : '')?.[0]
    throw new LocalError(`${path}: is not JSON${place === undefined ? '' : ` (${place})`}`)
  }
}
