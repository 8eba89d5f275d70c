import { mkdirSync } from 'node:fs'
import * as z from 'zod'
import type { Store } from '../core/ports/ports.ts'
import { ConsumersGiven, reporterOf, startConsumers } from './consumers.ts'
import { startControl } from './control.ts'
import { Emulators, linkFunctions, startEmulators } from './emulators.ts'
import { refuseSecond, removeEndpoints, writeEndpoints, type Endpoints } from './endpoints.ts'
import { loadFunctions } from './functions.ts'
import { TENANT, keepKeys } from './keys.ts'
import { readNodesFile } from './nodes-file.ts'
import { Parts } from './parts.ts'
import { LocalError } from './problem.ts'
import { startRelay } from './relay.ts'
import { startServer } from './server.ts'
import { pathsIn, type Settings } from './settings.ts'
import { startSimulation, type OpenWorld, type Simulation } from './simulation.ts'
import { startThread } from './thread.ts'

const OWNER_ONLY = 0o700

/** The running product. */
export type Product = { readonly endpoints: Endpoints; stop(): Promise<void> }

export type ProductOptions = {
  /** Opens the simulated world; default: in its file. */
  readonly open?: OpenWorld
  /** Everything runs in the main thread, so that one profile shows it. */
  readonly inOneThread?: boolean
}

type Api = (request: Request) => Promise<Response>

/**
 * Starts everything on 127.0.0.1 and sweeps once: the emulators, the simulated node or the nodes of a file,
 * and the functions behind their queues, schedule and HTTP. Only one per process, because the functions are
 * linked through its environment. If a setting does not fit, throws an error that `problem.ts` can explain,
 * and nothing runs. The emulators and everything but the API have threads of their own, so that the API answers whatever else is to
 * be done.
 */
export async function startProduct(settings: Settings, options: ProductOptions = {}): Promise<Product> {
  const parts = new Parts()
  try {
    const endpoints = await start(settings, parts, options)
    return { endpoints, stop: () => parts.stop() }
  } catch (error) {
    await parts.stop()
    throw error
  }
}

async function start(
  settings: Settings,
  parts: Parts,
  { open, inOneThread = false }: ProductOptions,
): Promise<Endpoints> {
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
  const path = paths.table
  const emulators = parts.add(
    await (inOneThread ? startEmulators({ path }) : startThread('emulators-thread.ts', { path }, Emulators)),
    (part) => part.stop(),
  ).says
  const simulation =
    nodes === null
      ? parts.add(await startSimulation(paths.world, TENANT, settings.blockSeconds, open), (part) => part.close())
      : null
  linkFunctions(emulators, nodes ?? [simulation?.entry], settings.policy, settings.requestsPerSecond)
  const functions = await loadFunctions()
  const keys = await keepKeys(paths.keys, functions.store)
  await functions.reconcile()
  ready.resolve(functions.api)
  const given: z.infer<typeof ConsumersGiven> = { queues: emulators.queues, sweepSeconds: settings.sweepSeconds }
  parts.add(await (inOneThread ? startConsumers(given) : startThread('consumers-thread.ts', given, z.null())), (part) =>
    part.stop(),
  )
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
    table: emulators.table.endpoint,
    queues: emulators.queues.endpoint,
  }
  writeEndpoints(dataDir, endpoints)
  parts.add(dataDir, async () => removeEndpoints(dataDir))
  return endpoints
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
