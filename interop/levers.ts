import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const LEVER_MS = 120_000

/** What only an operator can do, as shell commands; null: not given. */
export type Commands = {
  /** Mines as many blocks as `$BLOCKS` says. */
  readonly mine: string | null
  /** Drops the connection to the channel's peer. */
  readonly disconnect: string | null
  /** Kills the node's process, and starts it again. */
  readonly restart: string | null
}

export type LeverName = keyof Commands

/** Pulls a lever. Throws with what the command printed to stderr where it fails, or takes over two minutes. */
export async function pull(commands: Commands, name: LeverName, blocks = 1): Promise<void> {
  const command = commands[name]
  if (command === null) throw new Error(`no command for ${name}`)
  const env = { ...process.env, BLOCKS: String(blocks) }
  await run('sh', ['-c', command], { env, timeout: LEVER_MS }).catch((error: unknown) => {
    const told = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new Error(`the command for ${name} failed${told === '' ? '' : `: ${told.slice(0, 300)}`}`)
  })
}
