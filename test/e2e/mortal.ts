import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { readEndpoints, type Endpoints } from '../../local/endpoints.ts'
import { until } from '../../local/until.ts'

const START = fileURLToPath(new URL('../../local/start.ts', import.meta.url))
const START_MS = 60_000
/** Below what systems give to whoever asks for any port: nobody takes it while the product is dead. */
const PORTS = { first: 20_000, count: 12_000 }

/** One life of the product, from its start to its kill. */
export type Life = {
  /** Where it listens; null: it was killed before it was up. Throws where it ended by itself. */
  readonly up: Promise<Endpoints | null>
  /** SIGKILL, and its end. */
  kill(): Promise<void>
}

/**
 * The local product on one data directory and one port, started again and again, and killed at any moment: also while it
 * starts, which `startChild` does not let its caller do.
 */
export class Mortal {
  readonly folder: string
  readonly port: number
  lives = 0
  #output = ''
  #life: Life | null = null

  constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
  }

  get api(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What all lives have printed. */
  get output(): string {
    return this.#output
  }

  /** Starts it. The one before must have ended. */
  launch(): Life {
    this.lives += 1
    const env = { DATA_DIR: this.folder, PORT: String(this.port), BLOCK_SECONDS: '0', NODES_FILE: '' }
    const child = spawn(process.execPath, [START], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    const ended = once(child, 'close')
    const sigkill = (): void => void child.kill('SIGKILL')
    process.once('exit', sigkill)
    void ended.then(() => process.off('exit', sigkill))
    let killed = false
    const up = until('the product to start', START_MS, () => {
      if (killed) return 'killed'
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the product ended by itself (${child.exitCode ?? child.signalCode}): ${this.#output}`)
      const written = readEndpoints(this.folder)
      return written?.pid === child.pid ? written : null
    }).then((found) => (found === 'killed' ? null : found))
    this.#life = {
      up,
      async kill() {
        killed = true
        sigkill()
        await ended
      },
    }
    return this.#life
  }

  /** Nothing of it is left. */
  async end(): Promise<void> {
    await this.#life?.kill()
  }
}

/** A port that is free, and stays so. */
export async function quietPort(fraction: () => number): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(fraction() * PORTS.count)
    const server = createServer()
    const bound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!bound) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
