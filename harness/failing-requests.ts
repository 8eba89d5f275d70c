import { once } from 'node:events'
import { createServer, request as onward } from 'node:http'
import { diceFrom } from './dice.ts'

/**
 * Says which requests fail, at a rate, by a seed: whether the nth request of a name fails does not depend on what was
 * asked at the same time. Nothing fails before `start`.
 */
export function failingRequests(seed: string, rate: number) {
  const asked = new Map<string, number>()
  let started = false
  let failed = 0
  return {
    start: () => void (started = true),
    failed: () => failed,
    fails: (name: string): boolean => {
      if (!started) return false
      const times = (asked.get(name) ?? 0) + 1
      asked.set(name, times)
      if (!diceFrom(`${seed} ${name} ${times}`).chance(rate)) return false
      failed += 1
      return true
    },
  }
}

/** A proxy that resets the connection of each request that is to fail. */
export async function failingProxy(target: string, fails: (name: string) => boolean) {
  const server = createServer((incoming, response) => {
    const { url = '', method = '', headers } = incoming
    if (fails(`${method} ${url}`)) return void incoming.socket.destroy()
    const sent = onward(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    sent.once('error', () => response.destroy())
    incoming.pipe(sent)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
