import { Misconfigured } from '../adapters/misconfigured.ts'

/** A mistake that the user of a command can fix. The message says how, and holds no secret. */
export class LocalError extends Error {
  override readonly name = 'LocalError'
}

/** The text to print for an error: the message of ours, everything of others. */
export function textOf(error: unknown): string {
  if (error instanceof LocalError || error instanceof Misconfigured) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Whether a system error has a code, for example `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
