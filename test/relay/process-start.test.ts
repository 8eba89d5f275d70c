import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Outbox } from '../../relay/outbox.ts'
import { noticesOver } from '../../relay/ports.ts'
import { startId, watchProcess } from '../../relay/process-start.ts'
import type { ProcessLook, SeenProcess } from '../../relay/process.ts'
import { unseenProcess } from '../../relay/linux-process.ts'
import { RemoteTime } from '../../relay/remote-time.ts'
import type { Link } from '../../relay/subscription.ts'
import { ManualTime } from './manual-time.ts'

const LOOK_MS = 1_000

/** A service that tells its time, and nothing else. */
async function aService(time: ManualTime): Promise<{ url: string; told: { status: number; aheadMs: number } }> {
  const told = { status: 200, aheadMs: 0 }
  const server = createServer((_, response) => {
    response.sendDate = false
    response.setHeader('Date', new Date(time.now + told.aheadMs).toUTCString())
    response.writeHead(told.status).end('{"status":"ok"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, told }
}

/** A watch over a process that the test starts and ends; the machine was booted 1000 s ago. */
async function aWatch(look: ProcessLook | null = null) {
  const time = new ManualTime()
  const service = await aService(time)
  const link: Link = { openedAt: null }
  const outbox = new Outbox()
  const stopped = new AbortController()
  let now: ProcessLook = look ?? { type: 'absent', why: 'there is none' }
  const watch = {
    process: { look: async () => now },
    link,
    outbox,
    target: { serviceUrl: service.url, node: 'alice', relayKey: 'k'.repeat(32) },
    time: new RemoteTime(),
  }
  const ended = watchProcess(watch, time.ports, noticesOver(time.ports.say), stopped.signal)
  onTestFinished(async () => {
    stopped.abort()
    await ended
  })
  return {
    time,
    service,
    link,
    outbox,
    remote: watch.time,
    run: (pid: number, startedAt: number): SeenProcess => {
      const process = { pid, startTicks: String(startedAt / 10), bootId: 'boot', startedAt }
      now = { type: 'seen', process }
      return process
    },
    /** Some looks, a second each, however long each of them takes. */
    looks: async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) {
        await time.asleep(LOOK_MS)
        time.pass(LOOK_MS)
      }
      await time.asleep(LOOK_MS)
    },
  }
}

describe("a start of the node's process", () => {
  test('is told once, dated on the service’s clock and no later than it was', async () => {
    const { run, link, looks, outbox, time } = await aWatch()
    const process = run(7, 900_000)
    link.openedAt = 950_000
    await looks(5)
    const [event, ...others] = outbox.take(10)
    expect(others).toEqual([])
    expect(event).toMatchObject({ id: startId('alice', process), type: 'process_started' })
    const truth = time.bootedAt + 900_000
    expect(event?.at).toBeLessThanOrEqual(truth)
    expect(event?.at).toBeGreaterThan(truth - 2_000)
    await time.said('7 was started at')
  })

  test('and the next one have ids of their own; the same start has the same id whoever tells it', async () => {
    const { run, link, looks, outbox } = await aWatch()
    const first = run(7, 900_000)
    link.openedAt = 950_000
    await looks(2)
    const second = run(8, 1_001_000)
    link.openedAt = 1_002_000
    await looks(2)
    expect(outbox.take(10).map(({ id }) => id)).toEqual([startId('alice', first), startId('alice', second)])
    expect(startId('alice', { ...first })).toBe(startId('alice', first))
    const others = [
      startId('bob', first),
      startId('alice', { ...first, pid: 9 }),
      startId('alice', { ...first, startTicks: '1' }),
      startId('alice', { ...first, bootId: 'other' }),
    ]
    expect(new Set([startId('alice', first), ...others]).size).toBe(5)
  })

  test('is not told before the node has answered us', async () => {
    const { run, link, looks, outbox, time } = await aWatch()
    run(7, 900_000)
    await looks(10)
    expect(outbox.size).toBe(0)
    await time.said('7 is running; waiting for the node to answer')
    link.openedAt = 1_011_000
    await looks(1)
    expect(outbox.size).toBe(1)
  })

  test('that our connection to the node has outlived is of another process, and never told', async () => {
    const { run, link, looks, outbox, time } = await aWatch()
    link.openedAt = 950_000
    run(7, 980_000)
    await looks(30)
    expect(outbox.size).toBe(0)
    await time.said("not the node's process; not reported")
  })

  test.each([
    ['cannot be seen', { type: 'absent', why: 'no process "x" is visible' }],
    ['is not certainly one', { type: 'unsure', why: '2 processes match "x"' }],
  ] as const)('is not told where the process %s, and it is said why, once', async (_, look) => {
    const { link, looks, outbox, time } = await aWatch(look)
    link.openedAt = 950_000
    await looks(4)
    expect(outbox.size).toBe(0)
    expect(time.lines).toEqual([`process: ${look.why}; no start will be reported`])
  })

  test('is not told of a node elsewhere, and it is said', async () => {
    const { outbox, time } = await aWatch(await unseenProcess('the node runs elsewhere').look())
    expect(outbox.size).toBe(0)
    await time.said('process: the node runs elsewhere; no start will be reported')
  })

  test('waits for a service that is down', async () => {
    const { run, link, looks, outbox, service, time } = await aWatch()
    service.told.status = 503
    run(7, 900_000)
    link.openedAt = 950_000
    await looks(3)
    expect(outbox.size).toBe(0)
    await time.said('waiting for the service to report its time')
    service.told.status = 200
    await looks(1)
    expect(outbox.size).toBe(1)
  })

  test.each([
    ['ahead', 240_000],
    ['behind', -240_000],
  ])('is not told while this machine’s clock is %s, but as soon as it is set', async (which, aheadMs) => {
    const { run, link, looks, outbox, time } = await aWatch()
    time.aheadMs = aheadMs
    run(7, 900_000)
    link.openedAt = 950_000
    await looks(3)
    expect(outbox.size).toBe(0)
    await time.said(` s ${which}`)
    time.aheadMs = 0
    await looks(1)
    expect(outbox.take(1)[0]?.at).toBeLessThanOrEqual(time.bootedAt + 900_000)
  })

  test('before a clock jumped is not told any more', async () => {
    const { run, link, looks, outbox, remote, service, time } = await aWatch()
    link.openedAt = 950_000
    remote.note({
      sentAt: 999_000,
      receivedAt: 999_000,
      date: new Date(time.bootedAt + 999_000).toUTCString(),
    })
    // A guest that was paused for an hour: its time since boot knows nothing of it, its clock was set.
    service.told.aheadMs = 3_600_000
    time.aheadMs = 3_600_000
    await looks(61)
    run(7, 900_000)
    await looks(3)
    expect(outbox.size).toBe(0)
    await time.said('a clock has jumped')
  })
})
