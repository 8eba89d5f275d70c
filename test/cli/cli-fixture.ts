import { childEnvironment } from '../../harness/child-environment.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { run as runCommand } from '../../cli/run.ts'
import type { World } from '../../harness/api/world.ts'
import { NOW } from '../../harness/api/values.ts'
import { aService, type Service } from '../../harness/api/http-api.ts'

const start = fileURLToPath(new URL('../../cli/start.ts', import.meta.url))

/** What a command printed, and what it ended with. */
export type Ended = { readonly exit: number | null; readonly out: string; readonly err: string }

/** The command as a process of its own, with this environment and no more. */
export async function spawned(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [start, ...words], {
    env: { ...childEnvironment(), DATA_DIR: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exit: child.exitCode, out, err }
}

/** What a command waits for in a test: nothing but what the test does meanwhile. */
export type Meanwhile = (milliseconds: number, pauses: number) => Promise<void> | void

/** The API of a world on a socket, and commands that ask it with a key: in this process, whose pauses are a test's, or spawned. */
export async function aDesk(world: World, meanwhile: Meanwhile = () => undefined) {
  const service = await aService(world.deps, () => NOW)
  const environmentWith = (key: string) => ({ SPLICEKEEPER_URL: service.url, SPLICEKEEPER_KEY: key })
  const spawn = (words: readonly string[], key = world.keys.operator): Promise<Ended> =>
    spawned(words, environmentWith(key))
  const run = async (
    words: readonly string[],
    { key = world.keys.operator, isTerminal = false } = {},
  ): Promise<Ended> => {
    const said = { out: '', err: '' }
    let pauses = 0
    const exit = await runCommand(words, {
      out: (chunk) => void (said.out += chunk),
      err: (chunk) => void (said.err += chunk),
      isTerminal,
      environment: environmentWith(key),
      pause: async (milliseconds) => meanwhile(milliseconds, (pauses += 1)),
      id: () => 'fresh',
      fetch: (input, init) => fetch(input, init),
    })
    return { exit, ...said }
  }
  return { service, run, spawn }
}

/** The first request has its effect, and its answer is lost; the others are answered. */
export function losesAnswers(service: Service, count: number): void {
  let losses = count
  service.instead = async (real) => {
    const answer = await real()
    if (losses-- <= 0) return answer
    return new Response('the answer is lost on the way', { status: 504 })
  }
}
