import { Misconfigured } from '../adapters/misconfigured.ts'

/** What whoever started a command can mend. The message says how, and holds no secret. */
export class LocalError extends Error {
  override readonly name = 'LocalError'
}

/** What to print of an error: of ours the message, of others all there is. */
export function textOf(error: unknown): string {
  if (error instanceof LocalError || error instanceof Misconfigured) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Whether an error of the system has a code, for example `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
