import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../simulator/ldk/event-stream.ts'
import { createWorld } from '../../simulator/world/world.ts'
import { RelayEvent } from '../../core/nodes/relay-event.ts'
import { RELAY_KEY } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { temporaryFolder } from '../../harness/local-product.ts'
import { API_KEY, serverOf } from '../../harness/nodes/ldk-wire.ts'
import { anIdleProcess, startRelayProcess } from './child.ts'
import { textLike, textWith } from './matchers.ts'
import { aService } from '../../harness/api/http-api.ts'

const LONG_KEY = `${RELAY_KEY}, and long enough for a relay`

/** A node, its process and the service on the clock of the wall, and the environment of a relay between them. */
async function aMachine(name: string) {
  const { pid, kill } = await anIdleProcess(temporaryFolder(), name)
  const simulation = createWorld({
    seed: 'relay',
    startAt: Date.now(),
    nodes: [{ name: 'alice', channels: [{}] }],
  })
  const clock = { now: () => Date.now() }
  const node = simulation.node('alice')
  const events = eventsOf(simulation, node)
  const { url, certificate } = await serverOf(node.rpc, { clock, events })
  const world = await aWorld()
  world.told.now = Date.now()
  const alice = world.ports.nodes.get('alice')
  if (alice === undefined) throw new Error('no alice')
  const nodes = new Map([['alice', { ...alice, relayKey: LONG_KEY }]])
  const arrived = Promise.withResolvers<RelayEvent>()
  const service = await aService(
    {
      ...world.deps,
      ports: { ...world.ports, nodes },
      nodeEvents: async ({ event }) => arrived.resolve(event),
    },
    clock.now,
  )
  const environment = {
    NODE_NAME: 'alice',
    NODE_KIND: 'ldk-server',
    NODE_URL: url,
    NODE_CERTIFICATE: certificate,
    NODE_API_KEY: API_KEY,
    NODE_PROCESS_NAME: name,
    SPLICEKEEPER_URL: service.url,
    RELAY_KEY: LONG_KEY,
  }
  return { environment, service, pid, kill, arrived: arrived.promise }
}

describe.runIf(process.platform === 'linux')('npm run relay', () => {
  test('reports the start of the process beside it, and ends when it is asked to', async () => {
    const before = Date.now()
    const { environment, arrived, pid } = await aMachine('sk-relay-a')
    const after = Date.now()
    const relay = startRelayProcess(environment)
    const event = await arrived
    expect(event.type).toBe('process_started')
    // As early as it may have been: by the seconds that a Date header leaves out, and by what asking for it took.
    expect(event.at).toBeGreaterThan(before - 15_000)
    expect(event.at).toBeLessThanOrEqual(after)
    await relay.said('service: accepts our events')
    await relay.said(`process: ${pid} was started at`)
    expect(await relay.end()).toBe(0)
    expect(relay.lines().join('\n')).not.toContain(LONG_KEY)
  })

  test('--check says what it sees, reports nothing, and ends well', async () => {
    const { environment, service, pid } = await aMachine('sk-relay-b')
    const relay = startRelayProcess(environment, '--check')
    expect(await relay.exited).toBe(0)
    expect(relay.lines()).toEqual([
      'node: ldk-server: its events arrive',
      textWith(`process: ${pid} was started at`),
      'service: accepts our signature for alice',
      textLike(/^clock: this machine's is \d s (ahead of|behind) the service's$/),
    ])
    expect(service.arrived.map(({ body }) => body)).toEqual(['{"events":[]}'])
  })

  test('--check says what is wrong with each part, and ends badly', async () => {
    const { environment, kill } = await aMachine('sk-relay-c')
    await kill()
    const relay = startRelayProcess(
      { ...environment, NODE_API_KEY: '00'.repeat(32), RELAY_KEY: 'another key that is long enough for one' },
      '--check',
    )
    expect(await relay.exited).toBe(1)
    expect(relay.lines()).toEqual([
      textWith('node: ldk-server: it refuses our credential'),
      'process: no process "sk-relay-c" is visible; no start will be reported',
      textWith('service: refuses our signature'),
      textWith('clock: '),
    ])
  })

  test('with a wrong setting names it and does not start', async () => {
    const relay = startRelayProcess({ NODE_NAME: 'alice' })
    expect(await relay.exited).toBe(2)
    expect(relay.lines().join('\n')).toContain('SPLICEKEEPER_URL: ')
  })
})
