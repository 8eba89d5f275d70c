import { describe, expect, test } from 'vitest'
import { phoenixdClient } from '../../../adapters/node/phoenixd/client.ts'
import { phoenixdNode } from '../../../adapters/node/phoenixd/node.ts'
import { describeHttpNode, refused, status, type HttpFault } from './http-node-suite.ts'
import { ok } from '../../../core/values/result.ts'
import { aBump, aPhoenixd, aSubmission, callNow, channelAt, lookAt } from '../../../harness/nodes/http-nodes.ts'
import { ADDRESS, SCRIPT } from '../../../harness/values.ts'

const text = (body: string): HttpFault => ({ type: 'body', body, executes: false })

describe('a look', () => {
  test('shows who it is, that it says no to much, and its channels', async () => {
    const stage = await aPhoenixd()
    const [own] = stage.node.channels()
    expect(await lookAt(stage.port)).toMatchObject({
      observedAt: stage.world.now(),
      nodeId: stage.node.nodeId,
      network: 'regtest',
      version: '0.8.0-402c2ea',
      tipHeight: stage.world.chain.tip.height,
      synced: true,
      capabilities: {
        software: 'phoenixd',
        spliceIn: false,
        spliceOut: true,
        toAddress: true,
        bump: false,
        feeCap: 'gated',
        fenceMs: null,
        reportsCandidates: true,
        nonExecutionProofs: ['node_idle'],
        leaseScope: 'node',
        submitsOnce: true,
        ownWallet: false,
      },
      payouts: [],
      channels: [
        {
          channelId: own?.channelId,
          peerId: own?.peerId,
          peerConnected: true,
          ready: true,
          closing: false,
          funding: `${own?.funding.txid}:0`,
          capacitySats: 10_000_000,
          outboundMsat: 5_900_000_000,
          inboundMsat: 3_900_000_000,
          lockDepth: 0,
          candidates: [],
          negotiation: 'none',
        },
      ],
    })
  })

  test('shows a splice that is under way, that waits for signatures without its peer, and that locked', async () => {
    const stage = await aPhoenixd()
    const before = await channelAt(stage.port)
    const taken = await stage.port.submit(aSubmission(stage), callNow())
    if (taken.type !== 'taken') throw new Error(taken.type)
    expect(await channelAt(stage.port)).toMatchObject({ negotiation: 'active', funding: before.funding })
    stage.world.setPhases({ signingMs: 60_000 })
    stage.node.disconnectPeer()
    expect(await channelAt(stage.port)).toMatchObject({
      negotiation: 'active',
      peerConnected: false,
      ready: true,
    })
    stage.node.connectPeer()
    stage.world.advance(120_000)
    const after = await channelAt(stage.port)
    expect(after).toMatchObject({ negotiation: 'none', candidates: [], peerConnected: true })
    expect(after.funding?.startsWith(taken.txid ?? '?')).toBe(true)
    expect((await lookAt(stage.port)).payouts).toMatchObject([{ txid: taken.txid, amountSats: 50_000 }])
  })

  test('shows a candidate before both sides have locked it', async () => {
    const stage = await aPhoenixd()
    stage.world.setPhases({ lockMs: 60_000 })
    const taken = await stage.port.submit(aSubmission(stage), callNow())
    stage.world.advance(2_000)
    expect(await channelAt(stage.port)).toMatchObject({
      candidates: [{ txid: taken.type === 'taken' ? taken.txid : '', signed: true }],
    })
  })

  test('shows a channel that shuts down as closing', async () => {
    const stage = await aPhoenixd()
    stage.node.disconnectPeer()
    stage.node.close(aSubmission(stage).channelId, 'cooperative')
    expect(await channelAt(stage.port)).toMatchObject({ ready: false, closing: true, peerConnected: false })
  })

  test('reads all payments of the last day, page by page: the newest stand last', async () => {
    const stage = await aPhoenixd()
    const lightning = { subType: 'lightning', sent: 1, fees: 0, createdAt: 1 }
    const full = JSON.stringify(Array.from({ length: 500 }, () => lightning))
    stage.server.fault(text(full), '/payments/outgoing')
    await stage.port.submit(aSubmission(stage), callNow())
    stage.world.advance(2_000)
    const last = [{ subType: 'splice_out', txId: 'e'.repeat(64), sent: 700, fees: 200_000, createdAt: 5 }]
    stage.server.fault(text(JSON.stringify(last)), '/payments/outgoing')
    expect((await lookAt(stage.port)).payouts).toEqual([{ txid: 'e'.repeat(64), amountSats: 500, at: 5 }])
    const pages = stage.server.received.filter(({ path }) => path === '/payments/outgoing')
    expect(pages.map(({ fields }) => fields.get('offset'))).toEqual(['0', '500'])
    expect(Number(pages[0]?.fields.get('from'))).toBe(stage.world.now() - 24 * 3_600_000)
  })

  test('with a list of payments that does not end is none', async () => {
    const stage = await aPhoenixd()
    const full = JSON.stringify(
      Array.from({ length: 500 }, () => ({ subType: 'lightning', sent: 1, fees: 0, createdAt: 1 })),
    )
    for (let n = 0; n < 20; n += 1) stage.server.fault(text(full), '/payments/outgoing')
    expect(await stage.port.look(callNow())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })

  test('with the password that may only look shows all, and a splice with it is refused', async () => {
    const stage = await aPhoenixd()
    const client = phoenixdClient({ url: stage.server.url, password: 'look only' })
    const port = phoenixdNode(client, stage)
    expect((await lookAt(port)).channels).toHaveLength(1)
    expect(await port.submit(aSubmission(stage), callNow())).toMatchObject({
      type: 'refused',
      class: 'config',
    })
  })
})

describe('a splice-out', () => {
  test('names amount, address and feerate, and no channel', async () => {
    const stage = await aPhoenixd()
    const request = aSubmission(stage, { feeRateSatPerKw: 1_001 })
    expect(await stage.port.submit(request, callNow())).toMatchObject({ type: 'taken' })
    const [sent] = stage.server.received.filter(({ path }) => path === '/sendtoaddress')
    expect(Object.fromEntries(sent?.fields ?? [])).toEqual({
      amountSat: '50000',
      address: ADDRESS,
      feerateSatByte: '5',
    })
    stage.world.advance(2_000)
    expect(stage.world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
  })

  test.each<[string, Parameters<typeof aSubmission>[1], string]>([
    ['a splice-in', { kind: 'splice_in', address: null }, 'invalid'],
    ['no address', { address: null }, 'invalid'],
    ['no estimate', { feeRateSatPerKw: null }, 'not_now'],
    ['the next whole sat/vB over the ceiling', { feeRateSatPerKw: 1_001, maxFeeRateSatPerKw: 1_249 }, 'not_now'],
    ['a fee over the ceiling', { feeRateSatPerKw: 1_001, maxFeeSats: 1_249 }, 'not_now'],
  ])('with %s is not sent', async (_says, changes, refusal) => {
    const stage = await aPhoenixd()
    const given = await stage.port.submit(aSubmission(stage, changes), callNow())
    expect(given).toMatchObject({ type: 'refused', class: refusal })
    expect(stage.server.received).toEqual([])
  })

  test('just under its ceilings is sent, and a feerate of nothing as the least that there is', async () => {
    const stage = await aPhoenixd()
    const under = { feeRateSatPerKw: 1, maxFeeRateSatPerKw: 250, maxFeeSats: 250 }
    expect(await stage.port.submit(aSubmission(stage, under), callNow())).toMatchObject({ type: 'taken' })
    const [sent] = stage.server.received.filter(({ path }) => path === '/sendtoaddress')
    expect(sent?.fields.get('feerateSatByte')).toBe('1')
  })

  test('that no channel can pay, or that meets another one, is refused', async () => {
    const stage = await aPhoenixd()
    const pay = (amountSats: number) => stage.port.submit(aSubmission(stage, { amountSats }), callNow())
    expect(await pay(9_000_000)).toMatchObject({ class: 'not_now' })
    expect(await pay(50_000)).toMatchObject({ type: 'taken' })
    expect(await pay(60_000)).toMatchObject({ class: 'in_flight' })
  })
})

describeHttpNode({
  start: aPhoenixd,
  reads: ['/getinfo', '/listchannels', '/payments/outgoing'],
  readFaults: [
    ['a wrong password', status(401, ''), 'config'],
    ['an internal error', status(500, ''), 'unreachable'],
    ['a reset', { type: 'reset', executes: true }, 'unreachable'],
    ['half a body', { type: 'half_body' }, 'unreachable'],
    ['plain text', { type: 'content_type', value: 'text/plain' }, 'unreachable'],
    ['a list of nothing', text('[{}]'), 'unreachable'],
  ],
  faults: [
    ['a reset before it was read', { type: 'reset', executes: false }, { type: 'unknown' }, 0],
    ['a reset after it', { type: 'reset', executes: true }, { type: 'unknown' }, 1],
    ['half a txid', { type: 'half_body' }, { type: 'unknown' }, 1],
    ['a txid as JSON', { type: 'content_type', value: 'application/json' }, { type: 'unknown' }, 1],
    ['401', status(401, '', false), { type: 'refused', class: 'config' }, 0],
    ['405', status(405, '', false), { type: 'refused', class: 'config' }, 0],
    ['403 of a proxy, which proves nothing', status(403, ''), { type: 'unknown' }, 1],
    ['400', status(400, ''), { type: 'unknown' }, 1],
    ['500', status(500, ''), { type: 'unknown' }, 1],
    ['504 of a proxy', status(504, ''), { type: 'unknown' }, 1],
    ['nothing', text(''), { type: 'unknown' }, 0],
    ['a txid in capitals', text('A'.repeat(64)), { type: 'unknown' }, 0],
    ['a txid and more', text(`${'a'.repeat(64)}\n`), { type: 'unknown' }, 0],
    ['an exception', text('Parameter address is missing'), { type: 'unknown' }, 0],
    ['the name of no failure', text('DisconnectedByPeer'), { type: 'unknown' }, 0],
    ['a peer that aborts', { type: 'trouble', trouble: 'abort' }, { reason: 'CounterpartyAborted' }, 1],
    ['a peer that goes away', { type: 'trouble', trouble: 'disconnect' }, { reason: 'PeerDisconnected' }, 1],
    ['a peer that says nothing', { type: 'trouble', trouble: 'silent_peer' }, { type: 'unknown' }, 1],
    ['a restart', { type: 'trouble', trouble: 'restart' }, { type: 'unknown' }, 1],
    ['a tx_abort after the answer', { type: 'trouble', trouble: 'abort_after_reply' }, { type: 'taken' }, 1],
  ],
  failure: text,
  refusals: [
    ['no channel available', refused('not_now')],
    ['InsufficientFunds(balanceAfterFees=1 msat, liquidityFees=0 msat)', refused('not_now', 'ContributionInvalid')],
    ['InvalidSpliceOutPubKeyScript', refused('invalid')],
    ['SpliceAlreadyInProgress', refused('in_flight')],
    ['ConcurrentRemoteSplice', refused('in_flight')],
    ['ChannelNotQuiescent', refused('not_now')],
    ['FundingFailure(reason=x)', refused('not_now', 'ContributionInvalid')],
    ['CannotStartSession', refused('not_now', 'NegotiationError')],
    ['InteractiveTxSessionFailed(reason=x)', refused('not_now', 'NegotiationError')],
    ['CannotCreateCommitTx(reason=x)', refused('not_now', 'NegotiationError')],
    ['AbortedByPeer(reason=any words)', refused('not_now', 'CounterpartyAborted')],
    ['Disconnected', refused('not_now', 'PeerDisconnected')],
  ],
  unproven: [],
})

test('a bump is not sent: it would be another splice, paid for at every call', async () => {
  const stage = await aPhoenixd()
  expect(await stage.port.bump(aBump(stage), callNow())).toMatchObject({ type: 'refused', class: 'invalid' })
  expect(stage.server.received).toEqual([])
})

test('it gives no address, has one peer only, and its list tells what a transaction took', async () => {
  const stage = await aPhoenixd()
  expect(await stage.port.newAddress(callNow())).toMatchObject({ ok: false })
  const channel = await channelAt(stage.port)
  expect(await stage.port.connectPeer(channel, callNow())).toEqual(ok(undefined))
  await stage.port.submit(aSubmission(stage), callNow())
  stage.world.advance(2_000)
  const [splice] = stage.world.journal.effectiveSplices()
  const told = (txid: string) => stage.port.contribution(channel.channelId, txid, callNow())
  expect(await told(splice?.txid ?? '')).toEqual(ok({ amountSats: splice?.oursNetSats }))
  expect(await told('e'.repeat(64))).toEqual(ok(null))
})
