import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const LEVER_MS = 120_000

/** Shell commands for what only an operator can do; null if not given. */
export type Commands = {
  /** Mines `$BLOCKS` blocks. */
  readonly mine: string | null
  readonly disconnect: string | null
  readonly restart: string | null
}

export type LeverName = keyof Commands

/** Runs a lever's command. If it fails or takes over two minutes, throws with what it printed to stderr. */
export async function pull(commands: Commands, name: LeverName, blocks = 1): Promise<void> {
  const command = commands[name]
  if (command === null) throw new Error(`no command for ${name}`)
  const env = { ...process.env, BLOCKS: String(blocks) }
  await run('sh', ['-c', command], { env, timeout: LEVER_MS }).catch((error: unknown) => {
    const printed = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new Error(`the command for ${name} failed${printed === '' ? '' : `: ${printed.slice(0, 300)}`}`)
  })
}
