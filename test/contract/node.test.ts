import { describe, expect, test } from 'vitest'
import { simulatedChainPort } from '../../simulator/world/world.ts'
import { NO_HINT } from '../../core/ports/chain.ts'
import type { BumpRequest, ChannelSnapshot, NodeLook, SubmitRequest } from '../../core/ports/node.ts'
import type { CommandAnswer, JournalStep } from '../../core/ports/ports.ts'
import { CHECKS, type Subject } from '../../interop/checks.ts'
import { NODE_KINDS, type Contracted, type Fault, type NodeKind } from './node-kinds.ts'
import { ADDRESS, SCRIPT } from '../../harness/values.ts'
import { HOUR } from '../../harness/keeper/times.ts'

/** Faults after which a command was certainly not executed. */
const UNEXECUTED: readonly Fault[] = ['reset before', '401', '403', '500', '502']
/** Faults that may have passed when a read is sent again, and how often it is sent. */
const PASSING: readonly Fault[] = ['reset before', 'reset after', 'half a body', '502', '504 after']
const TIMES = 4
const SETTLED_MS = 2_000

async function lookOf({ port, call }: Contracted): Promise<NodeLook> {
  const look = await port.look(call())
  if (!look.ok) throw new Error(look.error.message)
  return look.value
}

async function channelOf(stage: Contracted): Promise<ChannelSnapshot> {
  const [channel] = (await lookOf(stage)).channels
  if (channel === undefined) throw new Error('no channel')
  return channel
}

function aRequest(stage: Contracted, changes: Partial<SubmitRequest>): SubmitRequest {
  return {
    attemptId: 'attempt-1',
    ...stage.channel(),
    kind: 'splice_out',
    amountSats: 50_000,
    address: changes.kind === 'splice_in' ? null : ADDRESS,
    feeRateSatPerKw: 1_000,
    signedAt: stage.world.now(),
    maxFeeRateSatPerKw: null,
    maxFeeSats: null,
    ...changes,
  }
}

/** Asks for a splice, and lets it come to whatever it comes to. */
async function submit(
  stage: Contracted,
  changes: Partial<SubmitRequest> = {},
  call = stage.call(),
): Promise<{ readonly answer: CommandAnswer; readonly steps: readonly JournalStep[] }> {
  const steps: JournalStep[] = []
  const journal = async (step: JournalStep): Promise<boolean> => steps.push(step) > 0
  const answer = await stage.port.submit(aRequest(stage, changes), call, journal)
  stage.world.advance(SETTLED_MS)
  return { answer, steps }
}

async function bump(stage: Contracted, { can }: NodeKind, changes: Partial<BumpRequest>): Promise<CommandAnswer> {
  const txid = effectsOf(stage)[0]?.txid ?? '0'.repeat(64)
  const feeRateSatPerKw = can.setsFeeRate ? 2_000 : null
  const request = { ...aRequest(stage, changes), attemptId: 'bump-1', txid, feeRateSatPerKw }
  const answer = await stage.port.bump(request, stage.call(), async () => true)
  stage.world.advance(SETTLED_MS)
  return answer
}

const effectsOf = ({ world }: Contracted) => world.journal.effectiveSplices()

function subjectOf(stage: Contracted): Subject {
  const { world, node, port, stranger } = stage
  const chain = simulatedChainPort(world.chain)
  return {
    port,
    stranger,
    nodeId: node.nodeId,
    network: 'regtest',
    channelId: stage.channel().channelId,
    unspentSats: async (outpoint) => {
      const spend = await chain.spend(outpoint, NO_HINT, { signal: new AbortController().signal })
      return spend.ok && spend.value.spender === null ? spend.value.valueSats : null
    },
    splices: async () => {
      world.advance(HOUR)
      return world.journal.effectiveSplices().length
    },
    address: ADDRESS,
    now: () => world.now(),
  }
}

describe.each(NODE_KINDS)('$name', (kind) => {
  const { can } = kind

  // What `npm run interop` asks of a real node as well. The simulated ldk-server has no dust limit.
  const checks = CHECKS.filter(({ name }) => kind.name !== 'ldk-server' || !name.includes('dust limit'))
  test.each(checks)('$name', async ({ wants, run }) => {
    const subject = subjectOf(await kind.start())
    if (wants?.(subject) === undefined || wants(subject) === null) await run(subject)
    else expect(can.credentials).toBe(false)
  })

  test('shows who it is, what it can do, its tip and its channel on an output that the chain knows', async () => {
    const stage = await kind.start()
    const look = await lookOf(stage)
    const { channelId, peerId, submittedOn } = stage.channel()
    expect(look).toMatchObject({
      observedAt: stage.world.now(),
      nodeId: stage.node.nodeId,
      network: 'regtest',
      tipHeight: stage.world.chain.tip.height,
      synced: true,
      capabilities: {
        spliceIn: can.spliceIn,
        spliceOut: true,
        toAddress: true,
        setsFeeRate: can.setsFeeRate,
        queuesOffline: can.queuesOffline,
        bump: can.bumps.length > 0,
      },
      channels: [
        {
          channelId,
          peerId,
          funding: submittedOn,
          peerConnected: true,
          ready: true,
          closing: false,
          capacitySats: 10_000_000,
        },
      ],
    })
    expect(stage.world.chain.spender(submittedOn)).toBeNull()
  })

  test('takes a splice-out, pays it once and moves its funding when it locks', async () => {
    const stage = await kind.start()
    const { funding } = await channelOf(stage)
    const { answer, steps } = await submit(stage)
    expect(answer.type).toBe('taken')
    expect(stage.world.journal.effectivePayouts(SCRIPT, 50_000)).toBe(1)
    const [effect] = effectsOf(stage)
    if (answer.type === 'taken' && answer.txid !== undefined) expect(answer.txid).toBe(effect?.txid)
    expect(steps.length > 0).toBe(can.steps)
    if (can.steps) expect(steps.at(-1)?.txid).toBe(effect?.txid)
    stage.world.mine(6)
    stage.world.advance(SETTLED_MS)
    expect((await channelOf(stage)).funding).not.toBe(funding)
    expect(stage.world.chain.spender(funding ?? '')?.txid).toBe((await channelOf(stage)).funding?.slice(0, 64))
  })

  test('takes a splice-in and has a record of it, or refuses it as what it never does', async () => {
    const stage = await kind.start()
    const { answer } = await submit(stage, { kind: 'splice_in', amountSats: 100_000 })
    if (!can.spliceIn) {
      expect(answer).toMatchObject({ type: 'refused', class: 'invalid' })
      expect(effectsOf(stage)).toEqual([])
      return
    }
    expect(answer.type).toBe('taken')
    const [effect] = effectsOf(stage)
    const { channelId } = stage.channel()
    const record = await stage.port.contribution(channelId, effect?.txid ?? '', stage.call())
    if (!record.ok || record.value === null) throw new Error('no record')
    expect(record.value.amountSats).toBeGreaterThanOrEqual(100_000)
    expect(record.value.amountSats).toBeLessThanOrEqual(100_330)
  })

  test.each(['splice_out', 'splice_in'] as const)(
    'replaces a %s at a higher feerate, or says that it cannot',
    async (what) => {
      const stage = await kind.start()
      const changes = { kind: what, amountSats: 50_000, address: what === 'splice_in' ? null : ADDRESS }
      const taken = await submit(stage, changes)
      const before = effectsOf(stage)
      const answer = await bump(stage, kind, changes)
      const after = effectsOf(stage)
      if (!can.bumps.includes(what)) {
        expect(answer).toMatchObject({ type: 'refused', class: 'invalid' })
        expect(after).toEqual(before)
        return
      }
      expect([taken.answer.type, answer.type]).toEqual(['taken', 'taken'])
      expect(after).toHaveLength(1)
      expect(after[0]?.txid).not.toBe(before[0]?.txid)
      const { channelId } = stage.channel()
      expect(stage.world.journal.submissionsExecuted(channelId)).toBe(1)
      expect(stage.world.journal.bumpsExecuted(channelId)).toBe(1)
    },
  )

  test('gives a fresh address each time, or none', async () => {
    const stage = await kind.start()
    const first = await stage.port.newAddress(stage.call())
    const second = await stage.port.newAddress(stage.call())
    expect([first.ok, second.ok]).toEqual([can.addresses, can.addresses])
    if (!first.ok || !second.ok) return
    expect(first.value).toMatch(/^bcrt1/)
    expect(second.value).not.toBe(first.value)
  })

  test('shows a peer that is away, refuses what it does not queue, and is told to bring it back', async () => {
    const stage = await kind.start()
    stage.node.disconnectPeer({ returnsAfterMs: 2 * HOUR })
    const away = await channelOf(stage)
    expect(away).toMatchObject({ peerConnected: false, closing: false })
    if (!can.queuesOffline) {
      const { answer } = await submit(stage)
      expect(answer.type).toBe('refused')
      expect(effectsOf(stage)).toEqual([])
    }
    expect(await stage.port.connectPeer(away, stage.call())).toEqual({ ok: true, value: undefined })
    expect((await channelOf(stage)).peerConnected).toBe(can.connects)
  })

  test('is unreachable while nobody listens, and executes nothing', async () => {
    const stage = await kind.start()
    await stage.stop()
    expect(await stage.port.look(stage.call())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
    const { answer } = await submit(stage)
    expect(answer.type).not.toBe('taken')
    expect(effectsOf(stage)).toEqual([])
  })

  const struck = (can.steps ? (['first', 'last'] as const) : (['last'] as const)).flatMap((at) =>
    kind.faults.map((fault) => ({ fault, at })),
  )
  test.each(struck)(
    'with "$fault" at the $at call of a command never says taken of what was not executed, nor refused of what was',
    async ({ fault, at }) => {
      const stage = await kind.start()
      stage.strike(fault, at)
      const { answer } = await submit(stage)
      // Whatever goes on by itself has an hour for it, and a peer that comes back.
      stage.node.disconnectPeer({ returnsAfterMs: 1_000 })
      stage.world.advance(HOUR)
      const executed = effectsOf(stage).length
      expect(executed).toBeLessThanOrEqual(1)
      if (answer.type === 'taken') expect(executed).toBe(1)
      if (answer.type === 'refused') expect(executed).toBe(0)
      if (UNEXECUTED.includes(fault) && !can.steps) expect([answer.type === 'taken', executed]).toEqual([false, 0])
      if (fault === '401' && at === (can.steps ? 'first' : 'last'))
        expect(answer).toMatchObject({ type: 'refused', class: 'config' })
    },
  )

  test.runIf(can.faultyReads)('with any of these at a read has no look, and has one again afterwards', async () => {
    const stage = await kind.start()
    // Core Lightning's JSON is read whatever a proxy calls it: what counts is that it is whole.
    const ignored = can.steps ? ['wrong content type'] : []
    const passes = (fault: Fault): boolean => can.repeatsReads && PASSING.includes(fault)
    for (const fault of kind.faults.filter((each) => !ignored.includes(each))) {
      for (let time = 1; time <= (passes(fault) ? TIMES : 1); time += 1) stage.strikeLook(fault)
      const expected = fault === '401' || fault === '403' ? 'config' : 'unreachable'
      expect(await stage.port.look(stage.call()), fault).toMatchObject({
        ok: false,
        error: { class: expected },
      })
    }
    expect(await stage.port.look(stage.call())).toMatchObject({ ok: true })
  })

  test.runIf(can.faultyReads && can.repeatsReads)('with what passes at a read has a look all the same', async () => {
    const stage = await kind.start()
    for (const fault of kind.faults.filter((each) => PASSING.includes(each))) {
      for (let time = 1; time < TIMES; time += 1) stage.strikeLook(fault)
      expect(await stage.port.look(stage.call()), fault).toMatchObject({ ok: true })
    }
  })
})
