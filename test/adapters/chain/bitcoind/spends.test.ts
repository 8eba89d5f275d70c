import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { outpointOf } from '../../../../core/bitcoin/outpoint.ts'
import { NO_HINT, type SpendHint } from '../../../../core/ports/chain.ts'
import { ok } from '../../../../core/values/result.ts'
import { ChainRpcError } from '../../../../simulator/chain/bitcoind-method.ts'
import { NOWHERE, anchorOf, asked, call, faultOf, node, spliced, unreachable, type Answer } from './stage.ts'

describe('an outpoint that is not spent', () => {
  test('is known as such by one answer of chain and mempool together', async () => {
    const source = await node()
    const submittedOn = anchorOf(source.world)
    expect(await source.chain.spend(submittedOn, NO_HINT, call)).toEqual(
      ok({ own: 'confirmed', valueSats: 10_000_000, spender: null }),
    )
    expect([asked(source, 'gettxout'), asked(source, 'getblock')]).toEqual([1, 0])
  })

  test('is not known as such where the tip moved meanwhile', async () => {
    let mine = (): void => {}
    const source = await node({
      answers: {
        gettxout: async (truth) => {
          const answer = await truth()
          mine()
          return answer
        },
      },
    })
    mine = () => source.world.mine(1)
    expect(await source.chain.spend(anchorOf(source.world), NO_HINT, call)).toEqual(faultOf('the tip moved meanwhile'))
    expect(await source.chain.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(faultOf('the tip moved meanwhile'))
  })

  test('is not unspent because the mempool spender left between two questions', async () => {
    const { world, chain } = await node({
      answers: { gettxout: (truth, [, , withMempool]) => (withMempool === true ? null : truth()) },
    })
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toEqual(faultOf('the mempool changed meanwhile'))
  })
})

describe('a spender in the mempool', () => {
  test.each<[string, Record<string, Answer>]>([
    ['of another outpoint', { gettxspendingprevout: () => [{ txid: NOWHERE, vout: 0, spendingtxid: 'a'.repeat(64) }] }],
    [
      'that is not there',
      {
        getmempoolentry: (_, [txid]) => {
          throw new ChainRpcError(-5, String(txid))
        },
      },
    ],
    [
      'without bytes',
      {
        getrawtransaction: () => {
          throw new ChainRpcError(-5, 'gone')
        },
      },
    ],
    ['with the bytes of another', { getrawtransaction: () => '0200000000' }],
    ['with a fee of another type', { getmempoolentry: () => ({ fees: { base: '0.1' } }) }],
    [
      'in a list of two',
      {
        gettxspendingprevout: async (truth) => {
          const [first] = z.array(z.unknown()).parse(await truth())
          return [first, first]
        },
      },
    ],
  ])('%s is a fault', async (_, answers) => {
    const { world, chain } = await node({ answers })
    const { submittedOn } = await spliced(world)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(unreachable)
  })

  test('that spends something else is a fault', async () => {
    let wrong = ''
    const { world, chain } = await node({
      answers: {
        gettxout: () => null,
        gettxspendingprevout: (_, [outpoints]) => [
          { ...z.array(z.looseObject({})).parse(outpoints)[0], spendingtxid: wrong },
        ],
      },
    })
    wrong = (await spliced(world)).txid
    const other = world.node('alice').channels()[1]?.funding
    expect(await chain.spend(outpointOf(other?.txid ?? '', other?.vout ?? 0), NO_HINT, call)).toEqual(
      faultOf('gettxspendingprevout: a spender that is none'),
    )
  })
})

describe('a Bitcoin Core 31 with an index of spenders', () => {
  test('names the spender in a block, however deep, and no block is searched', async () => {
    const source = await node({ spenderIndex: 'synced', config: { scanBlocks: 3 } })
    const { submittedOn, txid } = await spliced(source.world)
    source.world.mine(1)
    const { height, hash } = source.world.chain.tip
    source.world.mine(6)
    expect(await source.chain.spend(submittedOn, NO_HINT, call)).toMatchObject(
      ok({ own: 'confirmed', valueSats: 10_000_000, spender: { txid, block: { height, hash } } }),
    )
    expect(asked(source, 'getblock')).toBe(0)
  })

  test('shows a spender in the mempool as any other does', async () => {
    const { world, chain } = await node({ spenderIndex: 'synced' })
    const { submittedOn, txid } = await spliced(world)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(ok({ spender: { txid, block: null } }))
  })

  test('is believed only where the block holds the spender', async () => {
    let block = ''
    const { world, chain } = await node({
      answers: {
        gettxspendingprevout: (_, [outpoints]) => [
          {
            ...z.array(z.looseObject({})).parse(outpoints)[0],
            spendingtxid: 'a'.repeat(64),
            blockhash: block,
          },
        ],
      },
    })
    const { submittedOn, txid } = await spliced(world)
    world.mine(1)
    block = world.chain.tip.hash
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(ok({ spender: { txid } }))
    block = NOWHERE
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(ok({ spender: { txid } }))
  })

  test('that names a block for an unspent outpoint does not make it spent', async () => {
    const { world, chain } = await node({
      answers: {
        gettxout: (truth, [, , withMempool]) => (withMempool === true ? null : truth()),
        gettxspendingprevout: (_, [outpoints]) => [
          { ...z.array(z.looseObject({})).parse(outpoints)[0], spendingtxid: NOWHERE, blockhash: NOWHERE },
        ],
      },
    })
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toEqual(faultOf('the mempool changed meanwhile'))
  })
})

describe('while a Bitcoin Core 31 builds its index of spenders', () => {
  test('a spender in a block is found as without one, by its hint or by a search', async () => {
    const source = await node({ spenderIndex: 'building' })
    const { submittedOn, txid } = await spliced(source.world)
    source.world.mine(7)
    const hint: SpendHint = { unspentThroughHeight: null, spender: { txid, blockHash: null } }
    expect(await source.chain.spend(submittedOn, hint, call)).toMatchObject(ok({ spender: { txid } }))
    expect(asked(source, 'getblock')).toBe(0)
    expect(await source.chain.spend(submittedOn, NO_HINT, call)).toMatchObject(ok({ spender: { txid } }))
    expect(asked(source, 'getblock')).toBeGreaterThan(0)
  })

  test('a spender that left the mempool between two questions leaves nothing unspent', async () => {
    const { world, chain } = await node({
      spenderIndex: 'building',
      answers: { gettxout: (truth, [, , withMempool]) => (withMempool === true ? null : truth()) },
    })
    expect(await chain.spend(anchorOf(world), NO_HINT, call)).toEqual(faultOf('the mempool changed meanwhile'))
  })
})

test('no version is sent a second parameter about spenders: up to 30 they refuse it', async () => {
  const { world, chain, calls } = await node()
  await chain.spend((await spliced(world)).submittedOn, NO_HINT, call)
  const spending = calls.filter(({ method }) => method === 'gettxspendingprevout')
  expect(spending.map(({ params }) => params.length)).toEqual([1])
})
