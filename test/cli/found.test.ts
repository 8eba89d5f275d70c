import { describe, expect, test } from 'vitest'
import { exits } from '../../cli/exit.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { pending } from '../../harness/api/splices.ts'
import { NOW } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { order } from '../../harness/api/request.ts'
import { aBody } from '../../harness/api/values.ts'
import { aDesk } from './cli-fixture.ts'

const ID = aSpliceId(1)
const BEGINNING = ID.slice(0, 12)

describe('a splice is named by the beginning of its id', () => {
  test('as watch prints it, to show it and to cancel it', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    const { run } = await aDesk(world)
    expect((await run(['show', BEGINNING])).out).toContain(ID)
    expect((await run(['cancel', `${BEGINNING}…`])).out).toContain('cancelled')
  })

  test('also where many newer ones come before it', async () => {
    const world = await aWorld()
    await world.store.create(aSplice({ createdAt: NOW - 1 }))
    for (let n = 2; n < 110; n += 1) await world.store.create(aSplice({ id: aSpliceId(n), createdAt: NOW + n }))
    const { run } = await aDesk(world)
    expect((await run(['show', BEGINNING])).out).toContain(ID)
  })

  test('not where two begin so: both are named, and nothing is done', async () => {
    const world = await aWorld()
    const other = `${BEGINNING}${'0'.repeat(16)}`
    for (const id of [ID, other]) await world.store.create(aSplice({ id }))
    const { run } = await aDesk(world)
    const ended = await run(['cancel', BEGINNING])
    expect(ended.exit).toBe(exits.refused)
    expect(ended.err).toContain('[splice_ambiguous]')
    for (const id of [ID, other]) {
      expect(ended.err).toContain(id)
      expect(await world.store.load(id)).toMatchObject({ state: 'queued', cancelRequestedAt: null })
    }
    expect((await run(['cancel', BEGINNING + ID.slice(12, 14)])).exit).toBe(exits.done)
  })

  test('not where none begins so, nor with fewer than eight digits', async () => {
    const world = await aWorld()
    await order(world, 'order-1')
    const { run } = await aDesk(world)
    const missing = await run(['show', 'spl_00000000', '--json'])
    expect(missing.exit).toBe(exits.refused)
    expect(JSON.parse(missing.out)).toMatchObject({ code: 'splice_not_found' })
    expect((await run(['show', ID.slice(0, 11), '--json'])).out).toContain('splice_not_found')
  })
})

test('a list is filtered by metadata, key and time', async () => {
  const world = await aWorld()
  for (const n of [1, 2, 3]) {
    world.told.now = NOW + n * 1_000
    await order(world, `order-${n}`, { ...aBody, amountSats: 50_000 + n, metadata: { order: `${n}`, shop: 'a=b' } })
  }
  const { run } = await aDesk(world)
  const listed = async (...words: string[]) => {
    const { out } = await run(['list', ...words])
    return [1, 2, 3].filter((n) => out.includes(aSpliceId(n)))
  }
  expect(await listed('--meta', 'order=2')).toEqual([2])
  expect(await listed('--meta', 'shop=a=b', '--meta', 'order=3')).toEqual([3])
  expect(await listed('--key', 'order-1')).toEqual([1])
  expect(await listed('--since', new Date(NOW + 2_000).toISOString())).toEqual([2, 3])
  expect(await listed('--since', '2026-12-01')).toEqual([])
})

test('a splice shows its transaction, fee and confirmations, and the depth that its channel needs', async () => {
  const world = await aWorld()
  const [seen] = pending(1).candidates
  if (seen === undefined) throw new Error('a pending splice has a candidate')
  const candidates = [{ ...seen, block: { height: 209, hash: aTxid('b') } }]
  await world.store.create(pending(1, { state: 'confirmed', candidates }))
  const { run } = await aDesk(world)
  const { out } = await run(['show', ID])
  expect(out).toContain(seen.txid)
  expect(out).toMatch(/confirmations +2\/6/)
})
