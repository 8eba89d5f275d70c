import { describe, expect, test } from 'vitest'
import { eclairClient } from '../../../adapters/node/eclair/client.ts'
import { eclairNode } from '../../../adapters/node/eclair/node.ts'
import { describeHttpNode, refused, status, type HttpFault } from './http-node-suite.ts'
import { ok } from '../../../core/values/result.ts'
import { aBump, anEclair, aSubmission, callNow, channelAt, lookAt } from '../../../harness/nodes/http-nodes.ts'
import { ADDRESS, SCRIPT } from '../../../harness/values.ts'

const INTAKE = { kind: 'splice_in', amountSats: 300_000, address: null } as const
const failure = (text: string): HttpFault => ({ type: 'body', body: JSON.stringify(text), executes: false })

/** A stage with a pending splice-in, of which nobody has seen a block. */
async function aPendingIntake() {
  const stage = await anEclair()
  await stage.port.submit(aSubmission(stage, INTAKE), callNow())
  stage.world.advance(2_000)
  return stage
}

describe('a look', () => {
  test('shows who it is, what it can do, and its channels', async () => {
    const stage = await anEclair()
    const [own] = stage.node.channels()
    expect(await lookAt(stage.port)).toMatchObject({
      observedAt: stage.world.now(),
      nodeId: stage.node.nodeId,
      network: 'regtest',
      version: '0.14.0-5b765e0',
      tipHeight: stage.world.chain.tip.height,
      synced: true,
      spendableSats: 9_975_000,
      feeRateSatPerKw: null,
      capabilities: {
        software: 'eclair',
        spliceIn: true,
        spliceOut: true,
        bump: true,
        replaces: ['splice_in'],
        feeCap: 'gated',
        fenceMs: null,
        reportsCandidates: true,
        queuesOffline: false,
        checksFunding: false,
        overlapGuard: false,
        nonExecutionProofs: ['single_commitment'],
        leaseScope: 'channel',
      },
      channels: [
        {
          channelId: own?.channelId,
          peerId: own?.peerId,
          peerConnected: true,
          ready: true,
          closing: false,
          funding: `${own?.funding.txid}:0`,
          capacitySats: 10_000_000,
          // 6,000,000 and 4,000,000 sat, less 1 % of the value.
          outboundMsat: 5_900_000_000,
          inboundMsat: 3_900_000_000,
          lockDepth: 8,
          candidates: [],
          negotiation: 'unknown',
        },
      ],
    })
  })

  test('shows a candidate beside the funding that stands, what is spendable on both, and the lock', async () => {
    const stage = await anEclair()
    const before = await channelAt(stage.port)
    const taken = await stage.port.submit(aSubmission(stage), callNow())
    if (taken.type !== 'taken') throw new Error(taken.type)
    expect(await channelAt(stage.port), 'a negotiation is not to be seen').toEqual(before)
    stage.world.advance(2_000)
    const pending = await channelAt(stage.port)
    expect(pending).toMatchObject({
      funding: before.funding,
      capacitySats: before.capacitySats,
      candidates: [{ txid: taken.txid, signed: true }],
    })
    expect(before.outboundMsat - pending.outboundMsat).toBeGreaterThan(49_000_000)
    stage.world.mine(6)
    stage.world.advance(2_000)
    const locked = await channelAt(stage.port)
    expect(locked.candidates).toEqual([])
    expect(locked.funding?.startsWith(taken.txid ?? '?')).toBe(true)
  })

  test('shows a peer that is away, a shutdown, and zero-conf', async () => {
    const stage = await anEclair({ channels: [{ lockDepth: 0 }] })
    expect(await channelAt(stage.port)).toMatchObject({ lockDepth: 0 })
    stage.node.disconnectPeer()
    expect(await channelAt(stage.port)).toMatchObject({ peerConnected: false, ready: true, closing: false })
    stage.node.close(aSubmission(stage).channelId, 'cooperative')
    expect(await channelAt(stage.port)).toMatchObject({ ready: false, closing: true })
  })

  test.each<[string, boolean]>([
    ['0.13.1-abcdef0', false],
    ['0.14.0-abcdef0', true],
    ['0.15.0-SNAPSHOT', true],
    ['1.0.0', true],
    ['v0.14.1', true],
    ['unknown', false],
  ])('of version %s says whether it can splice, and why not', async (version, can) => {
    const { port } = await anEclair({ version })
    const { capabilities } = await lookAt(port)
    expect([capabilities.spliceIn, capabilities.spliceOut, capabilities.bump]).toEqual([can, can, can])
    expect(capabilities.unsupported?.includes('0.14')).toBe(can ? undefined : true)
  })

  test('with another password than the API password is refused', async () => {
    const stage = await anEclair()
    const client = eclairClient({ url: stage.server.url, password: 'wrong' })
    const look = await eclairNode(client, stage).look(callNow())
    expect(look).toMatchObject({ ok: false, error: { class: 'config' } })
  })
})

describe('a splice', () => {
  test('out names channel, amount and address, and gives Eclair less time than we take', async () => {
    const stage = await anEclair()
    const request = aSubmission(stage)
    expect(await stage.port.submit(request, callNow())).toMatchObject({ type: 'taken' })
    const [sent] = stage.server.received.filter(({ path }) => path === '/spliceout')
    expect(Object.fromEntries(sent?.fields ?? [])).toEqual({
      channelId: request.channelId,
      amountOut: '50000',
      address: ADDRESS,
      timeoutSeconds: '7',
    })
    stage.world.advance(2_000)
    expect(stage.world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
  })

  test('in puts the whole amount into the channel, fees on top', async () => {
    const stage = await aPendingIntake()
    expect(stage.world.journal.effectiveSplices()).toMatchObject([{ confirmed: false }])
    const [splice] = stage.world.journal.effectiveSplices()
    expect(splice?.oursNetSats).toBeGreaterThanOrEqual(300_000)
  })

  test('without an address, or to one that is none, is not taken', async () => {
    const stage = await anEclair()
    expect(await stage.port.submit(aSubmission(stage, { address: null }), callNow())).toMatchObject({
      class: 'invalid',
    })
    expect(stage.server.received).toEqual([])
    const nowhere = aSubmission(stage, { address: 'nowhere' })
    expect(await stage.port.submit(nowhere, callNow())).toMatchObject({ class: 'invalid' })
  })

  test('while the peer is away, while one is under way and while one is unconfirmed is refused, and said so', async () => {
    const stage = await anEclair()
    const again = () => stage.port.submit(aSubmission(stage, { amountSats: 60_000 }), callNow())
    stage.node.disconnectPeer()
    expect(await again()).toMatchObject({ reason: 'PeerDisconnected' })
    stage.node.connectPeer()
    await stage.port.submit(aSubmission(stage), callNow())
    expect(await again()).toMatchObject({ class: 'in_flight' })
    stage.world.advance(2_000)
    expect(await again()).toMatchObject({ reason: 'CounterpartyAborted' })
  })
})

describeHttpNode({
  start: anEclair,
  reads: ['/channels'],
  readFaults: [
    ['a wrong password', status(401, '{"error":"x"}'), 'config'],
    ['a path that a proxy does not let through', status(403, '{"error":"x"}'), 'config'],
    ['an internal error', status(500, '{"error":"x"}'), 'unreachable'],
    ['a timeout', status(408, '{"error":"x"}'), 'unreachable'],
    ['a reset', { type: 'reset', executes: true }, 'unreachable'],
    ['half a body', { type: 'half_body' }, 'unreachable'],
    ['a page of HTML', { type: 'content_type', value: 'text/html' }, 'unreachable'],
    ['a list of nothing', { type: 'body', body: '[{}]', executes: false }, 'unreachable'],
  ],
  faults: [
    ['a reset before it was read', { type: 'reset', executes: false }, { type: 'unknown' }, 0],
    ['a reset after it', { type: 'reset', executes: true }, { type: 'unknown' }, 1],
    ['half a body', { type: 'half_body' }, { type: 'unknown' }, 1],
    ['a page of HTML', { type: 'content_type', value: 'text/html' }, { type: 'unknown' }, 1],
    ['no media type', { type: 'content_type', value: 'x' }, { type: 'unknown' }, 1],
    ['401', status(401, '', false), { type: 'refused', class: 'config' }, 0],
    ['404', status(404, '', false), { type: 'refused', class: 'config' }, 0],
    ['403 of a proxy, which proves nothing', status(403, '{"error":"x"}'), { type: 'unknown' }, 1],
    ['408', status(408, '{"error":"x"}'), { type: 'unknown' }, 1],
    ['500', status(500, '{"error":"x"}'), { type: 'unknown' }, 1],
    ['502', status(502, '<html>'), { type: 'unknown' }, 1],
    ['201 with a success', status(201, `{"fundingTxId":"${'a'.repeat(64)}"}`), { type: 'unknown' }, 1],
    ['a redirect', status(302, '{"error":"x"}'), { type: 'unknown' }, 1],
    ['400 of Eclair', status(400, '{"error":"x"}', false), { type: 'refused', class: 'invalid' }, 0],
    ['400 of a proxy', status(400, '<html>'), { type: 'unknown' }, 1],
    ['a failure that is not known', failure('something else'), { type: 'unknown' }, 0],
    ['an empty failure', failure(''), { type: 'unknown' }, 0],
    ['a peer that aborts', { type: 'trouble', trouble: 'abort' }, { type: 'refused' }, 1],
    [
      'a peer that goes away',
      { type: 'trouble', trouble: 'disconnect' },
      { type: 'refused', class: 'not_now', reason: 'PeerDisconnected' },
      1,
    ],
    ['a peer that says nothing', { type: 'trouble', trouble: 'silent_peer' }, { type: 'unknown' }, 1],
    ['a restart', { type: 'trouble', trouble: 'restart' }, { type: 'unknown' }, 1],
    ['a tx_abort after the answer', { type: 'trouble', trouble: 'abort_after_reply' }, { type: 'taken' }, 1],
  ],
  failure,
  refusals: [
    ['splice attempt failed: disconnected', refused('not_now', 'PeerDisconnected')],
    ['splice attempt canceled, remote initiated splice before us', refused('in_flight')],
    ['invalid splice attempt: the current splice attempt must be completed or aborted first', refused('in_flight')],
    ['invalid splice attempt: our previous tx_abort has not been acked', refused('in_flight')],
    [
      `invalid splice attempt: the current funding transaction is still unconfirmed (txId=${'a'.repeat(64)}), you should use tx_init_rbf instead`,
      refused('in_flight'),
    ],
    ['splice attempt aborted', refused('not_now', 'CounterpartyAborted')],
    ['splice attempt rejected by our peer: any words', refused('not_now', 'CounterpartyAborted')],
    ['invalid splice request', refused('not_now', 'ContributionInvalid')],
    ['invalid splice request: the feerate must be at least 5, you proposed 4', refused('not_now', 'FeeRateTooLow')],
    ['channel funding error', refused('not_now', 'ContributionInvalid')],
    ['cannot execute command=splice in state=OFFLINE', refused('not_now', 'PeerDisconnected')],
    ['cannot execute command=splice in state=SYNCING', refused('not_now', 'PeerDisconnected')],
    ['cannot execute command=splice in state=NORMAL', refused('invalid')],
    ['cannot execute command=splice in state=CLOSING', refused('invalid', 'ChannelClosing')],
  ],
  unproven: [
    'splice attempt failed: disconnected by somebody',
    ' splice attempt aborted',
    'SPLICE ATTEMPT ABORTED',
    'they said: splice attempt rejected by our peer: no',
    'cannot execute command=splice in state=WAIT_FOR_INIT_INTERNAL',
    'cannot execute command=rbf in state=OFFLINE',
    'ok',
    'a'.repeat(64),
  ],
})

describe('a fee bump', () => {
  test('of a splice-out is not sent: nobody has shown that it works', async () => {
    const stage = await anEclair()
    await stage.port.submit(aSubmission(stage), callNow())
    stage.world.advance(2_000)
    expect(await stage.port.bump(aBump(stage), callNow())).toMatchObject({
      type: 'refused',
      class: 'invalid',
    })
    expect(stage.server.received.filter(({ path }) => path === '/rbfsplice')).toEqual([])
  })

  const bumped = async (changes: Parameters<typeof aBump>[1]) => {
    const stage = await aPendingIntake()
    const result = await stage.port.bump(aBump(stage, { ...INTAKE, ...changes }), callNow())
    const [sent] = stage.server.received.filter(({ path }) => path === '/rbfsplice')
    return { stage, result, fields: sent === undefined ? null : Object.fromEntries(sent.fields) }
  }

  test('of a splice-in asks for whole sat/vB, rounded up, within the ceiling as its budget', async () => {
    const { stage, result, fields } = await bumped({ feeRateSatPerKw: 2_001, maxFeeSats: 7_000 })
    expect(result).toMatchObject({ type: 'taken' })
    expect(fields).toMatchObject({ targetFeerateSatByte: '9', fundingFeeBudgetSatoshis: '7000' })
    stage.world.advance(2_000)
    expect(stage.world.journal.effectiveSplices()).toHaveLength(1)
    expect(stage.world.chain.mempool().map(({ txid }) => txid)).toContain(result.type === 'taken' ? result.txid : '')
  })

  test('without a ceiling has what the largest transaction could cost as its budget', async () => {
    const { fields } = await bumped({ feeRateSatPerKw: 2_000 })
    expect(fields).toMatchObject({ targetFeerateSatByte: '8', fundingFeeBudgetSatoshis: '800000' })
  })

  test('whose whole sat/vB would be over the ceiling, or without a feerate, is not sent', async () => {
    const over = await bumped({ feeRateSatPerKw: 2_001, maxFeeRateSatPerKw: 2_100 })
    expect([over.fields, over.result]).toMatchObject([null, { class: 'invalid' }])
    const unknown = await bumped({ feeRateSatPerKw: null })
    expect([unknown.fields, unknown.result]).toMatchObject([null, { class: 'not_now' }])
  })

  test('over its budget is refused by Eclair', async () => {
    const { result } = await bumped({ feeRateSatPerKw: 9_000, maxFeeSats: 500 })
    expect(result).toMatchObject({ type: 'refused', reason: 'ContributionInvalid' })
  })

  test.each<[string, object]>([
    ['no need to rbf, transaction is already confirmed', { reason: 'CannotInitiateRbf' }],
    ["cannot initiate rbf: we're using zero-conf for this interactive-tx attempt", { reason: 'CannotInitiateRbf' }],
    ['invalid rbf attempt: the feerate must be at least 5, you proposed 4', { reason: 'FeeRateTooLow' }],
    ['rbf attempt rejected by our peer: too soon', { class: 'not_now' }],
    ['rbf attempt aborted', { class: 'not_now' }],
    ['something else', { type: 'unknown' }],
  ])('failed with "%s"', async (text, result) => {
    const stage = await aPendingIntake()
    stage.server.fault(failure(text))
    const given = await stage.port.bump(aBump(stage, { ...INTAKE, feeRateSatPerKw: 3_000 }), callNow())
    expect(given).toMatchObject(result)
  })
})

describe('what Eclair added to a transaction', () => {
  const contribution = ({ port, node }: Awaited<ReturnType<typeof anEclair>>, txid: string) =>
    port.contribution(node.channels()[0]?.channelId ?? '', txid, callNow())

  test('is the difference of its balances while the splice is not locked', async () => {
    const stage = await aPendingIntake()
    const [splice] = stage.world.journal.effectiveSplices()
    expect(await contribution(stage, splice?.txid ?? '')).toEqual(ok({ amountSats: splice?.oursNetSats }))
  })

  test('is not told of another transaction, nor once it has locked: a fault, and not "none"', async () => {
    const stage = await aPendingIntake()
    const [splice] = stage.world.journal.effectiveSplices()
    expect(await contribution(stage, 'e'.repeat(64))).toMatchObject({ ok: false })
    stage.world.mine(8)
    stage.world.advance(2_000)
    expect(await contribution(stage, splice?.txid ?? '')).toMatchObject({ ok: false })
  })
})

test('it gives an address of its wallet, and connects a peer', async () => {
  const stage = await anEclair()
  const address = await stage.port.newAddress(callNow())
  expect(address.ok && address.value).toMatch(/^bcrt1q/)
  const channel = await channelAt(stage.port)
  stage.node.disconnectPeer({ returnsAfterMs: 3_600_000 })
  expect(await stage.port.connectPeer(channel, callNow())).toEqual(ok(undefined))
  expect(await channelAt(stage.port)).toMatchObject({ peerConnected: true })
})

test('what changes something at the node is sent once, although its answer is read', async () => {
  for (const path of ['/getnewaddress', '/connect']) {
    const stage = await anEclair()
    const [channel] = (await lookAt(stage.port)).channels
    if (channel === undefined) throw new Error('no channel')
    stage.node.disconnectPeer({ returnsAfterMs: 3_600_000 })
    stage.server.fault({ type: 'reset', executes: true }, path)
    const answer = path === '/connect' ? stage.port.connectPeer(channel, callNow()) : stage.port.newAddress(callNow())
    expect(await answer).toMatchObject({ ok: false })
    expect(stage.server.received.filter((each) => each.path === path)).toHaveLength(1)
  }
})
