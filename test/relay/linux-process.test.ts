import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { linuxProcess, statIn, uptimeIn } from '../../relay/linux-process.ts'
import type { ProcessChoice, ProcessLook, SeenProcess } from '../../relay/process.ts'
import { temporaryFolder } from '../../harness/local-product.ts'
import { anIdleProcess } from './child.ts'
import { textWith } from './matchers.ts'

const uptime = (): number => uptimeIn(readFileSync('/proc/uptime', 'utf8'))

async function seen(choice: ProcessChoice): Promise<SeenProcess> {
  const look = await linuxProcess(choice).look()
  if (look.type !== 'seen') throw new Error(look.why)
  return look.process
}

describe.runIf(process.platform === 'linux')("a node's process on this machine", () => {
  test('is found by its name, its pid and its pid file, and dated between two looks at the clock', async () => {
    const folder = temporaryFolder()
    const before = uptime()
    const { pid } = await anIdleProcess(folder, 'sk-node-a')
    const after = uptime()
    const pidFile = join(folder, 'pid')
    writeFileSync(pidFile, `${pid}\n`)
    const byName = await seen({ name: 'sk-node-a' })
    expect(byName.pid).toBe(pid)
    expect(byName.startedAt).toBeGreaterThanOrEqual(before - 20)
    expect(byName.startedAt).toBeLessThanOrEqual(after + 20)
    expect(byName.bootId).toMatch(/^[0-9a-f-]{36}$/)
    for (const choice of [{ pid }, { pidFile }, { pid, name: 'sk-node-a' }]) expect(await seen(choice)).toEqual(byName)
  })

  test('with a name longer than the kernel keeps is found all the same', async () => {
    const name = 'sk-node-with-a-long-name'
    const { pid } = await anIdleProcess(temporaryFolder(), name)
    expect((await seen({ name })).pid).toBe(pid)
  })

  test('that is killed is absent, and another start is another process', async () => {
    const folder = temporaryFolder()
    const port = linuxProcess({ name: 'sk-node-b' })
    const first = await anIdleProcess(folder, 'sk-node-b')
    const one = await port.look()
    await first.kill()
    expect(await port.look()).toMatchObject({
      type: 'absent',
      why: 'no process "sk-node-b" is visible',
    })
    await anIdleProcess(temporaryFolder(), 'sk-node-b')
    const two = await port.look()
    expect(two.type).toBe('seen')
    expect(two).not.toEqual(one)
  })

  test('is not guessed where two have its name; one that was known already stays known', async () => {
    const first = await anIdleProcess(temporaryFolder(), 'sk-node-c')
    const known = linuxProcess({ name: 'sk-node-c' })
    const look = await known.look()
    await anIdleProcess(temporaryFolder(), 'sk-node-c')
    expect(await linuxProcess({ name: 'sk-node-c' }).look()).toMatchObject({
      type: 'unsure',
      why: textWith('2 processes match "sk-node-c"'),
    })
    expect(await known.look()).toEqual(look)
    await first.kill()
    expect(await known.look()).toMatchObject({ type: 'seen' })
  })

  test('is not taken from a pid file whose pid another program has now', async () => {
    const folder = temporaryFolder()
    const { pid } = await anIdleProcess(folder, 'sk-node-d')
    const pidFile = join(folder, 'pid')
    writeFileSync(pidFile, String(pid))
    expect(await linuxProcess({ pidFile, name: 'ldk-server' }).look()).toMatchObject({ type: 'absent' })
    for (const stale of ['', 'none', '0', '4194999']) {
      writeFileSync(pidFile, stale)
      expect(await linuxProcess({ pidFile }).look()).toMatchObject({ type: 'absent' })
    }
  })

  test('this very process is as old as it says', async () => {
    const name = basename(statIn(readFileSync('/proc/self/stat', 'utf8'))?.name ?? '')
    expect(name).not.toBe('')
    const own = await seen({ pid: process.pid })
    const ageMs = uptime() - own.startedAt
    expect(Math.abs(ageMs - process.uptime() * 1000)).toBeLessThan(5_000)
  })
})

describe('a folder /proc', () => {
  const stat = (name: string, ticks: string, state = 'S'): string =>
    `77 (${name}) ${state} 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ${ticks} 1 1 184467 1\n`

  /** A /proc of a process 50 s after its start, 1000 s after boot, in which one other process runs. */
  function aProc(other: string, { self = '95000', up = '1000.00 1.00\n' } = {}): string {
    const root = temporaryFolder()
    mkdirSync(join(root, 'self'))
    writeFileSync(join(root, 'self/stat'), stat('node', self))
    writeFileSync(join(root, 'uptime'), up)
    mkdirSync(join(root, 'sys/kernel/random'), { recursive: true })
    writeFileSync(join(root, 'sys/kernel/random/boot_id'), 'the-boot\n')
    mkdirSync(join(root, '77'))
    writeFileSync(join(root, '77/stat'), other)
    return root
  }
  const look = async (root: string, name = 'ldk-server'): Promise<ProcessLook> =>
    linuxProcess({ name }, { root, ownAgeMs: () => 50_000 }).look()

  test('dates a start by the ticks since boot', async () => {
    expect(await look(aProc(stat('ldk-server', '123456')))).toEqual({
      type: 'seen',
      process: { pid: 77, startTicks: '123456', bootId: 'the-boot', startedAt: 1_234_560 },
    })
  })

  test('with a name like a line of its own is read right', async () => {
    expect(await look(aProc(stat('a) R 1 (b', '5')), 'a) R 1 (b')).toMatchObject({
      process: { startTicks: '5' },
    })
  })

  test.each([
    ['a process that is dead already', stat('ldk-server', '5', 'Z')],
    ['a line without a start', '77 (ldk-server) S 1 2 3'],
    ['a line without a name', '77 ldk-server S'],
    ['nothing', ''],
  ])('with %s shows none', async (_, text) => {
    expect(await look(aProc(text))).toMatchObject({ type: 'absent' })
  })

  test.each([
    ['whose uptime is a container’s while the starts are the host’s', { up: '60.00 1.00\n' }],
    ['that counts in other ticks', { self: '972800' }],
  ])('%s is not believed', async (_, clocks) => {
    expect(await look(aProc(stat('ldk-server', '5'), clocks))).toMatchObject({
      type: 'unsure',
      why: textWith('/proc shows a wrong start time for the relay'),
    })
  })

  test('that shows this process older than it is may be believed: a start is dated too early at most', async () => {
    expect(await look(aProc(stat('ldk-server', '5'), { self: '80000' }))).toMatchObject({ type: 'seen' })
  })

  test('in which a pid was given to another process of that name is searched anew', async () => {
    const root = aProc(stat('ldk-server', '5'))
    const port = linuxProcess({ name: 'ldk-server' }, { root, ownAgeMs: () => 50_000 })
    expect(await port.look()).toMatchObject({ type: 'seen' })
    writeFileSync(join(root, '77/stat'), stat('ldk-server', '6'))
    mkdirSync(join(root, '78'))
    writeFileSync(join(root, '78/stat'), stat('ldk-server', '7'))
    expect(await port.look()).toMatchObject({ type: 'unsure' })
  })

  test('that is missing is said', async () => {
    expect(await look('/nowhere')).toMatchObject({ type: 'unsure', why: textWith('no /proc') })
  })
})
