import { randomBytes } from 'node:crypto'
import { startEsploraServer } from '../simulator/chain/esplora-server.ts'
import { eventsOf } from '../simulator/ldk/event-stream.ts'
import { startLdkServer } from '../simulator/ldk/server.ts'
import { parseNodes, type NodeEntry } from '../adapters/node/configured.ts'
import { NODE, openWorld, type LiveWorld } from './live-world.ts'
import { simulationAuth } from './settings.ts'

const TICK_MS = 25
const KEY_BYTES = 32

/** The simulated world and its servers, as the configured nodes see it. */
export type Simulation = {
  readonly live: LiveWorld
  readonly entry: NodeEntry
  readonly relayKey: string
  readonly nodeUrl: string
  readonly esploraUrl: string
  close(): Promise<void>
}

/** Opens a world from a file, or creates one with a seed. */
export type OpenWorld = (path: string, seed: string) => LiveWorld

/**
 * Serves a simulated node as an ldk-server (gRPC over TLS) and its chain as an Esplora (HTTP), with fresh
 * credentials per start. Time passes by itself, with a block every `blockSeconds`; 0: blocks only by command.
 */
export async function startSimulation(
  worldPath: string,
  tenant: string,
  blockSeconds: number,
  open: OpenWorld = openWorld,
): Promise<Simulation> {
  const live = open(worldPath, randomBytes(KEY_BYTES).toString('hex'))
  live.tick()
  const apiKey = randomBytes(KEY_BYTES).toString('hex')
  const relayKey = randomBytes(KEY_BYTES).toString('hex')
  const { authWindowSeconds } = simulationAuth
  const clock = { now: () => live.world.now() }
  const events = eventsOf(live.world, live.node)
  const node = await startLdkServer({ rpc: live.rpc, events, clock, apiKey, authWindowSeconds })
  const esplora = await startEsploraServer({ chain: live.chain })
  const ticks = setInterval(() => live.tick(), TICK_MS)
  const mine = (): void => live.change((world) => world.mine(1))
  const blocks = blockSeconds === 0 ? null : setInterval(mine, blockSeconds * 1000)
  const [entry] = parseNodes(
    [
      {
        kind: 'ldk-server',
        name: NODE,
        network: 'regtest',
        url: node.url,
        certificate: node.certificate,
        auth: { scheme: 'hmac', apiKey },
        ...simulationAuth,
        overlapGuard: live.node.behaviour.overlapGuard,
        tenants: [tenant],
        relayKey,
        chain: { kind: 'esplora', url: esplora.url },
      },
    ],
    'the simulated node',
  )
  if (entry === undefined) throw new Error('the simulated node has no entry')
  return {
    live,
    entry,
    relayKey,
    nodeUrl: node.url,
    esploraUrl: esplora.url,
    async close() {
      clearInterval(ticks)
      if (blocks !== null) clearInterval(blocks)
      await Promise.all([node.close(), esplora.close()])
    },
  }
}
