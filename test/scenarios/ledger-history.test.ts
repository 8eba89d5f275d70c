import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWorld, type PlacedTransaction, type World } from '../../simulator/world/world.ts'
import { fundingInputs } from '../../core/bitcoin/transaction.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE, START } from '../../harness/keeper/times.ts'
import { byId, byTxid, walk } from '../../harness/keeper/ledger.ts'

type Event =
  | { readonly type: 'splice' | 'replace' | 'evict' | 'cooperative' | 'force' }
  | { readonly type: 'mine'; readonly blocks: number }
  | { readonly type: 'mine_earlier'; readonly back: number }
  | { readonly type: 'reorg'; readonly depth: number; readonly include: 'mempool' | 'none' }

const simple = (...types: ('splice' | 'replace' | 'evict' | 'cooperative' | 'force')[]) =>
  fc.constantFrom(...types).map((type): Event => ({ type }))

const anEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: simple('splice', 'replace') },
  { weight: 1, arbitrary: simple('evict') },
  { weight: 1, arbitrary: simple('cooperative', 'force') },
  {
    weight: 5,
    arbitrary: fc.integer({ min: 1, max: 7 }).map((blocks): Event => ({ type: 'mine', blocks })),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 3 }).map((back): Event => ({ type: 'mine_earlier', back })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ depth: fc.integer({ min: 1, max: 9 }), include: fc.constantFrom('mempool', 'none') })
      .map((reorg): Event => ({ type: 'reorg', ...reorg })),
  },
)

/** Whatever spent a funding of the channel while the ledger looked: by outpoint, in the order of their first sight. */
type Seen = Map<string, PlacedTransaction[]>

function see(world: World, opening: string, seen: Seen): void {
  const fundings = new Set([opening])
  for (const tx of world.chain.transactions()) {
    for (const outpoint of fundingInputs(tx).filter((input) => fundings.has(input))) {
      const known = seen.get(outpoint) ?? []
      if (known.every(({ txid }) => txid !== tx.txid)) seen.set(outpoint, [...known, tx])
    }
    if (fundingInputs(tx).some((input) => fundings.has(input)))
      for (const [vout] of tx.outputs.entries()) fundings.add(`${tx.txid}:${vout}`)
  }
}

/** Does what is possible now; what the node or the chain refuses does not happen. */
function happen({ node, channelId, world }: Keeper, event: Event, seen: Seen): void {
  try {
    switch (event.type) {
      case 'splice':
        return node.peerSplice(channelId, { amountSats: 70_000, mergeOurs: false })
      case 'replace':
        return node.peerReplace(channelId)
      case 'evict':
        return world.evict(world.chain.mempool()[0]?.txid ?? '')
      case 'cooperative':
      case 'force':
        return node.close(channelId, event.type)
      case 'mine':
        return world.mine(event.blocks)
      case 'mine_earlier': {
        const earlier = [...seen.values()].flat().at(-event.back)
        const mined = earlier === undefined || (world.chain.confirmations(earlier.txid) ?? 0) > 0
        return mined ? undefined : world.chain.mine(1, { transactions: [earlier.hex] })
      }
      case 'reorg':
        return world.reorg(event.depth, { include: event.include })
    }
  } catch {
    return
  }
}

/** The ledger's payments as they follow from the chain alone. */
async function judge(keeper: Keeper, seen: Seen): Promise<void> {
  const { chain } = keeper.world
  for (const [outpoint, spenders] of seen) {
    const now = chain.spender(outpoint)
    const confirmed = now?.block ? now : null
    const confirmations = confirmed === null ? 0 : (chain.confirmations(confirmed.txid) ?? 0)
    const reached = confirmations >= 6 ? 'final' : 'confirmed'
    const expected = {
      id: spenders[0]?.txid,
      status: confirmed === null ? 'pending' : reached,
      confirmations,
      block: confirmed === null ? null : { height: confirmed.block?.height, hash: confirmed.block?.hash },
      ...(confirmed === null ? {} : { txid: confirmed.txid, feeSats: confirmed.feeSats }),
    }
    for (const { txid } of spenders) expect(await byTxid(keeper, txid), outpoint).toMatchObject(expected)
    const found = await byId(keeper, spenders[0]?.txid ?? '')
    expect(found?.candidates.map(({ txid }) => txid).toSorted()).toEqual(spenders.map(({ txid }) => txid).toSorted())
  }
}

test('over any history of a channel the ledger equals a fold over the chain', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anEvent, { minLength: 3, maxLength: 14 }), async (events) => {
      const world = createWorld({
        seed: 'history',
        startAt: START,
        nodes: [{ name: 'alice', channels: [{}] }],
      })
      const keeper = new Keeper({ world })
      await keeper.sweep()
      // A reorg is noticed as far back as blocks were followed.
      world.mine(12)
      await keeper.sweep()
      const notBefore = world.now() + 500 * 60 * MINUTE
      const deadline = notBefore + 60 * MINUTE
      const budget = { maxAttempts: 1, deadline, maxFeeRateSatPerKw: null, maxFeeSats: null }
      const { id } = await keeper.post({ notBefore, budget })
      const { funding } = keeper.node.channel(keeper.channelId)
      const seen: Seen = new Map()
      for (const event of events) {
        happen(keeper, event, seen)
        await keeper.run(2 * MINUTE)
        see(world, `${funding.txid}:${funding.vout}`, seen)
        await walk(keeper, id)
      }
      await keeper.run(40 * MINUTE)
      await judge(keeper, seen)
      expect(keeper.crashes).toEqual([])
    }),
    { numRuns: 60, seed: 7 },
  )
})
