import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { childEnvironment } from '../../harness/child-environment.ts'
import { addressOf } from '../../local/emulators.ts'
import { until } from '../../local/until.ts'
import { temporaryFolder } from '../../harness/local-product.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const START_MS = 60_000
const SHOWN_MS = 60_000
/** Commands that change nothing: who does not see what is shown yet may run them again. */
const LOOKS = /^(cat|splicekeeper (show|list|events|nodes|webhooks test)|npm run -s sim -- (submissions|payouts))\b/

type Step = { readonly commands: string; readonly shown: readonly string[] }

/** The commands of the guide, each block with the output that it shows. */
function stepsOf(guide: string): Step[] {
  const blocks = [...guide.matchAll(/^```(sh|text)\n([^]*?)^```$/gm)].map(([, kind, text = '']) => ({
    kind,
    text,
  }))
  return blocks.flatMap(({ kind, text }, n) => {
    const next = blocks[n + 1]
    const shown = next?.kind === 'text' ? next.text.trimEnd().split('\n') : []
    return kind === 'sh' ? [{ commands: text, shown }] : []
  })
}

/** The first line that is shown and was not printed after those before it; null: all of them were. */
function missing(shown: readonly string[], printed: string): string | null {
  const lines = printed.replaceAll('\u202f', ' ').split('\n')
  let from = 0
  for (const line of shown) {
    const parts = line.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const pattern = new RegExp(`^${parts.join('.*')}$`)
    const at = lines.findIndex((each, n) => n >= from && pattern.test(each))
    if (at === -1) return line
    from = at + 1
  }
  return null
}

/** A folder in which the project is as in a clone, without what others run in it. */
function aClone(): string {
  const folder = join(temporaryFolder(), 'splicekeeper')
  mkdirSync(folder)
  for (const name of readdirSync(root)) if (name !== '.local') symlinkSync(join(root, name), join(folder, name))
  return folder
}

/** A process and what it starts, gone when the test is over. */
function started(folder: string, command: string, words: readonly string[]): ChildProcess {
  const given = childEnvironment()
  const PATH = `${join(root, 'node_modules/.bin')}:${given['PATH'] ?? ''}`
  const { HOME = '' } = process.env
  // A port that nobody has, and blocks that come quicker: the guide does not depend on either.
  const env = { ...given, PATH, HOME, PORT: '0', BLOCK_SECONDS: '2' }
  const child = spawn(command, [...words], { cwd: folder, env, detached: true, stdio: 'pipe' })
  onTestFinished(() => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  })
  return child
}

/** A terminal: runs a block of commands; answers what it printed, and whether all of them succeeded. */
function aTerminal(folder: string) {
  const bash = started(folder, 'bash', ['--noprofile', '--norc'])
  let printed = ''
  let ended = false
  const heard = (chunk: unknown) => void (printed += String(chunk))
  bash.stdout?.setEncoding('utf8').on('data', heard)
  bash.stderr?.setEncoding('utf8').on('data', heard)
  void once(bash, 'exit').then(() => (ended = true))
  bash.stdin?.write("set -o pipefail; trap 'FAILED=1' ERR\n")
  return async (commands: string): Promise<{ readonly printed: string; readonly isDone: boolean }> => {
    printed = ''
    bash.stdin?.write(`${commands}\necho "<failed:$FAILED>"; FAILED=\n`)
    const [, text = '', failed] = await until(commands, SHOWN_MS, () => {
      if (ended) throw new Error(`the terminal is gone: ${printed}`)
      return /^([^]*)<failed:(1?)>\n/.exec(printed)
    })
    return { printed: text, isDone: failed === '' }
  }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = new URL(addressOf(server))
  server.close()
  return port
}

/** Runs a step until it shows what the guide says; but once what is not to be done twice. */
async function follow(run: ReturnType<typeof aTerminal>, { commands, shown }: Step): Promise<void> {
  const tried = { printed: '', missing: '' }
  const look = async (): Promise<true | null> => {
    const { printed, isDone } = await run(commands)
    const lacks = isDone ? missing(shown, printed) : 'success'
    Object.assign(tried, { printed, missing: lacks })
    return lacks === null ? true : null
  }
  const limitMs = commands.split('\n').every((line) => line === '' || LOOKS.test(line)) ? SHOWN_MS : 0
  await until(commands, limitMs, look).catch(() => {
    throw new Error(`${commands}\nprinted\n\n${tried.printed}\nwithout: ${tried.missing}`)
  })
}

test('the local part of the guide does what it says, from the first command to the last', async () => {
  const guide = readFileSync(join(root, 'docs/guide.md'), 'utf8')
  const [start, ...steps] = stepsOf(guide.replaceAll('8080', await freePort()))
  expect(start).toEqual({ commands: 'npm start\n', shown: [] })
  expect(steps.length).toBeGreaterThan(10)
  const folder = aClone()
  const product = started(folder, 'bash', ['-c', start?.commands ?? ''])
  product.stdout?.resume()
  product.stderr?.resume()
  await until('npm start', START_MS, () => (existsSync(join(folder, '.local/endpoints.json')) ? true : null))
  const run = aTerminal(folder)
  for (const step of steps) await follow(run, step)
}, 240_000)

test('a line that is not printed, or not in this order, is missed', () => {
  const printed = 'id  spl_1\nstatus  settled\n'
  expect(missing(['id  spl_…', 'status  settled'], printed)).toBeNull()
  expect(missing(['status  settled', 'id  …'], printed)).toBe('id  …')
  expect(missing(['status  failed'], printed)).toBe('status  failed')
  expect(missing(['status'], printed)).toBe('status')
})
