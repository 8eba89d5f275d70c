import { expect } from 'vitest'
import type { MemoryHooks, Operation } from '../../adapters/store/memory.ts'
import type { Capabilities } from '../../core/ports/node.ts'
import { channelKey, type ChannelState } from '../../core/ports/records.ts'
import type { Bump, Splice } from '../../core/splice/splice.ts'
import type { Answer } from '../../harness/api/answer.ts'
import { request } from '../../harness/api/request.ts'
import { withCapabilities } from '../../harness/api/seed.ts'
import { CHANNEL, NOW } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { aCandidate, anAttempt, taken } from '../../harness/records/attempts.ts'
import { aBump } from '../../harness/records/bumps.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'

export const ID = aSpliceId(1)
const FUNDING = `${aTxid('f')}:0`
export const PATH = `/v1/splices/${ID}/bump`
export const attempt = anAttempt({ submittedOn: FUNDING, result: taken(NOW) })
const candidate = aCandidate({ txid: aTxid('2'), spends: FUNDING, feeSats: 600, seenAtHeight: 200 })

/** A splice whose transaction waits at 4 sat/vB, under a ceiling of 20. */
export function pending(overrides: Partial<Splice> = {}): Splice {
  return aSplice({
    generation: 4,
    state: 'pending',
    submittedOn: FUNDING,
    attempts: [attempt],
    candidates: [candidate],
    events: [{ n: 1, type: 'splice.accepted', at: NOW, epoch: 0 }],
    eventSerial: 1,
    leaseHeld: true,
    dueAt: NOW + 3_600_000,
    ...overrides,
  })
}

/** One that ended with the candidate. */
export function ended(n: number, overrides: Partial<Bump> = {}): Bump {
  const outcome = { result: 'done', code: 'replaced', message: 'x', txid: aTxid('2'), at: NOW } as const
  return aBump({ id: `bmp_${n}`, openedAt: NOW, openedAtHeight: 200, outcome, ...overrides })
}

export type Given = {
  readonly splice?: Splice
  readonly node?: Partial<Capabilities>
  readonly channel?: Partial<ChannelState>
  readonly hooks?: MemoryHooks
}

export async function aWorldWith({
  splice = pending(),
  node = {},
  channel = {},
  hooks = {},
}: Given = {}): Promise<World> {
  const world = await aWorld(hooks)
  await world.store.create(splice)
  const seen = await world.store.item('node', 'alice')
  const link = await world.store.item('channel', channelKey('alice', CHANNEL))
  if (seen === null || link === null) throw new Error('seeded')
  await world.store.putItem('node', 'alice', withCapabilities(seen.value, node), seen.version)
  await world.store.putItem('channel', channelKey('alice', CHANNEL), { ...link.value, ...channel }, link.version)
  world.heard.puts = 0
  return world
}

type Asked = { readonly body?: unknown; readonly key?: string; readonly credential?: string }

export function bump(
  world: World,
  { body, key = 'bump-1', credential = world.keys.writer }: Asked = {},
): Promise<Answer> {
  return request(world, 'POST', PATH, {
    key: credential,
    headers: { 'Idempotency-Key': key },
    ...(body === undefined ? {} : { body }),
  })
}

export const isSplice = (operation: Operation): boolean =>
  operation.type === 'put' && operation.row.pk.startsWith('SPL#') && operation.condition !== 'absent'

/** Nothing was written, hinted or audited, and the splice stands as it stood. */
export async function untouched(world: World, splice: Splice): Promise<void> {
  expect(world.heard.puts).toBe(0)
  expect(world.heard.hints).toEqual([])
  expect(world.heard.lines).toEqual([])
  expect((await world.store.load(ID))?.bumps).toEqual(splice.bumps)
}
