import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClnAct, ClnMessage, ClnPoint } from '../../../simulator/cln/state.ts'
import { createWorld, worldFrom, type World } from '../../../simulator/world/world.ts'
import { CAROL, START } from './cln-wire.ts'

const ACTS = ['drop', 'kill_node', 'kill_peer', 'freeze_peer', 'hang'] as const
type Move =
  | { readonly type: 'step' | 'splicein' | 'spliceout' | 'abort' | 'mine' | 'start' | 'connect' | 'save' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'trap'; readonly point: ClnPoint; readonly act: ClnAct }

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 14, arbitrary: fc.constant<Move>({ type: 'step' }) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('splicein', 'spliceout', 'abort', 'mine', 'start', 'connect', 'save')
      .map((type): Move => ({ type })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 90_000 }).map((ms): Move => ({ type: 'wait', ms })) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        by: fc.constantFrom('us', 'peer'),
        when: fc.constantFrom('before', 'after'),
        message: fc.constantFrom(...ClnMessage.options),
        type: fc.constantFrom(...ACTS),
      })
      .map(({ type, ...point }): Move => ({
        type: 'trap',
        point: ClnPoint.parse(point),
        act: ClnAct.parse({ type, ms: 20_000 }),
      })),
  },
)

/** A client of the low-level flow that goes on with whatever it was answered last. */
class Client {
  #next: { readonly method: string; readonly psbt: string } | null = null

  async step(world: World): Promise<void> {
    const node = world.clnNode(CAROL)
    const channel_id = node.channels()[0]?.channelId
    const { method, psbt } = this.#next ?? { method: 'fundpsbt', psbt: '' }
    const fund = { satoshi: 10_000, feerate: '260perkw', startweight: 800, excess_as_change: true }
    const rest: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      fundpsbt: fund,
      splice_init: { channel_id, relative_amount: 10_000, initialpsbt: psbt, feerate_per_kw: 253 },
      splice_update: { channel_id, psbt },
      signpsbt: { psbt },
      splice_signed: { channel_id, psbt },
    }
    const answer = await Promise.race([node.call({ method, params: rest[method] ?? {} }), unanswered()])
    if (answer?.type !== 'answered') {
      this.#next = null
      return
    }
    const made = String(answer.result['psbt'] ?? answer.result['signed_psbt'])
    const secured = answer.result['commitments_secured'] === true
    const after: Readonly<Record<string, string>> = {
      fundpsbt: 'splice_init',
      splice_init: 'splice_update',
      splice_update: secured ? 'signpsbt' : 'splice_update',
      signpsbt: 'splice_signed',
    }
    const following = after[method]
    this.#next = following === undefined ? null : { method: following, psbt: made }
  }
}

/** What there is of a call that is not answered when all that was started has run. */
async function unanswered(): Promise<null> {
  for (let n = 0; n < 5; n++) await Promise.resolve()
  return null
}

async function carryOut(world: World, client: Client, what: Move): Promise<World> {
  const node = world.clnNode(CAROL)
  const channel = node.channels()[0]?.channelId ?? ''
  const call = (method: string, params: Readonly<Record<string, unknown>>): void => void node.call({ method, params })
  switch (what.type) {
    case 'step':
      await client.step(world)
      return world
    case 'splicein':
    case 'spliceout':
      call(what.type, { channel, amount: '12000' })
      return world
    case 'abort':
      call('abort_channels', { channel_ids: [channel] })
      return world
    case 'mine':
      world.mine(1)
      return world
    case 'start':
      node.start()
      return world
    case 'connect':
      node.connectPeer()
      return world
    case 'save':
      return worldFrom(JSON.parse(JSON.stringify(world.toJSON())))
    case 'wait':
      world.advance(what.ms)
      return world
    case 'trap':
      node.at(what.point, what.act)
      return world
  }
}

test('whatever happens, a channel stands on an output of the chain, and no funding is spent twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 20, maxLength: 80 }), async (moves) => {
      let world = createWorld({
        seed: 'random',
        startAt: START,
        nodes: [],
        feeRateSatPerKw: 253,
        clnNodes: [{ name: CAROL, channels: [{ lockDepth: 1 }] }],
      })
      const client = new Client()
      for (const what of moves) world = await carryOut(world, client, what)
      for (const { funding, ourMsat, inflights, state } of world.clnNode(CAROL).channels()) {
        const output = world.chain.transaction(funding.txid)?.outputs[funding.vout]
        expect(output?.amountSats).toBe(funding.valueSats)
        expect(ourMsat).toBeGreaterThanOrEqual(0)
        expect(ourMsat).toBeLessThanOrEqual(funding.valueSats * 1000)
        if (state === 'CHANNELD_NORMAL') expect(inflights.filter(({ signed }) => signed)).toEqual([])
        if (state === 'CHANNELD_AWAITING_SPLICE') expect(inflights.some(({ signed }) => signed)).toBe(true)
      }
      const signed = new Set(world.journal.entries.filter(({ type }) => type === 'candidate_signed').map((e) => e.txid))
      const known = world.chain.transactions().filter(({ txid }) => signed.has(txid))
      const spent = known.flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpoint))
      expect(new Set(spent).size).toBe(spent.length)
      expect(world.journal.effectiveSplices()).toHaveLength(known.length)
    }),
    { numRuns: 150, seed: 26, endOnFailure: false },
  )
}, 60_000)
