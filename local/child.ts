import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { readEndpoints, type Endpoints } from './endpoints.ts'
import { until } from './until.ts'

const START = fileURLToPath(new URL('start.ts', import.meta.url))
const START_MS = 30_000
const STOP_MS = 15_000

/** The local product in its own process. */
export type Child = {
  readonly endpoints: Endpoints
  /** Everything printed so far. */
  output(): string
  /** Sends a signal and waits for the process to end; returns the exit code, or null if the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** The product did not start. `code` is its exit code, `output` what it printed. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted'
  readonly code: number | null
  readonly output: string

  constructor(code: number | null, output: string) {
    super(`the product did not start (${code ?? 'killed'}): ${output}`)
    this.code = code
    this.output = output
  }
}

/**
 * Starts the local product on a data directory, by `start.ts` or another script that starts it. Throws
 * NotStarted if it ends before it is up.
 */
export async function startChild(
  dataDir: string,
  environment: Readonly<Record<string, string>> = {},
  { script = START, startMs = START_MS }: { readonly script?: string; readonly startMs?: number } = {},
): Promise<Child> {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const ended = once(child, 'close')
  // The child must not outlive the process that started it.
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  void ended.then(() => process.off('exit', kill))
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null

  const endpoints = await until('the product to start', startMs, () => {
    if (hasEnded()) return 'ended'
    const written = readEndpoints(dataDir)
    return written?.pid === child.pid ? written : null
  }).catch(async (error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  if (endpoints === 'ended') {
    await ended
    throw new NotStarted(child.exitCode, output)
  }
  return {
    endpoints,
    output: () => output,
    async end(signal) {
      const cut = setTimeout(kill, STOP_MS)
      child.kill(signal)
      if (!hasEnded()) await ended
      clearTimeout(cut)
      return child.exitCode
    },
  }
}
