import { describe, expect, test } from 'vitest'
import { unresolvedAttempts } from '../../core/splice/budget.ts'
import type { EclairFault } from '../../simulator/eclair/server.ts'
import type { Keeper } from '../../harness/keeper/keeper.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { anEclair, keeperOf } from '../../harness/nodes/http-nodes.ts'

const lost = { type: 'reset', executes: false } as const
const replyLost = { type: 'reset', executes: true } as const
const COMMANDS = ['/splicein', '/spliceout', '/rbfsplice']

/** How many splice commands came in at the node's socket. */
const sent = ({ server }: Awaited<ReturnType<typeof anEclair>>): number =>
  server.received.filter(({ path }) => COMMANDS.includes(path)).length

const submissions = (keeper: Keeper): number => keeper.world.journal.submissionsExecuted(keeper.channelId)

describe('a splice-out of an Eclair', () => {
  test('is asked for once, settles, and pays once', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    const { id } = await keeper.post()
    expect(await keeper.until(id, ['settled'])).toMatchObject({
      state: 'settled',
      attempts: [{ number: 1, fenceAt: null, result: { type: 'taken' } }],
    })
    expect([keeper.payouts, sent(stage), submissions(keeper)]).toEqual([1, 1, 1])
    expect(await keeper.log(id)).toEqual([
      'splice.accepted',
      'splice.submitted',
      'splice.pending',
      'splice.confirmed',
      'splice.settled',
    ])
  })

  test('whose request was lost is not sent again until it is dead, and then is', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault(lost)
    const { id } = await keeper.post()
    await keeper.work()
    const [first] = (await keeper.splice(id)).attempts
    expect(first).toMatchObject({ result: { type: 'unknown' }, notExecuted: null, fenceAt: null })
    const hungUpAt = first?.result?.at ?? 0

    // Two quiescence timeouts of quiet after the hang-up, and not a command before.
    while (keeper.world.now() < hungUpAt + 2 * MINUTE - 1) {
      await keeper.run(10_000)
      if (keeper.world.now() >= hungUpAt + 2 * MINUTE) break
      expect(sent(stage), `${keeper.world.now() - hungUpAt} ms after the hang-up`).toBe(1)
      expect(unresolvedAttempts(await keeper.splice(id))).toHaveLength(1)
    }
    const settled = await keeper.until(id, ['settled'])
    expect(settled.attempts).toMatchObject([
      { number: 1, result: { type: 'unknown' }, notExecuted: { proof: 'single_commitment' } },
      { number: 2, result: { type: 'taken' } },
    ])
    const diedAt = settled.attempts[0]?.notExecuted?.at ?? 0
    expect(diedAt - hungUpAt).toBeGreaterThanOrEqual(2 * MINUTE)
    expect(settled.attempts[1]?.startedAt).toBeGreaterThanOrEqual(diedAt)
    expect([keeper.payouts, sent(stage), submissions(keeper)]).toEqual([1, 2, 1])
  })

  test('whose answer was lost is found, and never sent again', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault(replyLost)
    const { id } = await keeper.post()
    expect(await keeper.until(id, ['settled'])).toMatchObject({ attempts: [{ result: { type: 'unknown' } }] })
    await keeper.run(HOUR)
    expect([keeper.payouts, sent(stage), submissions(keeper)]).toEqual([1, 1, 1])
  })

  test('whose answer was lost, and which no chain source shows, is not sent again while the node shows it', async () => {
    const stage = await anEclair({ broadcasts: 'never' })
    const keeper = await keeperOf(stage)
    stage.server.fault(replyLost)
    const { id } = await keeper.post()
    await keeper.run(HOUR)
    expect(await keeper.splice(id)).toMatchObject({ state: 'submitted', attempts: [{ notExecuted: null }] })
    expect([sent(stage), submissions(keeper)]).toEqual([1, 1])
  })

  test('is not found dead while the peer is away, or while the node does not answer', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault(lost)
    const { id } = await keeper.post()
    await keeper.work()
    stage.node.disconnectPeer()
    await keeper.run(30 * MINUTE)
    stage.node.connectPeer()
    for (let n = 0; n < 30; n += 1)
      stage.server.fault({ type: 'status', status: 500, body: '', executes: false }, '/channels')
    await keeper.run(20 * MINUTE)
    expect(await keeper.splice(id)).toMatchObject({ attempts: [{ notExecuted: null }] })
    expect(sent(stage)).toBe(1)
    expect(await keeper.until(id, ['settled'])).toMatchObject({ state: 'settled' })
    expect(keeper.payouts).toBe(1)
  })

  test('of a process that died over its request is never sent again by itself', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage, {
      wrap: (ports) => ({
        ...ports,
        nodes: new Map(
          [...ports.nodes].map(([name, node]) => [
            name,
            // What was answered is never saved: nobody knows whether the socket is gone.
            { ...node, port: { ...node.port, submit: () => new Promise<never>(() => undefined) } },
          ]),
        ),
      }),
    })
    const { id } = await keeper.post({ budget: deadlineIn(keeper, 2 * HOUR) })
    void keeper.work()
    await untilAttempted(keeper, id)
    for (let n = 0; n < 150; n += 1) {
      keeper.world.advance(MINUTE)
      await keeper.sweep()
    }
    expect(await keeper.splice(id)).toMatchObject({
      state: 'needs_attention',
      attention: { code: 'unproven' },
      attempts: [{ result: null, notExecuted: null }],
    })
    expect(sent(stage)).toBe(0)
  })

  test.each<[string, EclairFault]>([
    ['the peer aborted after the answer', { type: 'trouble', trouble: 'abort_after_reply' }],
    ['the peer went away before signing', { type: 'trouble', trouble: 'disconnect' }],
    ['the node was restarted before signing', { type: 'trouble', trouble: 'restart' }],
  ])('of which nothing came because %s is asked for again, and pays once', async (_says, fault) => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault(fault)
    const { id } = await keeper.post()
    expect(await keeper.until(id, ['settled'])).toMatchObject({ state: 'settled' })
    expect([keeper.payouts, sent(stage)]).toEqual([1, 2])
  })

  test('that the peer refuses ends, with a proof: it would refuse again', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault({ type: 'trouble', trouble: 'abort' })
    const { id } = await keeper.post()
    expect(await keeper.until(id, ['failed', 'settled'])).toMatchObject({
      state: 'failed',
      failure: { code: 'CounterpartyAborted', proof: 'never_taken' },
    })
    expect([keeper.payouts, sent(stage)]).toEqual([0, 1])
  })

  test('is not sent a second time while another channel party splices', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.node.peerSplice(keeper.channelId, { amountSats: 100_000, mergeOurs: false })
    keeper.world.advance(2_000)
    const { id } = await keeper.post()
    await keeper.run(10 * MINUTE)
    expect(sent(stage), 'a candidate stirs, or spends the funding outpoint').toBe(0)
    expect(await keeper.until(id, ['settled'])).toMatchObject({ state: 'settled' })
    expect([keeper.payouts, sent(stage)]).toEqual([1, 1])
  })

  test('takes no fee bump', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    await expect(keeper.post({ autoBumpAfterBlocks: 3, budget: { ...none, maxFeeSats: 9_000 } })).rejects.toThrow(
      'cannot be bumped',
    )
    const { id } = await keeper.post()
    await keeper.until(id, ['pending'])
    await keeper.bump(id)
    await keeper.run(30 * MINUTE)
    expect(server(stage, '/rbfsplice')).toBe(0)
  })
})

describe('a splice-in of an Eclair', () => {
  test('is attributed by node and chain together, and settles', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    const { id } = await keeper.post({ kind: 'splice_in', amountSats: 300_000 })
    expect(await keeper.until(id, ['settled', 'needs_attention'])).toMatchObject({ state: 'settled' })
    expect(keeper.world.journal.effectiveSplices()).toHaveLength(1)
    expect(sent(stage)).toBe(1)
  })

  test('whose answer was lost is attributed all the same, and never sent again', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault(replyLost)
    const { id } = await keeper.post({ kind: 'splice_in', amountSats: 300_000 })
    expect(await keeper.until(id, ['settled', 'needs_attention'])).toMatchObject({ state: 'settled' })
    expect([keeper.world.journal.effectiveSplices().length, sent(stage)]).toEqual([1, 1])
  })

  test('that locked while nobody looked cannot be attributed: it needs attention, and is not sent again', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    stage.server.fault(replyLost)
    const { id } = await keeper.post({ kind: 'splice_in', amountSats: 300_000 })
    await keeper.work()
    keeper.world.advance(MINUTE)
    keeper.world.mine(12)
    keeper.world.advance(MINUTE)
    await keeper.run(HOUR)
    expect(await keeper.splice(id)).toMatchObject({
      state: 'needs_attention',
      attention: { code: 'attribution' },
    })
    expect([keeper.world.journal.effectiveSplices().length, sent(stage)]).toEqual([1, 1])
  })

  test('is replaced at a higher feerate, within its ceiling', async () => {
    const stage = await anEclair()
    const keeper = await keeperOf(stage)
    const { id } = await keeper.post({
      kind: 'splice_in',
      amountSats: 300_000,
      budget: { ...none, maxFeeSats: 9_000 },
    })
    await keeper.until(id, ['pending'])
    await keeper.bump(id)
    await keeper.run(10 * MINUTE)
    expect((await keeper.splice(id)).bumps).toMatchObject([{ outcome: { result: 'done' } }])
    const [bump] = stage.server.received.filter(({ path }) => path === '/rbfsplice')
    expect(bump?.fields.get('fundingFeeBudgetSatoshis')).toBe('9000')
    expect(await keeper.until(id, ['settled'])).toMatchObject({ state: 'settled' })
    expect(keeper.world.journal.effectiveSplices()).toHaveLength(1)
  })
})

const none = { maxAttempts: null, deadline: null, maxFeeRateSatPerKw: null, maxFeeSats: null }

const deadlineIn = (keeper: Keeper, ms: number) => ({ ...none, deadline: keeper.world.now() + ms })

function server({ server: { received } }: Awaited<ReturnType<typeof anEclair>>, path: string): number {
  return received.filter((request) => request.path === path).length
}

/** Lets the worker go on until its attempt is journalled; it never comes back. */
async function untilAttempted(keeper: Keeper, id: string): Promise<void> {
  for (let n = 0; n < 1_000; n += 1) {
    if ((await keeper.splice(id)).attempts.length > 0) return
    await new Promise(setImmediate)
  }
  throw new Error('no attempt was journalled')
}
