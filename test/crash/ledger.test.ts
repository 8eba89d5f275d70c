import { expect } from 'vitest'
import type { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import { describeLedgerCrashes } from './ledger-lives.ts'
import { byId, byTxid, waiting, walk } from '../../harness/keeper/ledger.ts'

const BLOCKS = { blockMs: MINUTE }
const splice = { amountSats: 70_000, mergeOurs: false }

function peerSplices(keeper: Keeper): string {
  keeper.node.peerSplice(keeper.channelId, splice)
  keeper.world.advance(5_000)
  return waiting(keeper).txid
}

/** A splice that only looks. */
async function onlooker(keeper: Keeper): Promise<string> {
  const notBefore = keeper.world.now() + 500 * 60 * MINUTE
  const deadline = notBefore + 60 * MINUTE
  const budget = { maxAttempts: 1, deadline, maxFeeRateSatPerKw: null, maxFeeSats: null }
  return (await keeper.post({ notBefore, budget, amountSats: 33_333 })).id
}

/** Each process that dies is followed by another one, which looks again. */
async function walkUntilItIsThere(keeper: Keeper, id: string, revive: () => void): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    await walk(keeper, id).catch(() => undefined)
    revive()
  }
}

describeLedgerCrashes([
  {
    name: 'two splices of the peer that a sweep finds',
    play: async (keeper) => {
      const first = peerSplices(keeper)
      keeper.world.mine(6)
      keeper.world.advance(5_000)
      const second = peerSplices(keeper)
      keeper.world.mine(6)
      keeper.world.advance(5_000)
      await keeper.run(8 * MINUTE, BLOCKS)
      return async (where) => {
        for (const txid of [first, second]) {
          const expected = { id: txid, txid, status: 'final', kind: 'foreign_splice' }
          expect(await byTxid(keeper, txid), where).toMatchObject(expected)
        }
      }
    },
  },
  {
    name: 'a splice of the peer and its replacement that a walk finds',
    play: async (keeper, { revive }) => {
      const id = await onlooker(keeper)
      const first = peerSplices(keeper)
      await walkUntilItIsThere(keeper, id, revive)
      keeper.node.peerReplace(keeper.channelId)
      keeper.world.advance(5_000)
      const second = waiting(keeper).txid
      await walkUntilItIsThere(keeper, id, revive)
      await keeper.run(15 * MINUTE, BLOCKS)
      return async (where) => {
        for (const txid of [first, second]) {
          const expected = { id: first, txid: second, status: 'final', kind: 'foreign_splice' }
          expect(await byTxid(keeper, txid), where).toMatchObject(expected)
        }
        expect(await byId(keeper, second), where).toBeNull()
      }
    },
  },
  {
    name: 'an open that is replaced',
    play: async (keeper) => {
      const channelId = keeper.node.openChannel({ valueSats: 900_000, oursSats: 500_000 })
      const first = waiting(keeper).txid
      await keeper.run(2 * MINUTE)
      keeper.node.replaceOpen(channelId)
      const second = waiting(keeper).txid
      await keeper.run(2 * MINUTE)
      await keeper.run(12 * MINUTE, BLOCKS)
      return async (where) => {
        for (const txid of [first, second]) {
          const expected = { id: first, txid: second, status: 'final', kind: 'channel_open' }
          expect(await byTxid(keeper, txid), where).toMatchObject(expected)
        }
      }
    },
  },
])
