import { queueOf } from '../../harness/records/queue.ts'
import { describe, expect, test } from 'vitest'
import type { ChannelLease } from '../../core/ports/records.ts'
import { SpliceState as States, type Attempt, type Splice, type SpliceState } from '../../core/splice/splice.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aPaymentId, aSpliceId, aTxid } from '../../harness/values.ts'
import { aSpend } from '../../harness/transactions.ts'
import { CHANNEL, NOW } from '../../harness/api/values.ts'
import { createApi } from '../../functions/api/app.ts'
import { withCapabilities } from '../../harness/api/seed.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'

const DAY = 86_400_000
const ID = aSpliceId(1)
const FUNDING = `${aTxid('f')}:0`

const living: Attempt = {
  id: 'a',
  number: 1,
  kind: 'submit',
  submittedOn: FUNDING,
  startedAt: NOW,
  fenceAt: NOW + 1,
  steps: [],
  result: { type: 'unknown', message: 'timed out', at: NOW },
  notExecuted: null,
  seenDisconnectedAt: null,
  count: 1,
}

const candidate = {
  txid: aTxid('2'),
  spends: FUNDING,
  feeSats: null,
  feeRateSatPerKw: null,
  seenAt: NOW,
  seenAtHeight: null,
  block: null,
}

/** A splice as it may stand in a state. */
function standing(state: SpliceState, overrides: Partial<Splice> = {}): Splice {
  const seen = state === 'pending' || state === 'confirmed' || state === 'settled'
  return aSplice({
    generation: 4,
    state,
    attempts: state === 'submitted' || state === 'needs_attention' ? [living] : [],
    candidates: seen ? [candidate] : [],
    attention: state === 'needs_attention' ? { code: 'ambiguous', message: 'look' } : null,
    events: [{ n: 1, type: 'splice.accepted', at: NOW, epoch: 0 }],
    eventSerial: 1,
    dueAt: NOW + DAY,
    ...overrides,
  })
}

async function aWorldWith(splice: Splice): Promise<World> {
  const world = await aWorld()
  await world.store.create(splice)
  world.heard.puts = 0
  return world
}

function tell(world: World, action: string, body?: unknown, key = world.keys.operator) {
  return request(world, 'POST', `/v1/splices/${ID}/${action}`, { key, body })
}

describe('cancel', () => {
  const becomes: Record<SpliceState, SpliceState | 'refused'> = {
    queued: 'cancelled',
    submitted: 'submitted',
    pending: 'refused',
    confirmed: 'refused',
    settled: 'refused',
    failed: 'refused',
    cancelled: 'cancelled',
    needs_attention: 'needs_attention',
  }

  test.each(States.options)('of one that is %s', async (state) => {
    const world = await aWorldWith(standing(state))
    const answer = await tell(world, 'cancel', undefined, world.keys.writer)
    if (becomes[state] === 'refused') {
      expect(answer.status).toBe(409)
      expect(answer.body).toMatchObject({ code: 'not_cancellable' })
      expect(world.heard.puts).toBe(0)
      return
    }
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ status: becomes[state] })
  })

  test('is saved, due at once, hinted, and written to the audit by the name of the key', async () => {
    const world = await aWorldWith(standing('submitted'))
    world.told.now = NOW + 5
    await tell(world, 'cancel', undefined, world.keys.writer)
    expect(await world.store.load(ID)).toMatchObject({
      state: 'submitted',
      cancelRequestedAt: NOW + 5,
      dueAt: NOW + 5,
      updatedAt: NOW + 5,
    })
    expect(world.heard.hints).toEqual([ID])
    expect(world.heard.lines).toEqual([
      {
        message: 'audit',
        fields: { action: 'cancel', tenant: 'acme', key: 'shop', splice: ID, requestId: 'req_chance-1' },
      },
    ])
    expect(JSON.stringify(world.heard.lines)).not.toContain('sk_')
  })

  test.each(['cancelled', 'submitted', 'needs_attention'] as const)(
    'asked for again changes nothing -- %s',
    async (state) => {
      const world = await aWorldWith(standing(state, { cancelRequestedAt: NOW - 1 }))
      expect((await tell(world, 'cancel')).status).toBe(200)
      expect(world.heard.puts).toBe(0)
    },
  )

  test('of a splice that needs attention with a transaction seen is refused', async () => {
    const world = await aWorldWith(standing('needs_attention', { candidates: [candidate] }))
    expect((await tell(world, 'cancel')).body).toMatchObject({ code: 'not_cancellable' })
  })

  test("of another tenant's splice is 404, for every command", async () => {
    const world = await aWorldWith(standing('needs_attention'))
    for (const [action, body] of [
      ['cancel', undefined],
      ['retry', { attempts: 1 }],
      ['resolve', { outcome: 'failed', note: 'n' }],
    ] as const) {
      const answer = await tell(world, action, body, world.keys.stranger)
      expect(answer.status).toBe(404)
      expect(answer.body).toMatchObject({ code: 'splice_not_found' })
    }
    expect(world.heard.puts).toBe(0)
  })
})

describe('a command that races', () => {
  test('is tried again on what stands then', async () => {
    let losses = 4
    const world = await aWorld({
      before: (operation) =>
        operation.type === 'put' && operation.condition !== 'absent' && losses-- > 0 ? 'lost_race' : null,
    })
    await world.store.create(standing('queued'))
    const answer = await tell(world, 'cancel')
    expect(answer.body).toMatchObject({ status: 'cancelled' })
  })

  test('is busy when it loses every race -- no line says that it was done', async () => {
    const world = await aWorld({
      before: (operation) => (operation.type === 'put' && operation.condition !== 'absent' ? 'lost_race' : null),
    })
    await world.store.create(standing('queued'))
    world.heard.puts = 0
    const answer = await tell(world, 'cancel')
    expect(answer.status).toBe(503)
    expect(answer.body).toMatchObject({ code: 'busy' })
    expect(answer.headers.get('Retry-After')).toBe('1')
    // The audit entry comes before the act, and is written once.
    expect(world.heard.puts).toBe(101)
    expect(await world.store.auditAfter('acme', 0, 9)).toHaveLength(1)
    expect(world.heard.lines).toEqual([])
  })
})

describe('retry', () => {
  test.each(States.options.filter((state) => state !== 'needs_attention'))(
    'of one that is %s is refused',
    async (state) => {
      const world = await aWorldWith(standing(state))
      const answer = await tell(world, 'retry', { attempts: 1 })
      expect(answer.status).toBe(409)
      expect(answer.body).toMatchObject({ code: 'not_retryable' })
      expect(world.heard.puts).toBe(0)
    },
  )

  test('leads to submitted while an attempt is alive, and takes back a cancel', async () => {
    const world = await aWorldWith(standing('needs_attention', { cancelRequestedAt: NOW }))
    const deadline = new Date(NOW + 2 * DAY).toISOString()
    const answer = await tell(world, 'retry', { attempts: 2, deadline }, world.keys.writer)
    expect(answer.body).toMatchObject({
      status: 'submitted',
      cancelRequestedAt: null,
      attention: null,
      budget: { maxAttempts: 3, attemptsUsed: 1, deadline },
    })
  })

  test('leads to queued where every attempt is dead', async () => {
    const world = await aWorldWith(standing('needs_attention', { attempts: [] }))
    expect((await tell(world, 'retry', { attempts: 1 })).body).toMatchObject({ status: 'queued' })
  })

  test('with a transaction seen is refused', async () => {
    const world = await aWorldWith(standing('needs_attention', { candidates: [candidate] }))
    expect((await tell(world, 'retry', { attempts: 1 })).body).toMatchObject({ code: 'not_retryable' })
  })

  test.each([
    [{}, 400, 'invalid_request', 'attempts'],
    [{ attempts: 0 }, 400, 'invalid_request', 'attempts'],
    [{ attempts: 11 }, 400, 'invalid_request', 'attempts'],
    [{ attempts: 1, now: true }, 400, 'invalid_request', 'now'],
    [{ attempts: 1, deadline: new Date(NOW).toISOString() }, 422, 'deadline_past', 'deadline'],
    [{ attempts: 1, deadline: new Date(NOW + 31 * DAY).toISOString() }, 422, 'deadline_too_far', 'deadline'],
  ])('refuses %j', async (body, status, code, field) => {
    const world = await aWorldWith(standing('needs_attention'))
    const answer = await tell(world, 'retry', body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ code, field })
    expect(world.heard.puts).toBe(0)
  })
})

describe('resolve', () => {
  const open: readonly SpliceState[] = ['queued', 'submitted', 'needs_attention']

  test.each(States.options)('failed, of one that is %s', async (state) => {
    const world = await aWorldWith(standing(state))
    const answer = await tell(world, 'resolve', { outcome: 'failed', note: 'called the peer' })
    if (!open.includes(state)) {
      expect(answer.status).toBe(409)
      expect(answer.body).toMatchObject({ code: 'not_resolvable' })
      expect(world.heard.puts).toBe(0)
      return
    }
    expect(answer.body).toMatchObject({
      status: 'failed',
      failure: { code: 'operator', message: 'called the peer', proof: 'operator' },
    })
    expect(world.heard.lines[0]?.fields).toMatchObject({ action: 'resolve', key: 'olga', splice: ID })
  })

  test('declares the attempts dead by the word of an operator', async () => {
    const world = await aWorldWith(standing('submitted'))
    const answer = await tell(world, 'resolve', { outcome: 'failed', note: 'n' })
    expect(answer.body).toMatchObject({ attempts: [{ notExecuted: true, provenBy: 'operator' }] })
  })

  test.each([
    [{}, 'outcome'],
    [{ outcome: 'settled', note: 'n' }, 'outcome'],
    [{ outcome: 'failed' }, 'note'],
    [{ outcome: 'failed', note: '  ' }, 'note'],
    [{ outcome: 'candidate', txid: 'xyz' }, 'txid'],
    [{ outcome: 'candidate', txid: aTxid('A') }, 'txid'],
  ])('refuses %j', async (body, field) => {
    const world = await aWorldWith(standing('needs_attention'))
    const answer = await tell(world, 'resolve', body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'invalid_request', field })
  })
})

describe('resolve with a transaction', () => {
  const splice = standing('needs_attention')
  const ours = aSpend(FUNDING, splice.script ?? '', splice.amountSats)

  async function claim(transaction: ReturnType<typeof aSpend>, standingSplice = splice) {
    const world = await aWorldWith(standingSplice)
    world.told.transactions.set(transaction.txid, transaction)
    return { world, answer: await tell(world, 'resolve', { outcome: 'candidate', txid: transaction.txid }) }
  }

  test('takes it as the candidate, and its txid finds the payment', async () => {
    const { world, answer } = await claim(ours)
    expect(answer.body).toMatchObject({
      status: 'pending',
      candidates: [{ txid: ours.txid }],
      attention: null,
    })
    expect(await world.store.item('tx', ours.txid)).toMatchObject({ value: { paymentId: aPaymentId(1) } })
  })

  test('of a splice-in needs no output of ours', async () => {
    const transaction = aSpend(FUNDING, '0014' + '00'.repeat(20), 1)
    const splicedIn = standing('submitted', { kind: 'splice_in', address: null, script: null })
    expect((await claim(transaction, splicedIn)).answer.body).toMatchObject({ status: 'pending' })
  })

  test.each([
    ['spends something else', aSpend(`${aTxid('9')}:0`, splice.script ?? '', splice.amountSats)],
    ['spends another output', aSpend(`${aTxid('f')}:1`, splice.script ?? '', splice.amountSats)],
    ['pays one satoshi more', aSpend(FUNDING, splice.script ?? '', splice.amountSats + 1)],
    ['pays another script', aSpend(FUNDING, '0014' + '00'.repeat(20), splice.amountSats)],
  ])('refuses one that %s', async (_, transaction) => {
    const { world, answer } = await claim(transaction)
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ code: 'transaction_unrelated', field: 'txid' })
    expect(world.heard.puts).toBe(0)
  })

  test('refuses one that the chain source does not know -- or lies about', async () => {
    const world = await aWorldWith(splice)
    const unknown = await tell(world, 'resolve', { outcome: 'candidate', txid: ours.txid })
    expect(unknown.status).toBe(422)
    expect(unknown.body).toMatchObject({ code: 'transaction_unknown', field: 'txid' })
    world.told.transactions.set(aTxid('7'), { ...ours, txid: aTxid('7') })
    const lie = await tell(world, 'resolve', { outcome: 'candidate', txid: aTxid('7') })
    expect(lie.body).toMatchObject({ code: 'transaction_unknown' })
    expect(world.heard.puts).toBe(0)
  })

  test('comes back later when the chain source does not answer', async () => {
    const world = await aWorldWith(splice)
    world.told.chainDown = true
    const answer = await tell(world, 'resolve', { outcome: 'candidate', txid: ours.txid })
    expect(answer.status).toBe(503)
    expect(answer.body).toMatchObject({ code: 'chain_unreachable' })
    expect(answer.headers.get('Retry-After')).not.toBeNull()
  })

  test('refuses what belongs to another splice -- not what was once taken for a foreign payment', async () => {
    for (const [paymentId, status] of [
      [aPaymentId(2), 422],
      [ours.txid, 200],
    ] as const) {
      const world = await aWorldWith(splice)
      await world.store.create(aSplice({ id: aSpliceId(2) }))
      await world.store.putItem('tx', ours.txid, { paymentId }, 0)
      world.told.transactions.set(ours.txid, ours)
      const answer = await tell(world, 'resolve', { outcome: 'candidate', txid: ours.txid })
      expect(answer.status).toBe(status)
    }
  })

  test.each(['queued', 'pending', 'confirmed', 'settled', 'failed', 'cancelled'] as const)(
    'is refused for one that is %s, and nothing is written',
    async (state) => {
      const { world, answer } = await claim(ours, standing(state))
      expect(answer.status).toBe(409)
      expect(answer.body).toMatchObject({ code: 'not_resolvable' })
      expect(world.heard.puts).toBe(0)
    },
  )
})

describe('unfreeze', () => {
  const frozen: ChannelLease = {
    holder: null,
    queue: queueOf(aSpliceId(5)),
    frozen: { cause: 'anomaly', at: NOW, note: '' },
  }

  const lift = (world: World, body: unknown = { note: 'the cause is gone' }, key = world.keys.landlord) =>
    request(world, 'POST', `/v1/channels/${CHANNEL}/unfreeze`, { key, body })

  test('lifts the freeze, keeps the line, wakes its head and leaves an audit line', async () => {
    const world = await aWorld()
    await world.store.putItem('lease', CHANNEL, frozen, 0)
    const answer = await lift(world)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ object: 'channel', channel: CHANNEL, frozen: null })
    expect((await world.store.item('lease', CHANNEL))?.value).toEqual({ ...frozen, frozen: null })
    expect(world.heard.hints).toEqual([aSpliceId(5)])
    expect(world.heard.lines[0]?.fields).toEqual({
      action: 'unfreeze',
      tenant: 'acme',
      key: 'lars',
      channel: CHANNEL,
      cause: 'anomaly',
      note: 'the cause is gone',
      requestId: 'req_chance-1',
    })
    expect((await lift(world)).body).toMatchObject({ status: 409, code: 'not_frozen' })
  })

  test('of a channel that never had a lease is not_frozen', async () => {
    expect((await lift(await aWorld())).status).toBe(409)
  })

  test('of a node with one lease lifts the freeze of the node', async () => {
    const world = await aWorld()
    const seen = await world.store.item('node', 'alice')
    if (seen === null) throw new Error('seeded')
    await world.store.putItem('node', 'alice', withCapabilities(seen.value, { leaseScope: 'node' }), seen.version)
    const lease = seen.value.nodeId
    await world.store.putItem('lease', lease, frozen, 0)
    expect((await lift(world)).status).toBe(200)
    expect((await world.store.item('lease', lease))?.value.frozen).toBeNull()
  })

  test('of a channel that another tenant uses too needs a key that says so', async () => {
    const world = await aWorld()
    await world.store.putItem('lease', CHANNEL, frozen, 0)
    for (const key of [world.keys.operator, world.keys.stranger]) {
      const { body } = await lift(world, { note: 'mine' }, key)
      expect(body).toMatchObject({ status: 403, code: 'forbidden' })
      expect(body['detail']).toContain('operator:shared')
    }
    expect((await world.store.item('lease', CHANNEL))?.value).toEqual(frozen)
    expect(await world.store.auditAfter('acme', 0, 9)).toEqual([])
    expect((await lift(world)).status).toBe(200)
  })

  test.each([
    ['whose node the tenant has for itself', ['acme'], 200],
    ['whose node it shares with another', ['acme', 'other'], 403],
  ] as const)('by an operator of one tenant, of a channel %s', async (_, tenants, status) => {
    const world = await aWorld()
    const alice = world.ports.nodes.get('alice')
    if (alice === undefined) throw new Error('seeded')
    const deps = { ...world.deps, ports: { ...world.ports, nodes: new Map([['alice', { ...alice, tenants }]]) } }
    await world.store.putItem('lease', CHANNEL, frozen, 0)
    const { operator } = world.keys
    expect((await lift({ ...world, app: createApi(deps) }, { note: 'looked at' }, operator)).status).toBe(status)
  })

  test('needs a note, and a channel that the tenant has', async () => {
    const world = await aWorld()
    expect((await lift(world, {})).body).toMatchObject({ code: 'invalid_request', field: 'note' })
    const answer = await request(world, 'POST', `/v1/channels/${'9'.repeat(64)}/unfreeze`, {
      key: world.keys.landlord,
      body: { note: 'n' },
    })
    expect(answer.body).toMatchObject({ status: 404, code: 'channel_not_found' })
  })

  test('is busy when others change the lease at the same moment', async () => {
    const world = await aWorld({
      before: (operation) =>
        operation.type === 'put' && operation.row.pk === `LEASE#${CHANNEL}` && operation.condition !== 'absent'
          ? 'lost_race'
          : null,
    })
    await world.store.putItem('lease', CHANNEL, frozen, 0)
    expect((await lift(world)).body).toMatchObject({ status: 503, code: 'busy' })
  })
})
