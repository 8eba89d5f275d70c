import { describe, expect, test } from 'vitest'
import type { ForeignPayment } from '../../core/ports/records.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aForeignCandidate, aForeignPayment } from '../../harness/records/payments.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aSpliceId, aTxid } from '../../harness/values.ts'
import { CHANNEL, NOW } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'

const { id: ID, paymentId: PAYMENT_ID } = aSplice()
const BLOCK = { height: 208, hash: aTxid('3') }
const iso = (at: number) => new Date(at).toISOString()

const candidate = {
  txid: aTxid('2'),
  spends: `${aTxid('f')}:0`,
  feeSats: 310,
  feeRateSatPerKw: 525,
  seenAt: NOW,
  seenAtHeight: null,
  block: BLOCK,
}

async function aWorldWith(splice: Partial<Splice>): Promise<World> {
  const world = await aWorld()
  await world.store.create(aSplice(splice))
  for (const { txid } of splice.candidates ?? [])
    await world.store.putItem('tx', txid, { paymentId: aSplice(splice).paymentId }, 0)
  return world
}

async function keep(world: World, payment: ForeignPayment): Promise<void> {
  await world.store.putItem('payment', payment.id, payment, 0)
  for (const { txid } of payment.candidates)
    await world.store.putItem('tx', txid, { paymentId: payment.id, foreign: true }, 0)
}

const read = (world: World, path: string, key = world.keys.reader) =>
  request(world, 'GET', `/v1/payments${path}`, { key })

describe('a payment of a splice', () => {
  test('is shown with the candidate that confirmed, by its id and by any of its txids', async () => {
    const older = { ...candidate, txid: aTxid('4'), block: null }
    const world = await aWorldWith({
      state: 'confirmed',
      metadata: { order: '42' },
      candidates: [older, candidate],
    })
    const { body } = await read(world, `/${PAYMENT_ID}`)
    expect(body).toEqual({
      id: PAYMENT_ID,
      object: 'payment',
      kind: 'splice_out',
      status: 'confirmed',
      splice: ID,
      node: 'alice',
      channel: CHANNEL,
      network: 'regtest',
      txid: candidate.txid,
      amountSats: 50_000,
      feeSats: 310,
      feeRateSatPerVb: 2.1,
      contributionSats: null,
      confirmations: 3,
      blockHash: BLOCK.hash,
      candidates: [
        { txid: older.txid, feeSats: 310, feeRateSatPerVb: 2.1, blockHash: null, seenAt: iso(NOW) },
        { txid: candidate.txid, feeSats: 310, feeRateSatPerVb: 2.1, blockHash: BLOCK.hash, seenAt: iso(NOW) },
      ],
      metadata: { order: '42' },
      createdAt: iso(NOW),
    })
    for (const txid of [older.txid, candidate.txid]) expect((await read(world, `?txid=${txid}`)).body).toEqual(body)
    expect(world.heard.puts).toBe(3)
  })

  test('is intended before any transaction was seen', async () => {
    const world = await aWorldWith({})
    const { status, body } = await read(world, `/${PAYMENT_ID}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'intended', txid: null, confirmations: 0, candidates: [] })
  })

  test('is final at the depth that its channel requires', async () => {
    const block = { ...BLOCK, height: 205 }
    const world = await aWorldWith({ state: 'confirmed', candidates: [{ ...candidate, block }] })
    expect((await read(world, `/${PAYMENT_ID}`)).body).toMatchObject({
      status: 'final',
      confirmations: 6,
    })
    const deeper = await aWorldWith({ state: 'confirmed', candidates: [{ ...candidate, block }] })
    const item = await deeper.store.item('channel', `alice/${CHANNEL}`)
    if (item === null) throw new Error('seeded')
    await deeper.store.putItem('channel', `alice/${CHANNEL}`, { ...item.value, lockDepth: 9 }, item.version)
    expect((await read(deeper, `/${PAYMENT_ID}`)).body).toMatchObject({ status: 'confirmed' })
  })

  test('is found by its whole id only, not by one that begins like it', async () => {
    const world = await aWorldWith({})
    expect((await read(world, `/${PAYMENT_ID.slice(0, 63)}x`)).status).toBe(404)
    expect((await read(world, `/${PAYMENT_ID.slice(0, 24)}${'0'.repeat(40)}`)).status).toBe(404)
  })

  test('of another tenant is not there', async () => {
    const world = await aWorldWith({ state: 'confirmed', candidates: [candidate] })
    for (const path of [`/${PAYMENT_ID}`, `?txid=${candidate.txid}`]) {
      const answer = await read(world, path, world.keys.stranger)
      expect(answer.status).toBe(404)
      expect(answer.body).toMatchObject({ code: 'payment_not_found' })
    }
  })
})

describe('a foreign payment', () => {
  const foreign = aForeignPayment({
    kind: 'foreign_splice',
    candidates: [aForeignCandidate({ block: BLOCK, contributionSats: -7, contributionAsked: true })],
  })

  test('is shown to whoever may use its node, by its id and by its txids', async () => {
    const world = await aWorld()
    await keep(world, foreign)
    const { body } = await read(world, `/${foreign.id}`)
    expect(body).toMatchObject({
      id: foreign.id,
      kind: 'foreign_splice',
      status: 'confirmed',
      splice: null,
      node: 'alice',
      txid: aTxid('1'),
      amountSats: 70_000,
      feeSats: 300,
      feeRateSatPerVb: 4,
      contributionSats: -7,
      confirmations: 3,
      metadata: {},
    })
    expect((await read(world, `?txid=${aTxid('1')}`)).body).toEqual(body)
  })

  test('of a node that the tenant may not use, or that is not configured any more, is not there', async () => {
    for (const node of ['carol', 'gone']) {
      const world = await aWorld()
      await keep(world, { ...foreign, node })
      for (const path of [`/${foreign.id}`, `?txid=${aTxid('1')}`])
        expect((await read(world, path)).body).toMatchObject({ code: 'payment_not_found' })
    }
  })

  test('that ours absorbed answers as ours, and only to its tenant', async () => {
    const world = await aWorldWith({ state: 'pending', candidates: [{ ...candidate, block: null }] })
    const pending = [aForeignCandidate()]
    await keep(world, { ...foreign, candidates: pending, absorbedBy: PAYMENT_ID })
    for (const path of [`/${foreign.id}`, `?txid=${aTxid('1')}`]) {
      expect((await read(world, path)).body).toMatchObject({ id: PAYMENT_ID, splice: ID })
      expect((await read(world, path, world.keys.stranger)).status).toBe(404)
    }
  })

  test('that ours absorbed stands for itself again when it confirmed and ours was given up', async () => {
    const world = await aWorldWith({
      state: 'failed',
      dueAt: null,
      candidates: [{ ...candidate, block: null }],
    })
    await keep(world, { ...foreign, absorbedBy: PAYMENT_ID })
    expect((await read(world, `?txid=${aTxid('1')}`)).body).toMatchObject({ id: foreign.id, splice: null })
    expect((await read(world, `/${PAYMENT_ID}`)).body).toMatchObject({ status: 'void' })
  })

  test('whose transaction a splice claimed after it was final here answers as that splice’s', async () => {
    const own = { ...candidate, txid: aTxid('1') }
    const world = await aWorldWith({ state: 'confirmed', candidates: [own] })
    await world.store.putItem('payment', foreign.id, { ...foreign, final: { at: NOW, block: BLOCK } }, 0)
    expect((await read(world, `/${foreign.id}`)).body).toMatchObject({ id: PAYMENT_ID })
  })
})

describe('what is asked wrongly', () => {
  test.each([
    ['?txid=', 'txid'],
    ['?txid=xyz', 'txid'],
    [`?txid=${aTxid('A')}`, 'txid'],
    ['', 'txid'],
    [`?txid=${aTxid('1')}&tx=1`, 'tx'],
  ])('%s is refused, naming the field', async (query, field) => {
    const answer = await read(await aWorld(), query)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'invalid_request', field })
  })

  test('what nobody knows is not found, whatever it looks like', async () => {
    const world = await aWorldWith({ id: aSpliceId(1) })
    await world.store.putItem('tx', aTxid('7'), { paymentId: aTxid('8') }, 0)
    await world.store.putItem('tx', aTxid('9'), { paymentId: aTxid('8'), foreign: true }, 0)
    const paths = [`/${aTxid('1')}`, '/x', `/${ID}`, `?txid=${aTxid('7')}`, `?txid=${aTxid('9')}`]
    for (const path of [...paths, `?txid=${aTxid('0')}`]) {
      const answer = await read(world, path)
      expect(answer.status, path).toBe(404)
      expect(answer.body, path).toMatchObject({ code: 'payment_not_found' })
    }
  })

  test('without a key, or without the scope, nothing is said', async () => {
    const world = await aWorld()
    expect((await request(world, 'GET', `/v1/payments/${aTxid('1')}`)).status).toBe(401)
    expect((await request(world, 'GET', `/v1/payments?txid=${aTxid('1')}`)).status).toBe(401)
  })

  test('is in the document: two calls and the schema', async () => {
    const { body } = await request(await aWorld(), 'GET', '/openapi.json')
    expect(body).toMatchObject({
      paths: {
        '/v1/payments': { get: { operationId: 'findPayment' } },
        '/v1/payments/{id}': { get: { operationId: 'getPayment' } },
      },
      components: { schemas: { Payment: { type: 'object' } } },
    })
  })
})
