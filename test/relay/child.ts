import { childEnvironment } from '../../harness/child-environment.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A process that does nothing, under a name of its own, and lives until the test is over. */
export type Idle = { readonly pid: number; readonly kill: () => Promise<void> }

/** Starts a program of this name in a folder. */
export async function anIdleProcess(folder: string, name: string): Promise<Idle> {
  const program = join(folder, name)
  copyFileSync('/bin/cat', program)
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  // What it repeats shows that it is the program, and no longer a copy of us.
  child.stdin.write('ready')
  await once(child.stdout, 'data')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  return { pid: child.pid ?? 0, kill }
}

/** The command `npm run relay` in a process of its own. */
export type RelayProcess = {
  /** Resolves once a line with this text was printed. */
  readonly said: (text: string) => Promise<void>
  readonly lines: () => string[]
  /** Ends it as an operator does; answers the exit code. */
  readonly end: () => Promise<number>
  readonly exited: Promise<number>
}

/** Starts the command with this environment and no other. */
export function startRelayProcess(environment: Record<string, string>, ...args: string[]): RelayProcess {
  const script = new URL('../../relay/start.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...childEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const looks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      text += chunk
      for (const look of looks) look()
    })
  }
  const exited = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1))
  })
  const end = async (): Promise<number> => {
    child.kill('SIGTERM')
    return exited
  }
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const said = (words: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!text.includes(words)) return
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      look()
    })
  return { said, lines: () => text.split('\n').filter((line) => line !== ''), end, exited }
}
