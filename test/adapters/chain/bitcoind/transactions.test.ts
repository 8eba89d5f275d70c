import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ok } from '../../../../core/values/result.ts'
import { ChainRpcError } from '../../../../simulator/chain/bitcoind-method.ts'
import { NOWHERE, PASSWORD, asked, call, channelOf, faultOf, node, spliced, unreachable, type Answer } from './stage.ts'

describe('a transaction', () => {
  test('is found by an unspent output, without a search', async () => {
    const source = await node()
    const { txid } = await spliced(source.world)
    source.world.mine(50)
    expect(await source.chain.transaction(txid, call)).toMatchObject(ok({ txid, feeSats: 722 }))
    expect(asked(source, 'getblock')).toBe(0)
  })

  test('of which nothing is left is found in the latest blocks, and not below them', async () => {
    const { world, chain, another } = await node()
    const { txid } = channelOf(world).funding
    await spliced(world)
    world.mine(1)
    expect(await chain.transaction(txid, call)).toMatchObject(ok({ txid, block: { height: 111 } }))
    expect(await another({ scanBlocks: 5 }).transaction(txid, call)).toEqual(ok(null))
  })

  test('is found by the index of a node that has one', async () => {
    let hash = ''
    const source = await node({
      answers: {
        getrawtransaction: async (truth, [txid, verbosity]) => (verbosity === 1 ? { txid, blockhash: hash } : truth()),
      },
    })
    const { txid } = channelOf(source.world).funding
    await spliced(source.world)
    source.world.mine(1)
    hash = source.world.chain.block(111)?.hash ?? ''
    expect(await source.chain.transaction(txid, call)).toMatchObject(ok({ txid, block: { hash } }))
    expect(asked(source, 'getblock')).toBe(0)
  })

  test.each<[string, Record<string, Answer>]>([
    [
      'a list of another block',
      { getblock: async (truth) => ({ ...z.looseObject({}).parse(await truth()), hash: NOWHERE }) },
    ],
    [
      'a block without a predecessor',
      {
        getblock: async (truth) => ({
          ...z.looseObject({}).parse(await truth()),
          previousblockhash: undefined,
        }),
      },
    ],
    ['what is no list', { getblock: () => ({ tx: 'all' }) }],
    ['another transaction', { getrawtransaction: () => ({ txid: 'a'.repeat(64) }) }],
  ])('is a fault where the node tells %s', async (_, answers) => {
    const { chain } = await node({ answers })
    expect(await chain.transaction(NOWHERE, call)).toMatchObject(unreachable)
  })

  test('is not absent where a block came meanwhile', async () => {
    let mine = (): void => {}
    const { world, chain } = await node({
      answers: {
        getblock: (truth) => {
          mine()
          return truth()
        },
      },
    })
    mine = () => {
      world.mine(1)
      mine = () => {}
    }
    expect(await chain.transaction(NOWHERE, call)).toEqual(faultOf('the tip moved meanwhile'))
  })
})

describe('a feerate', () => {
  const estimating = (answer: unknown) => node({ answers: { estimatesmartfee: () => answer } })

  test.each([
    [0.00001, 250],
    [0.00001013, 254],
    [0.00001012, 253],
    [0.2, 5_000_000],
  ])('of %d bitcoin per 1000 vB is %i sat per 1000 weight, rounded up', async (feerate, expected) => {
    const { chain } = await estimating({ feerate, blocks: 6 })
    expect(await chain.feeRateSatPerKw(6, call)).toEqual(ok(expected))
  })

  test('without an estimate there is none', async () => {
    const { chain } = await estimating({ errors: ['Insufficient data or no feerate found'], blocks: 2 })
    expect(await chain.feeRateSatPerKw(6, call)).toEqual(ok(null))
  })

  test.each([null, [], { feerate: '0.1' }, { feerate: -1 }])('%j is no estimate', async (answer) => {
    const { chain } = await estimating(answer)
    expect(await chain.feeRateSatPerKw(6, call)).toMatchObject(unreachable)
  })

  test('is asked for targets that Bitcoin Core takes', async () => {
    const { chain, calls } = await node()
    expect(await chain.feeRateSatPerKw(5_000, call)).toEqual(ok(1_000))
    expect(await chain.feeRateSatPerKw(0, call)).toEqual(ok(1_000))
    expect(calls.filter(({ method }) => method === 'estimatesmartfee').map(({ params }) => params[0])).toEqual([
      1_008, 1,
    ])
  })
})

describe('a broadcast', () => {
  test('that is refused tells the reason, and nothing else of what the node says', async () => {
    const { chain } = await node({
      answers: {
        sendrawtransaction: () => {
          throw new ChainRpcError(-26, `insufficient fee, rejecting ${PASSWORD} ${'x'.repeat(1_000)}`)
        },
      },
    })
    const answer = await chain.broadcast('00', call)
    expect(answer).toEqual(faultOf('sendrawtransaction: error -26: insufficient fee'))
  })

  test('of what is in the chain with nothing of it left is no fault', async () => {
    const { world, chain } = await node()
    const first = channelOf(world).funding.hex
    await spliced(world)
    world.mine(1)
    expect(await chain.broadcast(first, call)).toEqual(ok(undefined))
  })

  test('that is answered with another txid is a fault', async () => {
    const { world, chain } = await node({ answers: { sendrawtransaction: () => NOWHERE } })
    expect(await chain.broadcast(channelOf(world).funding.hex, call)).toMatchObject(unreachable)
  })

  test('is sent once', async () => {
    const source = await node()
    const { txid } = await spliced(source.world)
    const hex = source.world.chain.transaction(txid)?.hex ?? ''
    source.world.evict(txid)
    expect(await source.chain.broadcast(hex, call)).toEqual(ok(undefined))
    expect(asked(source, 'sendrawtransaction')).toBe(1)
  })
})
