import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { startBitcoindServer } from '../../simulator/chain/bitcoind-server.ts'
import { startClnServer } from '../../simulator/cln/server.ts'
import { createWorld, simulatedChainPort, type World } from '../../simulator/world/world.ts'
import { METHODS } from '../../harness/nodes/cln-nodes.ts'
import { temporaryFolder } from '../../harness/local-product.ts'

const COMMAND = fileURLToPath(new URL('../../interop/command.ts', import.meta.url))
const TICK_MS = 20
const AWAY_MS = 300

/** A simulated Core Lightning and its chain on the wall clock, and the environment that names them to the interop command. */
export type InteropNode = {
  readonly world: World
  readonly overSocket: Readonly<Record<string, string>>
  readonly overRest: Readonly<Record<string, string>>
}

export async function anInteropNode(): Promise<InteropNode> {
  const world = createWorld({
    seed: 'interop',
    startAt: Date.now(),
    nodes: [],
    clnNodes: [{ name: 'alice', channels: [{}], reconnectMs: AWAY_MS }],
  })
  const node = world.clnNode('alice')
  const tick = (): void => world.advanceTo(Math.max(world.now(), Date.now()))
  const ticks = setInterval(tick, TICK_MS)
  onTestFinished(() => clearInterval(ticks))
  const rune = node.createRune([METHODS.map((method) => `method=${method}`)])
  const cln = await startClnServer({ node, rune })
  onTestFinished(() => cln.close())
  const login = { user: 'interop', password: 'of-a-test' }
  const bitcoind = await startBitcoindServer({
    source: simulatedChainPort(world.chain),
    chain: world.chain,
    ...login,
  })
  onTestFinished(() => bitcoind.close())
  const levers: Readonly<Record<string, (blocks: number) => void>> = {
    '/mine': (blocks) => world.mine(blocks),
    '/disconnect': () => node.disconnectPeer({ returnsAfterMs: AWAY_MS }),
    '/restart': () => node.kill({ startsAfterMs: AWAY_MS }),
  }
  const operator = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://operator')
    tick()
    levers[url.pathname]?.(Number(url.searchParams.get('blocks') ?? 1))
    // As an operator's command, it is over when the node runs again.
    const waiting = setInterval(() => {
      if (!node.alive) return
      clearInterval(waiting)
      response.end()
    }, TICK_MS)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void operator.close())
  await once(operator, 'listening')
  const address = operator.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const lever = (path: string): string => `curl -sSf "http://127.0.0.1:${port}/${path}"`
  const ca = join(temporaryFolder(), 'ca.pem')
  writeFileSync(ca, cln.ca)
  const common = {
    INTEROP_NODE_ID: node.nodeId,
    INTEROP_CHANNEL: node.channels()[0]?.channelId ?? '',
    INTEROP_BITCOIND_URL: bitcoind.url,
    INTEROP_BITCOIND_USER: login.user,
    INTEROP_BITCOIND_PASSWORD: login.password,
    INTEROP_MINE: lever('mine?blocks=$BLOCKS'),
    INTEROP_DISCONNECT: lever('disconnect'),
    INTEROP_RESTART: lever('restart'),
  }
  const judge = node.createRune([['method=listpeerchannels', 'method=listchainmoves']])
  return {
    world,
    overSocket: { ...common, INTEROP_SOCKET: cln.socketPath },
    overRest: {
      ...common,
      INTEROP_URL: cln.url,
      INTEROP_CA: ca,
      INTEROP_RUNE: rune,
      INTEROP_JUDGE_RUNE: judge,
    },
  }
}

/** Runs `npm run interop -- <words>`; answers its exit code and what it printed. */
export async function interop(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: unknown; readonly out: string; readonly complaint: string }> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('INTEROP_'))
  const child = spawn(process.execPath, [COMMAND, ...words], {
    env: { ...Object.fromEntries(own), ...environment },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const ended: unknown[] = await once(child, 'close')
  return { code: ended[0], out, complaint }
}
