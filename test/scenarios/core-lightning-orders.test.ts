import { describe, expect, test } from 'vitest'
import { decodeAddress } from '../../core/bitcoin/address.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { aCln, CLN_WAYS, clnKeeper, judge, lifeOf, order, orderOf, truthOf } from '../../harness/nodes/cln-nodes.ts'

/** A taproot address of nobody here. */
const TAPROOT = 'bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6'

describe.each(CLN_WAYS)('over %s, from order to settled,', (way) => {
  test('a look shows who the node is and its channel, and the rune of the documentation is enough', async () => {
    const { node, permissions, port, patience, world } = await aCln(way)
    expect(permissions).toMatchObject({ spliceIn: true, spliceOut: true, abort: true, warnings: [] })
    const look = await port.look(patience.call())
    const { channelId, peerId, funding } = node.channels()[0] ?? {}
    expect(look).toMatchObject({
      ok: true,
      value: {
        nodeId: node.nodeId,
        network: 'regtest',
        synced: true,
        tipHeight: world.chain.tip.height,
        spendableSats: 10_000_000,
        channels: [
          {
            channelId,
            peerId,
            funding: `${funding?.txid}:${funding?.vout}`,
            capacitySats: 10_000_000,
            ready: true,
            closing: false,
            candidates: [],
            obstacles: { unsettledPayments: 0, fundingDepth: 10, announced: true },
          },
        ],
      },
    })
  })

  test.each(['splice_out', 'splice_in'] as const)('a %s takes effect once', async (kind) => {
    const stage = await aCln(way)
    const keeper = await clnKeeper(stage, { port: stage.port })
    const { id } = await order(keeper, stage, orderOf(kind, keeper))
    const splice = await lifeOf(keeper, stage, id)
    judge(splice, stage)
    expect(splice).toMatchObject({ state: 'settled', attempts: [{ number: 1, result: { type: 'taken' } }] })
    const [effect] = truthOf(stage).effects
    const [candidate] = splice.candidates
    if (kind === 'splice_in') expect(effect?.oursNetSats).toBe(300_000)
    else expect(-(effect?.oursNetSats ?? 0)).toBe(50_000 + (candidate?.feeSats ?? 0))
    expect(await keeper.log(id)).toEqual([
      'splice.accepted',
      'splice.submitted',
      'splice.pending',
      'splice.confirmed',
      'splice.settled',
    ])
  })

  test('a splice-out pays any address, taproot too', async () => {
    const stage = await aCln(way)
    const keeper = await clnKeeper(stage, { port: stage.port })
    const { id } = await order(keeper, stage, { ...orderOf('splice_out', keeper), address: TAPROOT })
    expect(await lifeOf(keeper, stage, id)).toMatchObject({ state: 'settled' })
    const decoded = decodeAddress(TAPROOT, 'regtest')
    const script = decoded.ok ? decoded.value.script : ''
    expect(stage.world.journal.effectivePayouts(script, 50_000)).toBe(1)
    expect(truthOf(stage)).toMatchObject({ closes: [], effects: [{ confirmed: true }] })
  })

  test('a splice-out without an address pays one that the node gives, once', async () => {
    const stage = await aCln(way)
    const keeper = await clnKeeper(stage, { port: stage.port })
    const { id } = await order(keeper, stage, { ...orderOf('splice_out', keeper), address: null })
    const splice = await lifeOf(keeper, stage, id)
    expect(splice.state).toBe('settled')
    expect(splice.address).toMatch(/^bcrt1p/)
    expect(stage.world.journal.effectivePayouts(splice.script ?? '', 50_000)).toBe(1)
  })

  test('a splice waits until the one before is six deep and announced, and then takes effect as well', async () => {
    const stage = await aCln(way)
    const keeper = await clnKeeper(stage, { port: stage.port })
    const first = await order(keeper, stage, orderOf('splice_out', keeper))
    const second = await order(keeper, stage, orderOf('splice_in', keeper))
    expect(await lifeOf(keeper, stage, first.id)).toMatchObject({ state: 'settled' })
    expect(await lifeOf(keeper, stage, second.id)).toMatchObject({ state: 'settled' })
    const { effects, closes } = truthOf(stage)
    expect(effects).toHaveLength(2)
    expect(closes).toEqual([])
  })

  test.each(['splice_out', 'splice_in'] as const)('a fee bump of a %s replaces it', async (kind) => {
    const stage = await aCln(way)
    const keeper = await clnKeeper(stage, { port: stage.port })
    const { id } = await order(keeper, stage, orderOf(kind, keeper))
    await keeper.run(3 * MINUTE)
    const [first] = (await keeper.splice(id)).candidates
    await keeper.bump(id)
    await keeper.run(3 * MINUTE)
    const bumped = await keeper.splice(id)
    expect(bumped).toMatchObject({ state: 'pending', bumps: [{ outcome: { result: 'done' } }] })
    expect(truthOf(stage).effects).toHaveLength(1)
    expect(truthOf(stage).effects[0]?.txid).not.toBe(first?.txid)
    const splice = await lifeOf(keeper, stage, id)
    judge(splice, stage)
    expect(splice.state).toBe('settled')
    expect(stage.world.journal.bumpsExecuted(splice.channelId)).toBe(1)
  })
})
