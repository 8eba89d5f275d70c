import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { JournalEntry } from '../../simulator/world/journal-entry.ts'
import { startChild, type Child } from '../../local/child.ts'
import { until } from '../../local/until.ts'
import { aProduct, order, statusOf, temporaryFolder } from '../../harness/local-product.ts'

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const SIM = fileURLToPath(new URL('../../local/sim.ts', import.meta.url))

type Ended = { readonly code: unknown; readonly out: string; readonly complaint: string }

/** Runs `npm run sim -- <words>` on a data directory. */
async function sim(folder: string, words: string): Promise<Ended> {
  const child = spawn(process.execPath, [SIM, ...words.split(' ').filter((word) => word !== '')], {
    env: { ...process.env, DATA_DIR: folder },
  })
  let out = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const ended: unknown[] = await once(child, 'close')
  return { code: ended[0], out, complaint }
}

const fine = async (folder: string, words: string): Promise<string> => {
  const { code, out, complaint } = await sim(folder, words)
  expect({ words, code, complaint }).toEqual({ words, code: 0, complaint: '' })
  return out
}

describe('npm run sim', () => {
  test('steers the world, and reads its journal', async () => {
    const folder = temporaryFolder()
    const { endpoints } = await aProduct(folder)
    const [channel = ''] = endpoints.channels
    expect(await fine(folder, 'mine 6')).toMatch(/^height 126 {2}hash [0-9a-f]{64} {2}mempoolTransactions 0\n$/)
    expect(await fine(folder, 'mine')).toContain('height 127')
    expect(await fine(folder, 'reorg 2')).toContain('height 128')
    expect(await fine(folder, 'disconnect-peer')).toBe('peer away\n')
    expect(await fine(folder, 'connect-peer')).toBe('peer connected\n')
    expect(await fine(folder, 'restart-node')).toMatch(/^processStartedAt 20/)
    expect(await fine(folder, 'fault refuse 9 always')).toContain('mode always')
    expect(await fine(folder, 'fault late 500')).toContain('"ms":500')
    expect(await fine(folder, 'fault drop always')).toContain('mode always')
    expect(await fine(folder, 'lift-faults')).toBe('faults 0\n')
    expect(await fine(folder, `abort-next ${channel} constructing`)).toContain(channel)
    expect(await fine(folder, 'peer-locks 2 off')).toContain('peerLocks off')
    expect((await fine(folder, 'channels')).trim().split('\n')).toHaveLength(4)
    expect(await fine(folder, `close ${channel.slice(0, 8)} force`)).toBe(`channelId ${channel}  closes force\n`)
    expect(await fine(folder, 'channels')).toContain('status closed')
    expect(await fine(folder, 'feerate 8')).toBe('feeRateSatPerVb 8\n')
    expect(await fine(folder, 'relay-rule 1 1')).toBe('minRelaySatPerVb 1  incrementalRelaySatPerVb 1\n')
    const opened = await fine(folder, 'open-channel 2000000 1200000 dual 3')
    const [, id = '', txid = ''] = /^channelId (\S+) {2}funding (\S+):\d+\n$/.exec(opened) ?? []
    expect(await fine(folder, 'channels')).toContain(`number 5  channelId ${id}  status open  ready false`)
    expect(await fine(folder, `withhold ${txid}`)).toBe(`txid ${txid}  withheld true\n`)
    expect(await fine(folder, `release ${txid}`)).toBe(`txid ${txid}  withheld false\n`)
    const replaced = await fine(folder, 'replace-open 5 12.5')
    expect(replaced).not.toContain(txid)
    expect(await fine(folder, 'evict ' + (/funding (\S+):/.exec(replaced)?.[1] ?? ''))).toContain(
      'mempoolTransactions 1',
    )
    expect(await fine(folder, 'submissions 2')).toContain('submissions 0  bumps 0')
    const journal = z.array(JournalEntry).parse(JSON.parse(await fine(folder, 'journal')))
    expect(journal.map(({ type }) => type)).toContain('process_started')
    expect(JSON.parse(await fine(folder, 'journal 2'))).toEqual(journal.slice(-2))
  })

  test('bumps the one pending splice, or that of a channel', async () => {
    const folder = temporaryFolder()
    const product = await aProduct(folder)
    const [channel = ''] = product.endpoints.channels
    const id = await order(product, ADDRESS)
    await until('the splice to be pending', 20_000, async () =>
      (await statusOf(product, id)) === 'pending' ? true : null,
    )
    expect(await fine(folder, 'bump')).toBe(`channelId ${channel}  bump taken\n`)
    expect(await fine(folder, 'submissions 1')).toContain('submissions 1  bumps 1')
    // Whether that one is done by now or not: it is not the splice of another channel.
    expect((await sim(folder, 'bump 2')).complaint).toContain('no pending splice to replace')
  })

  test('says so where nothing runs', async () => {
    const folder = temporaryFolder()
    expect(await sim(folder, 'mine')).toMatchObject({
      code: 1,
      complaint: `nothing is running on ${folder}: run npm start first\n`,
    })
    const product = await aProduct(folder)
    await product.end('SIGKILL')
    const { code, complaint } = await sim(folder, 'mine')
    expect(code).toBe(1)
    expect(complaint).toMatch(/^nothing answers at .*: run npm start first\n$/)
  })

  test('helps', async () => {
    const { code, out } = await sim(temporaryFolder(), 'help')
    expect(code).toBe(0)
    const names =
      'mine reorg evict withhold release feerate relay-rule restart-node disconnect-peer fault bump open-channel replace-open close journal'
    for (const name of names.split(' ')) expect(out).toContain(`\n  ${name}`)
  })
})

describe('a command that is typed wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-test-'))
  let product: Child

  beforeAll(async () => {
    product = await startChild(folder, { BLOCK_SECONDS: '0' })
  })
  afterAll(async () => {
    await product.end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['mine many', 'blocks: '],
    ['mine 1 2', 'too many arguments: 2'],
    ['reorg', 'depth: '],
    ['fault fire', 'fault: '],
    ['fault late', 'late: needs milliseconds'],
    ['close 9 force', 'channel: 9 matches none of the 4 channels'],
    ['close 1 gently', 'how: '],
    ['evict 00', 'txid: '],
    ['withhold', 'txid: '],
    ['feerate 0', 'feeRateSatPerVb: '],
    ['relay-rule 1', 'incrementalRelaySatPerVb: '],
    ['bump', 'channel: no channel has a pending splice'],
    ['bump 1', 'channel: the node refuses: no pending splice to replace'],
    ['open-channel 2000000 1000000 triple', 'funding: '],
    ['open-channel 90000000 90000000', 'alice does not have enough on chain'],
    ['replace-open 1', 'the channel is not being opened'],
    ['replace-open 1 -5', 'feeRateSatPerVb: '],
    ['explode', 'there is no command explode'],
    ['__proto__', 'there is no command __proto__'],
    ['restore-everything', 'there is no command'],
  ])('says what is wrong with: %s', async (words, message) => {
    const { code, out, complaint } = await sim(folder, words)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(complaint).toContain(message)
  })
})
