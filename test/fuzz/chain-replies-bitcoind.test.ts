import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { bitcoind } from '../../adapters/chain/bitcoind/bitcoind.ts'
import { chainRpc } from '../../simulator/chain/bitcoind-methods.ts'
import { ChainRpcError } from '../../simulator/chain/bitcoind-method.ts'
import { createWorld, simulatedChainPort } from '../../simulator/world/world.ts'
import { outpointOf } from '../../core/bitcoin/outpoint.ts'
import { askOthers, callOf, spendTold } from './chain-answers.ts'
import { httpServer, said, standing, twisted, twists, type HttpReply, type Told, type Twist } from './http-lies.ts'

const HASH = z.string().regex(/^[0-9a-f]{64}$/)
const jsonOf = ({ reply }: Told): unknown => JSON.parse(reply.body)

describe('a Bitcoin Core', () => {
  const PASSWORD = 'correct-horse-battery'
  const METHODS = [
    'getblockchaininfo',
    'getmempoolinfo',
    'getnetworkinfo',
    'gettxout',
    'gettxspendingprevout',
    'getmempoolentry',
    'getrawtransaction',
    'getblock',
    'getblockheader',
    'getblockhash',
    'estimatesmartfee',
    'sendrawtransaction',
  ]
  const Request = z.object({ id: z.unknown(), method: z.string(), params: z.array(z.unknown()) })
  type Stage = 'unspent' | 'waiting' | 'mined'

  /** A node over a simulated channel whose funding is unspent, spent in the mempool, or spent in a block. */
  async function liar(stage: Stage) {
    const world = createWorld({ seed: 'bitcoind', startAt: Date.UTC(2026, 10, 22) })
    const channel = world.node('alice').channels()[0]
    if (channel === undefined) throw new Error('no channel')
    const { userChannelId, peerId, funding } = channel
    if (stage !== 'unspent') {
      const request = {
        userChannelId,
        counterpartyNodeId: peerId,
        amountSats: 50_000,
        address: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
      }
      await world.node('alice').rpc.spliceOut(request, callOf())
      world.advance(2_000)
    }
    if (stage === 'mined') world.mine(2)
    const methods = chainRpc({ source: simulatedChainPort(world.chain), chain: world.chain })
    /** `time`: how often the method was called before; -1: at each time. */
    const state: { method: string; twist: Twist | null; time: number; told: Told[] } = {
      method: '',
      twist: null,
      time: -1,
      told: [],
    }
    const honest = async (body: string): Promise<{ method: string; reply: HttpReply }> => {
      const { id, method, params } = Request.parse(JSON.parse(body))
      try {
        return { method, reply: said({ result: await methods[method]?.(params, callOf()), error: null, id }) }
      } catch (error) {
        if (!(error instanceof ChainRpcError)) throw error
        const { code, message } = error
        return { method, reply: { ...said({ result: null, error: { code, message }, id }), status: 500 } }
      }
    }
    const url = await httpServer(async (_, body) => {
      const truth = await honest(body)
      const earlier = state.told.filter(({ route }) => route === truth.method).length
      const now = state.time < 0 || state.time === earlier
      const reply =
        now && truth.method === state.method && state.twist !== null ? twisted(truth.reply, state.twist) : truth.reply
      state.told.push({ route: truth.method, reply })
      return reply
    })
    const fresh = () => bitcoind({ url, network: 'regtest', user: 'splicekeeper', password: PASSWORD, scanBlocks: 4 })
    const credential = Buffer.from(`splicekeeper:${PASSWORD}`).toString('base64')
    return { fresh, state, funding, secrets: [PASSWORD, credential, url, new URL(url).host] }
  }

  const Info = z.object({ result: z.object({ bestblockhash: HASH }) })

  /** Whether every answer that "unspent" takes was given, well-formed. */
  function saidUnspent(told: readonly Told[]): boolean {
    const all = standing(told, [502, 503, 504])
    const fits = (method: string, result: z.ZodType): boolean => {
      const Reply = z.object({ id: z.literal('splicekeeper'), error: z.null().optional(), result })
      const given = all.filter(({ route }) => route === method)
      return (
        given.length > 0 && given.every((each) => each.reply.status === 200 && Reply.safeParse(jsonOf(each)).success)
      )
    }
    const tips = all
      .filter(({ route }) => route === 'getblockchaininfo')
      .map((each) => Info.safeParse(jsonOf(each)).data?.result.bestblockhash)
    return (
      new Set(tips).size === 1 &&
      fits('getmempoolinfo', z.object({ loaded: z.literal(true) })) &&
      fits('getnetworkinfo', z.object({ localrelay: z.literal(true) })) &&
      fits(
        'getblockchaininfo',
        z.object({
          chain: z.literal('regtest'),
          bestblockhash: HASH,
          initialblockdownload: z.literal(false),
        }),
      ) &&
      fits(
        'gettxout',
        z.object({ bestblock: HASH, confirmations: z.int().positive(), value: z.number().nonnegative() }),
      )
    )
  }

  test.each<Stage>(['unspent', 'waiting', 'mined'])(
    'that lies in the answers of one method never makes a call throw, tell a secret, or say unspent without every answer: %s',
    async (stage) => {
      const { fresh, state, funding, secrets } = await liar(stage)
      const lies = fc.record({
        method: fc.constantFrom(...METHODS),
        twist: twists,
        time: fc.integer({ min: -1, max: 2 }),
      })
      await fc.assert(
        fc.asyncProperty(lies, async ({ method, twist, time }) => {
          Object.assign(state, { method, twist, time, told: [] })
          const chain = fresh()
          const spend = await spendTold(chain, outpointOf(funding.txid, funding.vout), secrets)
          if (spend?.spender === null && spend.own === 'confirmed') expect(saidUnspent(state.told)).toBe(true)
          await askOthers(chain, funding, secrets)
        }),
        { seed: 32, numRuns: 120 },
      )
    },
  )

  test.each<[Stage, boolean]>([
    ['unspent', false],
    ['waiting', true],
    ['mined', true],
  ])('that is honest is believed: %s', async (stage, spent) => {
    const { fresh, funding } = await liar(stage)
    const spend = await spendTold(fresh(), outpointOf(funding.txid, funding.vout), [])
    expect([spend?.own, spend?.spender !== null]).toEqual(['confirmed', spent])
  })
})
