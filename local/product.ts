import { mkdirSync } from 'node:fs'
import { errorFields } from '../adapters/log/telemetry.ts'
import type { Store } from '../core/ports/ports.ts'
import { startControl } from './control.ts'
import { linkFunctions, startQueues, startTable, type Emulators } from './emulators.ts'
import { refuseSecond, removeEndpoints, writeEndpoints, type Endpoints } from './endpoints.ts'
import { loadFunctions, type Functions } from './functions.ts'
import { TENANT, keepKeys } from './keys.ts'
import { startLoop } from './loop.ts'
import { readNodesFile } from './nodes-file.ts'
import { Parts } from './parts.ts'
import { LocalError } from './problem.ts'
import { startPoller } from './poller.ts'
import { startRelay } from './relay.ts'
import { startServer } from './server.ts'
import { pathsIn, type Settings } from './settings.ts'
import { startSimulation, type OpenWorld, type Simulation } from './simulation.ts'
import { wiring } from '../functions/wiring.ts'

/** In parallel, so that one slow message does not hold up the queue. */
const POLLERS_PER_QUEUE = 2
const OWNER_ONLY = 0o700

/** The running product. */
export type Product = { readonly endpoints: Endpoints; stop(): Promise<void> }

type Api = (request: Request) => Promise<Response>

/**
 * Starts everything on 127.0.0.1 and sweeps once: the emulators, the simulated node or the nodes of a file,
 * and the functions behind their queues, schedule and HTTP. Only one per process, because the functions are
 * linked through its environment. If a setting does not fit, throws an error that `problem.ts` can explain,
 * and nothing runs. `open` opens the simulated world; default: in its file.
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
    throw new LocalError(`NODES_FILE: no node lists the tenant "${TENANT}", which owns the keys created here`)
  mkdirSync(dataDir, { recursive: true, mode: OWNER_ONLY })
  const paths = pathsIn(dataDir)
  await refuseSecond(dataDir)
  // Take the port first, so that a second start does not touch the first one's data. Requests wait for the
  // rest.
  const ready = Promise.withResolvers<Api>()
  const api = parts.add(await startServer(settings.port, async (request) => (await ready.promise)(request)), (server) =>
    server.close(),
  )
  const table = parts.add(await startTable(paths.table), (part) => part.close())
  const queues = parts.add(await startQueues(), (part) => part.close())
  const simulation =
    nodes === null
      ? parts.add(await startSimulation(paths.world, TENANT, settings.blockSeconds, open), (part) => part.close())
      : null
  linkFunctions({ table, queues }, nodes ?? [simulation?.entry], settings.policy, settings.requestsPerSecond)
  const functions = await loadFunctions()
  const keys = await keepKeys(paths.keys, functions.store)
  await functions.reconcile()
  ready.resolve(functions.api)
  startConsumers(functions, { table, queues }, settings, parts)
  // Registered again so that it closes before everything that its requests need.
  parts.add(api, (server) => server.close())
  const sim = simulation === null ? null : await startControls(simulation, api.url, paths.relay, parts)
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

/** Starts the queue pollers and the sweep schedule. */
function startConsumers(functions: Functions, { queues }: Emulators, settings: Settings, parts: Parts): void {
  for (const name of ['work', 'nodeEvents', 'webhooks'] as const) {
    const queue = queues.queues[name]
    const handler = functions[wiring.queues[name].feeds]
    for (let n = 0; n < POLLERS_PER_QUEUE; n += 1) {
      const poller = startPoller(queues.client, queue, handler, reporterOf(`queue ${name}`))
      parts.add(poller, (part) => part.stop())
    }
  }
  const sweep = async (): Promise<boolean> => {
    await functions.reconcile()
    return false
  }
  const schedule = startLoop(settings.sweepSeconds * 1000, sweep, reporterOf('reconcile'))
  parts.add(schedule, (part) => part.stop())
}

/** Starts the relay beside the simulated node and the server for its commands; returns that server's address. */
async function startControls({ live, relayKey }: Simulation, api: string, path: string, parts: Parts): Promise<string> {
  const relay = startRelay({ live, api, relayKey, path }, reporterOf('relay'))
  parts.add(relay, (part) => part.stop())
  return parts.add(await startControl(live), (part) => part.close()).url
}

async function channelsOf(simulation: Simulation | null, store: Store): Promise<string[]> {
  if (simulation === null) return []
  const seen = await store.item('node', simulation.entry.name)
  const open = new Set(seen?.value.channelIds ?? [])
  return simulation.live.node.channels().flatMap(({ channelId }) => (open.has(channelId) ? [channelId] : []))
}

/** Prints what failed but not the error's message, which may hold secrets. */
function reporterOf(what: string): (error: unknown) => void {
  return (error) => {
    const { error: name, at } = errorFields(error)
    process.stderr.write(`${what}: ${name} ${at}\n`)
  }
}
