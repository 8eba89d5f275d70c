import { expect, test } from 'vitest'
import * as z from 'zod'
import { exits } from '../../cli/exit.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { aCandidate } from '../../harness/records/attempts.ts'
import { aSplice, aSpliceAtRest } from '../../harness/records/splices.ts'
import { aSpliceId } from '../../harness/values.ts'
import { aDesk } from './cli-fixture.ts'

async function change(world: World, id: string, to: Partial<Splice>): Promise<void> {
  const splice = await world.store.load(id)
  if (splice === null) throw new Error(`no ${id}`)
  await world.store.save({ ...splice, ...to })
}

async function tell(world: World, n: number, type: 'splice.accepted' | 'splice.pending', id: string): Promise<void> {
  await world.store.appendEvent('acme', { id: `evt_${n}`, type, spliceId: id, epoch: 0, at: n })
}

const ESCAPE = '\u001b'
const settled = aSpliceAtRest({ state: 'settled', leaseHeld: false })
const block = { height: 208, hash: 'b'.repeat(64) }

test('a watched splice is a line for each step towards final depth, and ends with it', async () => {
  const world = await aWorld()
  const id = aSpliceId(1)
  await world.store.create(aSplice())
  const { run } = await aDesk(world, async (_, pauses) => {
    if (pauses === 2) await change(world, id, { state: 'pending', candidates: [aCandidate({ block: null })] })
    if (pauses === 4) await change(world, id, { state: 'confirmed', candidates: [aCandidate({ block })] })
    if (pauses === 6)
      await change(world, id, { state: 'settled', candidates: [aCandidate({ block })], leaseHeld: false, dueAt: null })
  })
  const { exit, out } = await run(['watch', id])
  expect(exit).toBe(exits.done)
  const lines = out.trimEnd().split('\n')
  expect(lines.map((line) => /(queued|pending|confirmed|settled) +\S+ (\d\/6)/.exec(line)?.slice(1))).toEqual([
    ['queued', '0/6'],
    ['pending', '0/6'],
    ['confirmed', '3/6'],
    ['settled', '3/6'],
  ])
})

test.each([
  ['failed', exits.failed],
  ['needs_attention', exits.attention],
] as const)('one that comes to be %s ends the watch with %i', async (state, exit) => {
  const world = await aWorld()
  const id = aSpliceId(1)
  await world.store.create(aSplice())
  const { run } = await aDesk(world, () =>
    change(world, id, state === 'failed' ? { state, leaseHeld: false, dueAt: null } : { state, dueAt: 1 }),
  )
  expect((await run(['watch', id, '--json'])).exit).toBe(exit)
})

test('without ids it follows what is live, and what is ordered meanwhile', async () => {
  const world = await aWorld()
  await world.store.create(aSplice())
  await world.store.create(aSpliceAtRest({ id: aSpliceId(2) }))
  for (let n = 1; n <= 37; n += 1) await tell(world, n, 'splice.pending', aSpliceId(2))
  const { run, service } = await aDesk(world, async (_, pauses) => {
    if (pauses === 1) {
      await world.store.create(aSplice({ id: aSpliceId(3) }))
      await tell(world, 38, 'splice.accepted', aSpliceId(3))
    }
    if (pauses === 3) throw new Error('Ctrl-C')
  })
  const { out } = await run(['watch', '--json'])
  const seen = out
    .trimEnd()
    .split('\n')
    .map((line) => z.looseObject({ id: z.string().optional() }).parse(JSON.parse(line)).id)
  expect(seen).toEqual([aSpliceId(1), aSpliceId(3), undefined])
  expect(service.arrived).toEqual([])
})

test('it lives through answers that are lost, and ends with 3 when none comes any more', async () => {
  const world = await aWorld()
  await world.store.create(aSplice())
  const { run, service } = await aDesk(world, (_, pauses) => {
    if (pauses === 1) service.instead = () => new Response('', { status: 502 })
    if (pauses === 2) service.instead = null
    if (pauses === 4) service.instead = () => new Response('', { status: 502 })
  })
  const { exit } = await run(['watch', aSpliceId(1)])
  expect(exit).toBe(exits.unreachable)
})

test('a key that is revoked meanwhile ends the watch as refused', async () => {
  const world = await aWorld()
  await world.store.create(aSplice())
  const { run, service } = await aDesk(world, () => {
    const problem = { code: 'unauthorized', title: 'The credentials are not valid', status: 401 }
    service.instead = () => Response.json(problem, { status: 401 })
  })
  const { exit, err } = await run(['watch', aSpliceId(1)])
  expect([exit, err]).toEqual([exits.refused, expect.stringContaining('[unauthorized]')])
})

test('a terminal has one line a splice, drawn in place', async () => {
  const world = await aWorld()
  await world.store.create(aSplice())
  await world.store.create(aSplice({ id: aSpliceId(2) }))
  const { run } = await aDesk(world, async () => {
    for (const id of [aSpliceId(1), aSpliceId(2)]) await change(world, id, { ...settledState() })
  })
  const { out } = await run(['watch', aSpliceId(1), aSpliceId(2)], { isTerminal: true })
  expect(out.split(`${ESCAPE}[2A`)).toHaveLength(3)
  expect(screenOf(out).map((line) => /settled|queued/.exec(line)?.[0])).toEqual(['settled', 'settled'])
})

function settledState(): Partial<Splice> {
  const { state, dueAt, watch, leaseHeld: leaseHeld } = settled
  return { state, dueAt, watch, leaseHeld: leaseHeld }
}

/** What stands on a screen after all that was written to it. */
function screenOf(written: string): string[] {
  const screen: string[] = []
  let row = 0
  for (const part of written.split(new RegExp(`(${ESCAPE}\\[\\d*[AKJ]|\\n)`))) {
    const up = new RegExp(`^${ESCAPE}\\[(\\d+)A$`).exec(part)?.[1]
    if (up !== undefined) row -= Number(up)
    else if (part === '\n') row += 1
    else if (part.startsWith('\u001b[2K')) screen[row] = ''
    else if (part.startsWith('\u001b')) screen.length = row
    else if (part !== '') screen[row] = part
  }
  return screen
}
