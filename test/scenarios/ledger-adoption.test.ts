import { describe, expect, test } from 'vitest'
import { drive } from '../../core/drive/drive.ts'
import { NO_AMOUNTS } from '../../core/ledger/transaction-amounts.ts'
import { recordForeignTransaction } from '../../core/ledger/record-foreign.ts'
import type { SpliceKind } from '../../core/splice/splice.ts'
import { track } from '../../core/ledger/track.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { byId, byTxid, stored, waiting } from '../../harness/keeper/ledger.ts'

type Started = { readonly keeper: Keeper; readonly id: string; readonly txid: string; readonly arm: Arm }
/** What happens before the nth request to the table from now on; `n` counts down. */
type Arm = { n: number; act: (() => Promise<void>) | null }

/** A splice whose transaction is in the mempool, and which has not seen it yet. */
async function unseen(kind: SpliceKind = 'splice_out'): Promise<Started> {
  const arm: Arm = { n: Infinity, act: null }
  const keeper = await startKeeper({
    hooks: {
      before: async () => {
        arm.n -= 1
        const { act } = arm
        if (arm.n !== 0 || act === null) return null
        arm.act = null
        await act()
        return null
      },
    },
  })
  const { id } = await keeper.post({ kind })
  await keeper.work()
  keeper.world.advance(5_000)
  expect((await keeper.splice(id)).candidates).toEqual([])
  return { keeper, id, txid: waiting(keeper).txid, arm }
}

async function recordAsForeign({ keeper, txid }: Started): Promise<void> {
  const { funding } = keeper.node.channel(keeper.channelId)
  const spends = `${funding.txid}:${funding.vout}`
  const subject = { node: 'alice', network: 'regtest' as const, channelId: keeper.channelId, spends }
  await recordForeignTransaction(
    subject,
    { type: 'found', txid, amounts: NO_AMOUNTS, kind: 'foreign_splice' },
    keeper.ports,
  )
}

async function driveOnce({ keeper, id }: Started): Promise<void> {
  await drive(id, keeper.ports, { policy: keeper.policy, mayAct: true, shared: null })
}

async function trackOnce({ keeper, txid }: Started): Promise<void> {
  await track(txid, keeper.ports, keeper.policy)
}

/** The splice has its transaction, and pays once; whatever the ledger held, its txid finds the splice's payment. */
async function judge({ keeper, id, txid }: Started, where: string): Promise<void> {
  const settled = await keeper.until(id, ['settled'])
  expect(settled.state, where).toBe('settled')
  expect(settled.candidates, where).toMatchObject([{ txid }])
  expect(keeper.world.journal.effectiveSplices(), where).toHaveLength(1)
  await keeper.run(12 * MINUTE)
  const ours = { id: (await keeper.splice(id)).paymentId, status: 'final', txid }
  expect(await byTxid(keeper, txid), where).toMatchObject(ours)
  const foreign = await byId(keeper, txid)
  if (foreign !== null) expect(foreign, where).toMatchObject(ours)
}

/** How many requests to the table an act makes. */
async function requestsOf(kind: SpliceKind, act: (started: Started) => Promise<void>): Promise<number> {
  const started = await unseen(kind)
  started.arm.n = 1_000
  await act(started)
  return 1_000 - started.arm.n
}

describe('a foreign record of our own transaction', () => {
  test.each(['splice_out', 'splice_in'] as const)(
    'that was written before the %s saw it does not keep it from the splice',
    async (kind) => {
      const started = await unseen(kind)
      await recordAsForeign(started)
      await trackOnce(started)
      expect(await stored(started.keeper, started.txid)).toMatchObject({ absorbedBy: null })
      expect(await byTxid(started.keeper, started.txid)).toMatchObject({ id: started.txid })
      await judge(started, 'recorded first')
    },
  )

  test('by a sweep whose chain source tells it the transaction, and tells the splice nothing', async () => {
    const keeper = await startKeeper()
    const { id } = await keeper.post()
    await keeper.work()
    keeper.world.advance(5_000)
    const { txid } = waiting(keeper)
    const alice = keeper.ports.nodes.get('alice')
    if (alice === undefined) throw new Error('no node')
    const ports = keeper.ports
    const spend: typeof alice.chain.spend = async () => ({
      ok: false,
      error: { class: 'unreachable', message: 'no answer' },
    })
    const blind = { ...alice, chain: { ...alice.chain, spend } }
    keeper.ports = { ...ports, nodes: new Map([['alice', blind]]) }
    keeper.world.mine(7)
    keeper.world.advance(5_000)
    await keeper.run(2 * MINUTE)
    expect(await byTxid(keeper, txid)).toMatchObject({ id: txid, kind: 'foreign_splice', spliceId: null })
    expect((await keeper.splice(id)).candidates).toEqual([])
    keeper.ports = ports
    await judge({ keeper, id, txid, arm: { n: 0, act: null } }, 'the source is back')
  })

  test.each(['splice_out', 'splice_in'] as const)(
    'written at any request of the look that finds it (%s) changes nothing',
    async (kind) => {
      const requests = await requestsOf(kind, driveOnce)
      expect(requests).toBeGreaterThan(10)
      for (let n = 1; n <= requests; n++) {
        const started = await unseen(kind)
        const act = async (): Promise<void> => {
          await recordAsForeign(started)
          await trackOnce(started)
        }
        Object.assign(started.arm, { n, act })
        await driveOnce(started)
        await judge(started, `recorded before request ${n}`)
      }
    },
  )

  test('overtaken by the splice at any of its own requests changes nothing', async () => {
    const foreign = async (started: Started): Promise<void> => {
      await recordAsForeign(started)
      await trackOnce(started)
    }
    const requests = await requestsOf('splice_out', foreign)
    expect(requests).toBeGreaterThan(5)
    for (let n = 1; n <= requests; n++) {
      const started = await unseen()
      Object.assign(started.arm, { n, act: async () => driveOnce(started) })
      await foreign(started)
      await judge(started, `adopted before request ${n}`)
    }
  })
})
