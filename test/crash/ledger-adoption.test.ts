import { expect } from 'vitest'
import { MINUTE } from '../../harness/keeper/times.ts'
import { describeLedgerCrashes } from './ledger-lives.ts'
import { byId, byTxid, waiting } from '../../harness/keeper/ledger.ts'

const BLOCKS = { blockMs: MINUTE }

describeLedgerCrashes([
  {
    name: 'a splice of ours that the ledger took for foreign before it was seen',
    play: async (keeper, life) => {
      const { id } = await keeper.post()
      await keeper.work()
      keeper.world.advance(5_000)
      const sent = (): boolean => keeper.world.chain.mempool().length > 0
      for (let n = 0; n < 15 && !sent(); n++) await keeper.run(MINUTE)
      life.blind = true
      const { txid } = waiting(keeper)
      keeper.world.mine(7)
      await keeper.run(3 * MINUTE)
      life.blind = false
      await keeper.run(15 * MINUTE, BLOCKS)
      return async (where) => {
        expect((await keeper.splice(id)).state, where).toBe('settled')
        expect(keeper.world.journal.effectiveSplices(), where).toHaveLength(1)
        const ours = { id: (await keeper.splice(id)).paymentId, txid, status: 'final' }
        expect(await byTxid(keeper, txid), where).toMatchObject(ours)
        const foreign = await byId(keeper, txid)
        // Killed while it submits, the splice may be the first to see it after all.
        if (where === 'alive' || foreign !== null) expect(foreign, where).toMatchObject(ours)
      }
    },
  },
])
