import { expect, test } from 'vitest'
import { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { eventsOf } from '../../simulator/ldk/event-stream.ts'
import { unseenProcess } from '../../relay/linux-process.ts'
import type { ProcessPort } from '../../relay/process.ts'
import { ldkServerSource } from '../../relay/sources/ldk-server.ts'
import { MINUTE, START } from '../../harness/keeper/times.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import { API_KEY, serverOf } from '../../harness/nodes/ldk-wire.ts'
import { ManualTime } from './manual-time.ts'
import { aService, type Service } from '../../harness/api/http-api.ts'
import { run } from './stage.ts'

const RELAY_KEY = 'the relay key of the keeper, long enough'
const LIST_MS = 3_000
const LOOK_MS = 1_000
const RETRY_MS = 500
/** When the machine of the node and of its relay was started. */
const BOOTED_AT = START - 10 * MINUTE

/** A keeper whose node takes reports of a relay, and nothing but the relay of the test reports to it. */
async function aKeeper(): Promise<Keeper> {
  return startKeeper({
    relay: false,
    node: { channels: [{}] },
    wrap: (ports) => ({
      ...ports,
      nodes: new Map([...ports.nodes].map(([name, node]) => [name, { ...node, relayKey: RELAY_KEY }])),
    }),
  })
}

type Relayed = {
  readonly time: ManualTime
  readonly service: Service
  /** Time passes for everybody, and the schedule sweeps. */
  readonly pass: (ms: number) => Promise<void>
}

/** The real relay beside the keeper's node, over the wire on both sides. */
async function relayOf(keeper: Keeper, process: ProcessPort): Promise<Relayed> {
  const { world, node } = keeper
  const time = new ManualTime(world.now(), world.now() - BOOTED_AT)
  const clock = { now: () => world.now() }
  const { url, certificate } = await serverOf(node.rpc, { clock, events: eventsOf(world, node) })
  const nodeEvents = async (message: Parameters<typeof keeper.events.send>[0]): Promise<void> => {
    await keeper.events.send(message)
  }
  const service = await aService(
    {
      ports: keeper.ports,
      policy: keeper.policy,
      keys: new Map(),
      preview: () => Promise.reject(new Error('nobody asks')),
      nodeEvents,
      webhook: { deliver: () => Promise.reject(new Error('nobody sends')) },
      privateWebhooks: false,
      explorer: null,
    },
    clock.now,
    () => time.poke(),
  )
  const config = LdkConfig.parse({ url, certificate, auth: { scheme: 'hmac', apiKey: API_KEY } })
  const target = { serviceUrl: service.url, node: 'alice', relayKey: RELAY_KEY }
  run({ source: ldkServerSource(config, time.ports), process, target }, time)
  await time.said('its events arrive')
  return {
    time,
    service,
    pass: async (ms) => {
      await keeper.run(ms)
      time.pass(ms)
    },
  }
}

const executed = (keeper: Keeper): number => keeper.world.journal.submissionsExecuted(keeper.channelId)

/** A splice that was refused while its peer was away: it waits for the peer. */
async function waiting(keeper: Keeper): Promise<string> {
  keeper.node.disconnectPeer()
  keeper.node.fault({ type: 'refuse', status: 9 })
  return (await keeper.post()).id
}

test('with a relay a splice that waits for its peer goes on when the peer is back, before any sweep', async () => {
  const keeper = await aKeeper()
  const { time, service, pass } = await relayOf(keeper, unseenProcess('not here'))
  await time.asleep(LIST_MS)
  const id = await waiting(keeper)
  await pass(5 * MINUTE)
  await time.asleep(LIST_MS)
  expect((await keeper.splice(id)).waitingFor?.code).toBe('peer_away')
  const reports = service.arrived.length

  keeper.node.connectPeer()
  keeper.world.advance(LIST_MS)
  time.pass(LIST_MS)
  await time.until(() => service.arrived.length > reports && keeper.events.nextVisibleAt() !== null)
  await keeper.work()
  expect(executed(keeper)).toBe(1)
  expect((await keeper.splice(id)).attempts).toHaveLength(2)
})

test('without one it goes on all the same, at the next sweep', async () => {
  const keeper = await aKeeper()
  const id = await waiting(keeper)
  await keeper.run(5 * MINUTE)
  expect((await keeper.splice(id)).waitingFor?.code).toBe('peer_away')

  keeper.node.connectPeer()
  keeper.world.advance(LIST_MS)
  await keeper.work()
  expect(executed(keeper)).toBe(0)
  await keeper.sweep()
  await keeper.work()
  expect(executed(keeper)).toBe(1)
})

/** The process of the keeper's node, as /proc would show it. */
function processOf({ node }: Keeper): ProcessPort {
  return {
    look: async () => {
      const startedAt = node.processStartedAt - BOOTED_AT
      const process = { pid: 7, startTicks: String(startedAt / 10), bootId: 'boot', startedAt }
      return { type: 'seen', process }
    },
  }
}

const startsIn = ({ arrived }: Service): number =>
  new Set(arrived.flatMap(({ body }) => body.match(/"[0-9a-f]{64}","type":"process_started"/g) ?? [])).size

/** The relay has subscribed so many times, and looks for the process once more. */
async function looked({ time, service, pass }: Relayed, subscriptions: number): Promise<void> {
  const opened = (): number => time.lines.filter((line) => line.includes('its events arrive')).length
  await time.until(() => opened() === subscriptions)
  await time.asleep(LOOK_MS)
  await pass(LOOK_MS)
  await time.until(() => startsIn(service) === subscriptions)
}

test('what a restart of the node has lost is proven not executed by the relay alone, and submitted again', async () => {
  const keeper = await aKeeper()
  const relayed = await relayOf(keeper, processOf(keeper))
  await looked(relayed, 1)
  keeper.node.disconnectPeer()
  const { id } = await keeper.post({ kind: 'splice_in' })
  await relayed.pass(3 * MINUTE)
  expect((await keeper.splice(id)).attempts).toMatchObject([{ notExecuted: null }])

  keeper.node.restart()
  keeper.node.connectPeer()
  await relayed.time.said('gRPC status 14')
  await relayed.time.asleep(RETRY_MS)
  await relayed.pass(RETRY_MS)
  await looked(relayed, 2)
  await keeper.run(5 * MINUTE)
  const [first, second] = (await keeper.splice(id)).attempts
  expect(first?.notExecuted?.proof).toBe('process_restarted')
  expect(second?.result?.type).toBe('taken')
  expect((await keeper.until(id, ['settled'])).state).toBe('settled')
  expect(keeper.world.journal.effectiveSplices()).toHaveLength(1)
})
