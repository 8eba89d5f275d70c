import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { esplora } from '../../adapters/chain/esplora/esplora.ts'
import { askOthers, callOf, spendTold, spending } from './chain-answers.ts'
import { httpServer, said, standing, twisted, twists, type HttpReply, type Told, type Twist } from './http-lies.ts'

const HASH = z.string().regex(/^[0-9a-f]{64}$/)
const jsonOf = ({ reply }: Told): unknown => JSON.parse(reply.body)

describe('an Esplora', () => {
  const KEY = 'key-of-ours-in-the-url'
  const own = spending('1'.repeat(64), 0)
  const spender = spending(own.txid, 1)
  const confirmed = {
    confirmed: true,
    block_height: 100,
    block_hash: 'b'.repeat(64),
    block_time: 1_700_000_000,
  }
  const shown = (txid: string) =>
    said({ txid, vout: [{ value: 5_000 }, { value: 1_000 }], fee: 310, status: confirmed })
  const outspend = `GET /tx/${own.txid}/outspend/1`
  const routes = (spent: boolean): Readonly<Record<string, HttpReply>> => ({
    'GET /blocks/tip/hash': said('a'.repeat(64)),
    'GET /blocks/tip/height': said('120'),
    'GET /block-height/120': said('a'.repeat(64)),
    'GET /block-height/5': said('5'.repeat(64)),
    [`GET /tx/${own.txid}`]: shown(own.txid),
    [`GET /tx/${own.txid}/hex`]: said(own.hex),
    [`GET /tx/${spender.txid}`]: shown(spender.txid),
    [`GET /tx/${spender.txid}/hex`]: said(spender.hex),
    [outspend]: said(spent ? { spent, txid: spender.txid } : { spent }),
    'GET /fee-estimates': said({ '1': 20.5, '6': 10, '144': 1.1 }),
    'POST /tx': said(own.txid),
  })

  /** A source that lies on one route, and what it told. */
  async function liar() {
    const state: {
      honest: Readonly<Record<string, HttpReply>>
      route: string
      twist: Twist | null
      /** How often the route was asked before; -1: at each time. */
      time: number
      told: Told[]
    } = {
      honest: routes(false),
      route: '',
      twist: null,
      time: -1,
      told: [],
    }
    const base = await httpServer(async (asked) => {
      const route = asked.replace(`/api/${KEY}`, '')
      const honest = state.honest[route] ?? { status: 404, body: 'not found', drop: false }
      const earlier = state.told.filter((each) => each.route === route).length
      const now = state.time < 0 || state.time === earlier
      const reply = now && route === state.route && state.twist !== null ? twisted(honest, state.twist) : honest
      state.told.push({ route, reply })
      return reply
    })
    const chain = esplora({ url: `${base}/api/${KEY}` })
    return { chain, state, secrets: [KEY, base, new URL(base).host] }
  }

  /** Whether every answer that "unspent" takes was given, well-formed. */
  function saidUnspent(told: readonly Told[]): boolean {
    const all = standing(told, [500, 502, 503, 504])
    const tips = all.filter(({ route }) => route === 'GET /blocks/tip/hash').map(({ reply }) => reply.body.trim())
    const of = (route: string) => all.filter((each) => each.route === route).map(jsonOf)
    const Own = z.object({
      txid: z.literal(own.txid),
      vout: z.array(z.unknown()).min(2),
      status: z.looseObject({ confirmed: z.literal(true), block_hash: HASH, block_height: z.int() }),
    })
    return (
      all.every(({ reply }) => reply.status === 200) &&
      [`GET /tx/${own.txid}`, outspend].every((route) => of(route).length > 0) &&
      tips.length === 2 &&
      tips.every((tip) => tip === tips[0] && HASH.safeParse(tip).success) &&
      of(`GET /tx/${own.txid}`).every((json) => Own.safeParse(json).success) &&
      of(outspend).every((json) => z.object({ spent: z.literal(false) }).safeParse(json).success)
    )
  }

  const lies = fc.record({
    spent: fc.boolean(),
    route: fc.constantFrom(...Object.keys(routes(true))),
    twist: twists,
    time: fc.integer({ min: -1, max: 1 }),
  })

  test('that lies in one answer never makes a call throw, tell a secret, or say unspent without every answer', async () => {
    const { chain, state, secrets } = await liar()
    await fc.assert(
      fc.asyncProperty(lies, async ({ spent, route, twist, time }) => {
        Object.assign(state, { honest: routes(spent), route, twist, time, told: [] })
        const spend = await spendTold(chain, `${own.txid}:1`, secrets)
        if (spend?.spender === null && spend.own === 'confirmed') expect(saidUnspent(state.told)).toBe(true)
        await askOthers(chain, own, secrets)
      }),
      { seed: 31, numRuns: 400 },
    )
  })

  test('that is honest is believed', async () => {
    const { chain, state } = await liar()
    const spend = () => spendTold(chain, `${own.txid}:1`, [])
    expect(await spend()).toEqual({ own: 'confirmed', valueSats: 1_000, spender: null })
    Object.assign(state, { honest: routes(true) })
    expect((await spend())?.spender?.txid).toBe(spender.txid)
    expect(await chain.feeRateSatPerKw(6, callOf())).toEqual({ ok: true, value: 2_500 })
  })
})
