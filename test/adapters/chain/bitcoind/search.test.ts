import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { outpointOf } from '../../../../core/bitcoin/outpoint.ts'
import { NO_HINT, type SpendHint } from '../../../../core/ports/chain.ts'
import { ok } from '../../../../core/values/result.ts'
import { ChainRpcError } from '../../../../simulator/chain/bitcoind-method.ts'
import { NOWHERE, asked, call, faultOf, node, spliced, splicedTwice, unknown, unreachable } from './stage.ts'

describe('a spender in a block', () => {
  test('that is deeper than what is searched is a fault where the outpoint is known, and never unspent', async () => {
    const { world, chain, another } = await node({ config: { scanBlocks: 3 } })
    const { submittedOn, txid } = await splicedTwice(world)
    world.mine(5)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(
      faultOf('the outpoint is spent, and its spender was not found'),
    )
    expect(await another({ scanBlocks: 5 }).spend(submittedOn, NO_HINT, call)).toMatchObject(
      ok({ own: 'confirmed', spender: { txid } }),
    )
  })

  test('of an outpoint of which nothing is left leaves it unknown, and never unspent', async () => {
    const { world, chain } = await node({ config: { scanBlocks: 3 } })
    const { submittedOn } = await spliced(world)
    world.mine(5)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(unknown)
  })

  test('is not looked for in blocks from before the outpoint', async () => {
    let lost = ''
    const source = await node({
      answers: {
        gettxout: (truth, [txid, vout]) => (outpointOf(String(txid), Number(vout)) === lost ? null : truth()),
      },
    })
    const { txid } = await spliced(source.world)
    source.world.mine(5)
    lost = outpointOf(txid, 0)
    expect(await source.chain.spend(lost, NO_HINT, call)).toEqual(
      faultOf('the outpoint is spent, and its spender was not found'),
    )
    expect(asked(source, 'getblock')).toBe(5)
  })

  test('whose block has left the best chain meanwhile is a fault', async () => {
    const { world, chain } = await node({
      answers: { getblockheader: async (truth) => Object.assign({}, await truth(), { confirmations: -1 }) },
    })
    const { submittedOn } = await spliced(world)
    world.mine(1)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(faultOf('a block left the best chain meanwhile'))
  })

  const [another, none, wrong] = ['another block, or none', 'not a block', 'transactions of another block']
  test.each<[string, (hex: string, parent: string) => unknown, string]>([
    ['the one before', (_, parent) => parent, another],
    ['cut short in its header', (hex) => hex.slice(0, 100), another],
    ['cut short in its transactions', (hex) => hex.slice(0, -40), none],
    ['no hex', (hex) => `${hex.slice(0, -2)}zz`, another],
    ['half a byte short', (hex) => hex.slice(0, -1), another],
    ['nothing', () => '', another],
    ['of another type', () => ({ tx: [] }), 'not what Bitcoin Core answers'],
    ['with another transaction in it', (hex) => `${hex.slice(0, -8)}01000000`, wrong],
  ])('in one that is told as %s is a fault', async (_, lie, message) => {
    let last = ''
    let parent = ''
    const { world, chain } = await node({
      answers: {
        getblock: async (truth, [hash]) => {
          const hex = String(await truth())
          return hash === last ? lie(hex, String(await truth([parent, 0]))) : hex
        },
      },
    })
    const { submittedOn } = await spliced(world)
    parent = world.chain.tip.hash
    world.mine(1)
    last = world.chain.tip.hash
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(faultOf(`getblock: ${message}`))
  })

  test.each<[string, (truth: object) => unknown]>([
    ['another transaction', (truth) => ({ ...truth, hex: '0200000000' })],
    ['in a block that is not in the best chain', (truth) => ({ ...truth, in_active_chain: false })],
    ['without inputs', (truth) => ({ ...truth, vin: null })],
    ['with a fee that is no amount', (truth) => ({ ...truth, fee: -1 })],
  ])('that is told as %s is a fault', async (_, lie) => {
    const { world, chain } = await node({
      answers: {
        getrawtransaction: async (truth, params) =>
          params.length === 3 ? lie(z.looseObject({}).parse(await truth())) : truth(),
      },
    })
    const { submittedOn } = await spliced(world)
    world.mine(1)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(unreachable)
  })

  test('whose block is pruned is a fault, although the hint names it', async () => {
    const { world, chain } = await node({
      answers: {
        getrawtransaction: (truth, params) => {
          if (params.length === 3) throw new ChainRpcError(-1, 'Block not available')
          return truth()
        },
      },
    })
    const { submittedOn, txid } = await spliced(world)
    world.mine(1)
    const hint: SpendHint = { unspentThroughHeight: null, spender: { txid, blockHash: world.chain.tip.hash } }
    expect(await chain.spend(submittedOn, hint, call)).toMatchObject(unreachable)
  })

  test('comes without fee and value from a version 24, which leaves both out', async () => {
    const { world, chain } = await node({
      answers: {
        getrawtransaction: async (truth, params) => {
          const answer = await truth()
          if (params.length < 3) return answer
          const { txid, hex } = z.looseObject({}).parse(answer)
          return { txid, hex, in_active_chain: true, vin: [{ coinbase: '00' }] }
        },
      },
    })
    const { submittedOn, txid } = await spliced(world)
    world.mine(7)
    const spent = { own: 'confirmed', spender: { txid, feeSats: null } }
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(ok({ ...spent, valueSats: null }))
    world.advance(2_000)
    const second = await spliced(world)
    const valueSats = world.chain.transaction(txid)?.outputs[Number(second.submittedOn.slice(65))]?.amountSats
    world.mine(1)
    expect(await chain.spend(second.submittedOn, NO_HINT, call)).toMatchObject(ok({ valueSats }))
  })
})

describe('a long search', () => {
  test('goes on where the last call ended, and is a fault until its end', async () => {
    const source = await node({ config: { maxBlocksPerCall: 10 } })
    const { world, chain } = source
    const unspentThroughHeight = world.chain.tip.height
    const { submittedOn, txid } = await spliced(world)
    world.mine(25)
    const hint: SpendHint = { unspentThroughHeight, spender: null }
    const unfinished = faultOf(`the blocks from ${unspentThroughHeight - 5} on are not all searched yet`)
    expect(await chain.spend(submittedOn, hint, call)).toEqual(unfinished)
    world.mine(2)
    expect(await chain.spend(submittedOn, hint, call)).toEqual(unfinished)
    expect(await chain.spend(submittedOn, hint, call)).toMatchObject(ok({ spender: { txid } }))
    expect(asked(source, 'getblock')).toBe(27)
    expect(await chain.spend(submittedOn, hint, call)).toMatchObject(ok({ spender: { txid } }))
    expect(asked(source, 'getblock')).toBe(27)
  })

  test('that found nothing asks only for new blocks the next time', async () => {
    const source = await node()
    expect(await source.chain.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(unknown)
    const before = asked(source, 'getblock')
    expect(before).toBe(source.world.chain.tip.height + 1)
    source.world.mine(2)
    expect(await source.chain.spend(`${NOWHERE}:0`, NO_HINT, call)).toEqual(unknown)
    expect(asked(source, 'getblock')).toBe(before + 2)
  })

  test('counts for nothing any more once a reorg has replaced what it went through', async () => {
    const { world, chain } = await node()
    world.node('alice').behaviour.broadcasts = 'once'
    const { submittedOn, txid } = await splicedTwice(world)
    const hexOf = (id: string) => world.chain.transaction(id)?.hex ?? ''
    const first = submittedOn.slice(0, 64)
    const transactions = [hexOf(first), hexOf(txid)]
    world.reorg(7, { drop: [first], include: 'none' })
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(unknown)
    world.mine(1)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toEqual(unknown)
    for (const hex of transactions) expect(world.chain.broadcast(hex)).toBeNull()
    world.reorg(3)
    expect(await chain.spend(submittedOn, NO_HINT, call)).toMatchObject(
      ok({ own: 'confirmed', spender: { txid, block: { height: world.chain.tip.height - 3 } } }),
    )
  })

  test('ends with its call, and keeps what it has searched', async () => {
    const controller = new AbortController()
    const source = await node({
      answers: {
        getblock: async (truth, _, earlier) => {
          if (earlier === 4) controller.abort()
          return truth()
        },
      },
    })
    const nowhere = `${NOWHERE}:0`
    const { height } = source.world.chain.tip
    expect(await source.chain.spend(nowhere, NO_HINT, { signal: controller.signal })).toMatchObject(unreachable)
    expect(asked(source, 'getblock')).toBe(5)
    expect(await source.chain.spend(nowhere, NO_HINT, call)).toEqual(unknown)
    expect(asked(source, 'getblock')).toBe(height + 1 + 1)
  })
})
