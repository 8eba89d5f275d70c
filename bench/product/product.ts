import { subscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { createWorld } from '../../simulator/world/world.ts'
import { liveWorldOf, NODE, type LiveWorld } from '../../local/live-world.ts'
import { writeWhole } from '../../local/files.ts'
import { startProduct } from '../../local/product.ts'
import { settingsOf, simulationAuth } from '../../local/settings.ts'

/** The local product, to be measured: `startChild` starts it. Its world has many channels and is kept nowhere. */
const Environment = z.object({
  CHANNELS: z.coerce.number().int().positive(),
  SWEEP_SECONDS: z.coerce.number().positive(),
  IN_ONE_THREAD: z.string().default(''),
})

const Started = z.object({ request: z.instanceof(ClientRequest) })

const SAMPLING_MICROSECONDS = 500

const { CHANNELS, SWEEP_SECONDS, IN_ONE_THREAD } = Environment.parse(process.env)
const settings = { ...settingsOf(process.env), sweepSeconds: SWEEP_SECONDS }
const profilePath = join(settings.dataDir, 'profile.json')

/** Writing a whole world down after each change would be most of what a long run measures. */
function inMemory(_path: string, seed: string): LiveWorld {
  const channels = Array.from({ length: CHANNELS }, () => ({ lockDepth: 6 }))
  const authWindowMs = simulationAuth.authWindowSeconds * 1000
  const nodes = [{ name: NODE, authWindowMs, channels }]
  return liveWorldOf(createWorld({ seed, startAt: Date.now(), nodes }), () => undefined)
}

/** Requests to table and queues since the start, by their names at AWS. */
const requests = new Map<string, number>()
subscribe('http.client.request.start', (message) => {
  const { request } = Started.parse(message)
  const target = request.getHeader('x-amz-target')
  const name = typeof target === 'string' ? target.slice(target.indexOf('.') + 1) : null
  if (name !== null) requests.set(name, (requests.get(name) ?? 0) + 1)
})

/** The first SIGUSR2 starts a profile of the processor, the second one ends and writes it. */
function profileOnDemand(): void {
  const session = new Session()
  session.connect()
  process.once('SIGUSR2', () => {
    void (async () => {
      await session.post('Profiler.enable')
      await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS })
      await session.post('Profiler.start')
      const start = process.cpuUsage()
      requests.clear()
      process.once('SIGUSR2', () => {
        void (async () => {
          const cpu = process.cpuUsage(start)
          const sent = Object.fromEntries(requests)
          const { profile } = await session.post('Profiler.stop')
          writeWhole(profilePath, JSON.stringify({ profile, cpu, sent }))
        })()
      })
    })()
  })
}

profileOnDemand()
await startProduct(settings, { open: inMemory, inOneThread: IN_ONE_THREAD === '1' })
