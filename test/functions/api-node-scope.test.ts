import { describe, expect, test } from 'vitest'
import { channelKey, type ChannelState, type NodeState } from '../../core/ports/records.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { CHANNEL, aBody } from '../../harness/api/values.ts'
import { apiChannel, apiNode, withCapabilities } from '../../harness/api/seed.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'

const OTHER = 'e'.repeat(64)
/** JSON leaves out what is undefined. */
const body = { ...aBody, node: 'bob', channel: undefined }

/** A world in which bob is a phoenixd, with these channels. */
async function aPhoenixd(channels: readonly Partial<ChannelState>[] = [{}], node: Partial<NodeState> = {}) {
  const world = await aWorld()
  const seen = channels.map((channel) => ({ ...apiChannel, node: 'bob', lockDepth: 0, ...channel }))
  const channelIds = seen.map(({ channelId }) => channelId)
  const phoenixd: NodeState = {
    ...apiNode,
    capabilities: {
      ...apiNode.capabilities,
      software: 'phoenixd',
      spliceIn: false,
      bump: false,
      overlapGuard: false,
      leaseScope: 'node',
      submitsOnce: true,
      ownWallet: false,
    },
    channelIds,
    ...node,
  }
  await world.store.putItem('node', 'bob', phoenixd, 0)
  for (const channel of seen) await world.store.putItem('channel', channelKey('bob', channel.channelId), channel, 0)
  return world
}

describe('a node that picks the channel itself (phoenixd)', () => {
  test('takes an order without a channel: one submission, from the only channel that it has', async () => {
    const world = await aPhoenixd()
    const answer = await order(world, 'one', body)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ channel: CHANNEL, budget: { maxAttempts: 1 } })
    expect(await world.store.load(spliceIdOf('acme', 'one'))).toMatchObject({
      leaseScope: 'node',
      fundingHistory: [apiChannel.funding],
    })
  })

  test('refuses a channel in the body, and names the field', async () => {
    const world = await aPhoenixd()
    const answer = await order(world, 'one', { ...body, channel: CHANNEL })
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject({ code: 'channel_unexpected', field: 'channel' })
    expect(answer.body['detail']).toContain('picks the channel itself')
    expect(await world.store.load(spliceIdOf('acme', 'one')), 'nothing is stored').toBeNull()
  })

  test('says the same in a preview', async () => {
    const world = await aPhoenixd()
    const { writer: key } = world.keys
    const preview = (posted: unknown) => request(world, 'POST', '/v1/splices/preview', { key, body: posted })
    expect((await preview({ ...body, channel: CHANNEL })).body).toMatchObject({ code: 'channel_unexpected' })
    expect((await preview(body)).body).toMatchObject({ object: 'preview', channel: CHANNEL })
  })

  test.each<[string, Partial<ChannelState>[], number]>([
    ['no channel', [], 404],
    ['two open channels', [{}, { channelId: OTHER }], 404],
    ['a second one that is closing', [{}, { channelId: OTHER, closing: true }], 202],
    ['a second one that is gone', [{}, { channelId: OTHER, goneAt: 1 }], 202],
    ['a second one that is away', [{}, { channelId: OTHER, peerConnected: false }], 404],
  ])('with %s', async (_says, channels, status) => {
    const answer = await order(await aPhoenixd(channels), 'one', body)
    expect(answer.status).toBe(status)
    if (status !== 202) expect(answer.body).toMatchObject({ code: 'channel_not_found', field: 'channel' })
  })

  test.each<[string, object, object]>([
    ['a splice-in', { kind: 'splice_in', address: undefined }, { code: 'node_unsupported', field: 'kind' }],
    ['no address', { address: undefined }, { code: 'node_unsupported', field: 'address' }],
    [
      'a second attempt',
      { budget: { maxAttempts: 2 } },
      { code: 'attempts_out_of_range', field: 'budget.maxAttempts' },
    ],
    [
      'a bump by itself',
      { autoBump: { afterBlocks: 6 }, budget: { maxFeeSats: 900 } },
      { code: 'bump_unsupported', field: 'autoBump' },
    ],
  ])('refuses %s', async (_says, change, problem) => {
    const answer = await order(await aPhoenixd(), 'one', { ...body, ...change })
    expect(answer.status).toBe(422)
    expect(answer.body).toMatchObject(problem)
  })

  test('replays an order although the node has another channel by now', async () => {
    const world = await aPhoenixd()
    expect((await order(world, 'one', body)).status).toBe(202)
    const node = await world.store.item('node', 'bob')
    if (node === null) throw new Error('seeded')
    await world.store.putItem('node', 'bob', { ...node.value, channelIds: [OTHER] }, node.version)
    expect((await order(world, 'one', body)).status).toBe(200)
  })
})

describe('any other node', () => {
  test('needs the channel, and names the field', async () => {
    const answer = await order(await aWorld(), 'one', { ...aBody, channel: undefined })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({
      code: 'invalid_request',
      field: 'channel',
      errors: [{ field: 'channel' }],
    })
  })

  test('that cannot splice answers node_unsupported and why, with a channel or without', async () => {
    const world = await aWorld()
    const lnd = await world.store.item('node', 'lnd')
    if (lnd === null) throw new Error('seeded')
    const why = 'LND has no splicing'
    await world.store.putItem('node', 'lnd', withCapabilities(lnd.value, { unsupported: why }), lnd.version)
    for (const channel of [CHANNEL, undefined, 'anything']) {
      const answer = await order(world, 'one', { ...aBody, node: 'lnd', channel })
      expect(answer.status).toBe(422)
      expect(answer.body).toMatchObject({ code: 'node_unsupported', field: 'node', detail: why })
    }
  })
})
