import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { exits } from '../../cli/exit.ts'
import { inNeed, pending, submitted } from '../../harness/api/splices.ts'
import { CHANNEL, NOW } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { aSpend } from '../../harness/transactions.ts'
import { aDesk } from './cli-fixture.ts'

const ID = aSpliceId(1)
const PLACE = ['--node', 'alice', '--channel', CHANNEL]
const Splice = z.looseObject({
  id: z.string(),
  status: z.string(),
  kind: z.string(),
  amountSats: z.int(),
  bumps: z.array(z.looseObject({ status: z.string() })),
})

describe('over a socket, as a process of its own,', () => {
  test('a preview says what stands against a splice, and orders nothing', async () => {
    const world = await aWorld()
    const { spawn } = await aDesk(world)
    const { exit, out, err } = await spawn(['preview', 'in', '50000', ...PLACE], world.keys.writer)
    expect([exit, err]).toEqual([exits.done, ''])
    expect(out.replaceAll('\u202f', ' ').split('\n')).toEqual([
      'It would wait:',
      '- The peer is not connected.',
      'estimated fee   300 sat',
      'feerate         2 sat/vB',
      'in the channel  600 000 sat',
      'in the wallet   5 000 000 sat',
      '',
    ])
    expect((await world.store.byTenant('acme', 9, null)).ids).toEqual([])
  })

  test('a splice-in is ordered once, however often its command is repeated', async () => {
    const world = await aWorld()
    const { spawn } = await aDesk(world)
    const words = ['in', '250_000', ...PLACE, '--key', 'refill-7', '--max-fee', '2000', '--json']
    const [first, again] = [await spawn(words, world.keys.writer), await spawn(words, world.keys.writer)]
    expect([first.exit, again.exit, first.err]).toEqual([exits.done, exits.done, ''])
    const splice = Splice.parse(JSON.parse(first.out))
    expect(splice).toMatchObject({ kind: 'splice_in', amountSats: 250_000, status: 'queued' })
    expect(Splice.parse(JSON.parse(again.out)).id).toBe(splice.id)
    expect((await world.store.byTenant('acme', 9, null)).ids).toEqual([splice.id])
  })

  test('a fee is bumped once, however often its command is repeated', async () => {
    const world = await aWorld()
    await world.store.create(pending(1))
    const { spawn } = await aDesk(world)
    const words = ['bump', ID, '--key', 'bump-1', '--json']
    const [first, again] = [await spawn(words, world.keys.writer), await spawn(words, world.keys.writer)]
    expect([first.exit, again.exit, first.err]).toEqual([exits.done, exits.done, ''])
    for (const { out } of [first, again])
      expect(Splice.parse(JSON.parse(out)).bumps.map(({ status }) => status)).toEqual(['open'])
  })

  test('a retry allows more attempts', async () => {
    const world = await aWorld()
    await world.store.create(inNeed(1))
    const { spawn } = await aDesk(world)
    const { exit, out, err } = await spawn(['retry', ID, '--attempts', '4'], world.keys.writer)
    expect([exit, err]).toEqual([exits.done, ''])
    expect(out).toMatch(/^status +submitted$/m)
    expect((await world.store.load(ID))?.budget.maxAttempts).toBeGreaterThan(inNeed(1).budget.maxAttempts)
  })

  test("a splice is resolved as failed by an operator's word", async () => {
    const world = await aWorld()
    await world.store.create(submitted(1))
    const { spawn } = await aDesk(world)
    const ended = await spawn(['resolve', ID, 'failed', '--note', 'closed by hand'])
    expect([ended.exit, ended.err]).toEqual([exits.done, ''])
    expect(ended.out).toMatch(/^status +failed$/m)
    expect(await world.store.load(ID)).toMatchObject({ state: 'failed' })
    const refused = await spawn(['resolve', ID, 'failed', '--note', 'again'])
    expect([refused.exit, refused.err]).toEqual([exits.refused, expect.stringContaining('[not_resolvable]')])
  })

  test('a splice is resolved with its transaction', async () => {
    const world = await aWorld()
    const splice = submitted(1)
    await world.store.create(splice)
    const transaction = aSpend(`${aTxid('f')}:0`, splice.script ?? '', splice.amountSats)
    const { txid } = transaction
    world.told.transactions.set(txid, transaction)
    const { spawn } = await aDesk(world)
    const { exit, out, err } = await spawn(['resolve', ID, 'candidate', '--txid', txid])
    expect([exit, err]).toEqual([exits.done, ''])
    expect(out).toContain(txid)
    expect((await world.store.load(ID))?.candidates.map((each) => each.txid)).toEqual([txid])
  })

  test('a freeze is lifted, and lifting it again says that there is none', async () => {
    const world = await aWorld()
    const frozen = { cause: 'anomaly', at: NOW, note: aTxid('5') } as const
    await world.store.putItem('lease', CHANNEL, { holder: null, queue: [], frozen }, 0)
    const { spawn } = await aDesk(world)
    const words = ['unfreeze', CHANNEL, '--note', 'looked at it']
    const refused = await spawn(words)
    expect([refused.exit, refused.err]).toEqual([exits.refused, expect.stringContaining('operator:shared')])
    const lifted = await spawn(words, world.keys.landlord)
    expect([lifted.exit, lifted.out, lifted.err]).toEqual([exits.done, `${CHANNEL} is no longer frozen\n`, ''])
    expect((await world.store.item('lease', CHANNEL))?.value.frozen).toBeNull()
    const again = await spawn(words, world.keys.landlord)
    expect([again.exit, again.err]).toEqual([exits.refused, expect.stringContaining('[not_frozen]')])
  })
})
