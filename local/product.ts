import { mkdirSync } from 'node:fs'
import { errorFields } from '../adapters/log/telemetry.ts'
import type { Store } from '../core/ports/ports.ts'
import { startControl } from './control.ts'
import type { Emulators } from './emulators.ts'
import { linkFunctions, startQueues, startTable } from './emulators.ts'
import type { Endpoints } from './endpoints.ts'
import { refuseSecond, removeEndpoints, writeEndpoints } from './endpoints.ts'
import type { Functions } from './functions.ts'
import { loadFunctions } from './functions.ts'
import { TENANT, keepKeys } from './keys.ts'
import { startLoop } from './loop.ts'
import { readNodesFile } from './nodes-file.ts'
import { Parts } from './parts.ts'
import { LocalError } from './problem.ts'
import { startPoller } from './poller.ts'
import { startRelay } from './relay.ts'
import { startServer } from './server.ts'
import type { Settings } from './settings.ts'
import { pathsIn } from './settings.ts'
import type { OpenWorld, Simulation } from './simulation.ts'
import { startSimulation } from './simulation.ts'
import { wiring } from '../functions/wiring.ts'

/** Side by side, so that one slow message does not hold up the queue. */
const POLLERS_PER_QUEUE = 2
const OWNER_ONLY = 0o700

/** The product as it runs on this machine. */
export type Product = { readonly endpoints: Endpoints; stop(): Promise<void> }

type Api = (request: Request) => Promise<Response>

/**
 * Brings everything up on 127.0.0.1 and sweeps once: the emulators, the simulated node or the nodes of a file, the functions
 * behind their queues, schedule and HTTP. One in a process: the functions are linked through its environment. Throws what
 * `problem.ts` can put into words where a setting does not fit; then nothing runs. `open`: how the simulated world is opened,
 * if not in its file.
 */
export async function startProduct(settings: Settings, open?: OpenWorld): Promise<Product> {
  const parts = new Parts()
  try {
    const endpoints = await start(settings, parts, open)
    return { endpoints, stop: () => parts.stop() }
  } catch (error) {
    await parts.stop()
    throw error
  }
}

async function start(settings: Settings, parts: Parts, open?: OpenWorld): Promise<Endpoints> {
  const { dataDir, nodesFile } = settings
  const nodes = nodesFile === null ? null : readNodesFile(nodesFile)
  if (nodes?.every(({ tenants }) => !tenants.includes(TENANT)) === true)
    throw new LocalError(
      `NODES_FILE: no node has "${TENANT}" among its tenants, whose keys are the ones made here`,
    )
  mkdirSync(dataDir, { recursive: true, mode: OWNER_ONLY })
  const paths = pathsIn(dataDir)
  await refuseSecond(dataDir)
  // The port comes first: a second start must not touch the data of the first one. Requests wait for the rest.
  const ready = Promise.withResolvers<Api>()
  const api = parts.add(
    await startServer(settings.port, async (request) => (await ready.promise)(request)),
    (server) => server.close(),
  )
  const table = parts.add(await startTable(paths.table), (part) => part.close())
  const queues = parts.add(await startQueues(), (part) => part.close())
  const simulation =
    nodes === null
      ? parts.add(await startSimulation(paths.world, TENANT, settings.blockSeconds, open), (part) =>
          part.close(),
        )
      : null
  linkFunctions({ table, queues }, nodes ?? [simulation?.entry], settings.policy)
  const functions = await loadFunctions()
  const keys = await keepKeys(paths.keys, functions.store)
  await functions.reconcile()
  ready.resolve(functions.api)
  startConsumers(functions, { table, queues }, settings, parts)
  // Once more, to be closed before all that its requests need.
  parts.add(api, (server) => server.close())
  const sim = simulation === null ? null : await startLevers(simulation, api.url, paths.relay, parts)
  const endpoints: Endpoints = {
    pid: process.pid,
    api: api.url,
    ...keys,
    sim,
    esplora: simulation?.esploraUrl ?? null,
    node: simulation?.entry.name ?? null,
    nodeUrl: simulation?.nodeUrl ?? null,
    channels: await channelsOf(simulation, functions.store),
    table: table.endpoint,
    queues: queues.endpoint,
  }
  writeEndpoints(dataDir, endpoints)
  parts.add(dataDir, async () => removeEndpoints(dataDir))
  return endpoints
}

/** Queues feed functions, and the schedule sweeps. */
function startConsumers(functions: Functions, { queues }: Emulators, settings: Settings, parts: Parts): void {
  for (const name of ['work', 'nodeEvents', 'webhooks'] as const) {
    const queue = queues.queues[name]
    const handler = functions[wiring.queues[name].feeds]
    for (let n = 0; n < POLLERS_PER_QUEUE; n += 1) {
      const poller = startPoller(queues.client, queue, handler, complainOf(`queue ${name}`))
      parts.add(poller, (part) => part.stop())
    }
  }
  const sweep = async (): Promise<boolean> => {
    await functions.reconcile()
    return false
  }
  const schedule = startLoop(settings.sweepSeconds * 1000, sweep, complainOf('reconcile'))
  parts.add(schedule, (part) => part.stop())
}

/** The relay beside the simulated node, and the server of its levers; answers the latter's address. */
async function startLevers(
  { live, relayKey }: Simulation,
  api: string,
  path: string,
  parts: Parts,
): Promise<string> {
  const relay = startRelay({ live, api, relayKey, path }, complainOf('relay'))
  parts.add(relay, (part) => part.stop())
  return parts.add(await startControl(live), (part) => part.close()).url
}

async function channelsOf(simulation: Simulation | null, store: Store): Promise<string[]> {
  if (simulation === null) return []
  const seen = await store.item('node', simulation.entry.name)
  const open = new Set(seen?.value.channelIds ?? [])
  return simulation.live.node.channels().flatMap(({ channelId }) => (open.has(channelId) ? [channelId] : []))
}

/** Says what failed, not why in the error's own words: they may hold what nobody should read. */
function complainOf(what: string): (error: unknown) => void {
  return (error) => {
    const { error: name, at } = errorFields(error)
    process.stderr.write(`${what}: ${name} ${at}\n`)
  }
}
