import { describe, expect, test } from 'vitest'
import { clnNode } from '../../../../adapters/node/cln/node.ts'
import { ScriptedCln, error, lost } from '../../../../harness/nodes/scripted-cln.ts'
import { CALLS, FAULTS } from './faults.ts'
import { aSplice, clock, everything, into, methods, out, submit } from './submission.ts'

describe.each(['splice_out', 'splice_in'] as const)('whatever befalls a %s', (kind) => {
  test.each(CALLS[kind].flatMap((at) => FAULTS.map(([what, fault]) => [at, what, fault] as const)))(
    '%s, %s: it is refused only if nothing of it can take effect',
    async (at, _what, fault) => {
      const cln = new ScriptedCln()
      cln.faults.set(at, fault)
      const answer = await submit(cln, aSplice(kind))
      const irrevocable = kind === 'splice_out' ? cln.secured : cln.signed
      if (answer.type === 'refused') expect(irrevocable).toBe(false)
      if (answer.type === 'taken') expect(cln.signed || fault.fault.type === 'error').toBe(true)
      // What may be secured or signed is in the journal with its txid first.
      if (irrevocable) expect(cln.steps).toContainEqual(expect.objectContaining({ txid: cln.txid }))
      // Nothing is repeated, and nothing follows a call that failed but what ends an unsigned negotiation.
      expect(cln.asked.filter(({ method }) => method === 'splice_init').length).toBeLessThanOrEqual(1)
      expect(cln.asked.filter(({ method }) => method === 'splice_signed').length).toBeLessThanOrEqual(1)
      if (cln.signed) expect(methods(cln)).not.toContain('abort_channels')
      if (answer.type !== 'refused') expect(methods(cln)).not.toContain('unreserveinputs')
    },
  )

  test.each(CALLS[kind])('no time left before %s: nothing more is called', async (at) => {
    const cln = new ScriptedCln()
    const controller = new AbortController()
    const node = clnNode(
      {
        call: (method, given, options) => {
          const nth = cln.asked.filter((each) => each.method === method).length
          if (`${method} ${nth}` === at) controller.abort()
          return cln.call(method, given, options)
        },
      },
      { clock, network: 'regtest', permissions: everything },
    )
    const answer = await node.submit(aSplice(kind), { signal: controller.signal }, cln.journal)
    const irrevocable = kind === 'splice_out' ? cln.secured : cln.signed
    expect(answer.type).toBe(irrevocable ? 'unknown' : 'refused')
  })
})

describe('every code has its class', () => {
  test.each([
    [301, 'not_now'],
    [302, 'invalid'],
    [313, 'not_now'],
    [351, 'not_now'],
    [352, 'invalid'],
    [353, 'not_now'],
    [354, 'invalid'],
    [355, 'in_flight'],
    [356, 'invalid'],
    [357, 'not_now'],
    // A negotiation is open: ours, if the answer to an earlier call was lost.
    [358, 'in_flight'],
    [359, 'not_now'],
    [360, 'not_now'],
    [362, 'not_now'],
    [363, 'not_now'],
    [-32602, 'invalid'],
    [-32601, 'config'],
    [-4, 'not_now'],
  ])('%i at splice_init is %s, with the code', async (code, expected) => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_init 0', error(code))
    expect(await submit(cln, out())).toMatchObject({ type: 'refused', class: expected, code })
  })

  test('a splice_init that is not answered is under way at the node, and can come to nothing', async () => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_init 0', lost(true))
    expect(await submit(cln, out())).toMatchObject({ type: 'refused', class: 'in_flight' })
  })

  test.each([351, 363, -1, -4, 350])('%i at an update of a splice-out proves nothing', async (code) => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_update 1', error(code, true))
    expect(await submit(cln, out())).toMatchObject({ type: 'unknown' })
  })

  test('a transaction or a secret in a message is not repeated', async () => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_init 0', error(358, false, `bad ${'ab'.repeat(200)}`))
    const answer = await submit(cln, out())
    expect(JSON.stringify(answer)).not.toContain('abab')
  })
})

describe('what is not ready is not started', () => {
  test.each([
    ['a splice in flight', { inflight: [{ funding_txid: 'f'.repeat(64), feerate: '258perkw', splice_amount: 1 }] }],
    ['a signed splice', { state: 'CHANNELD_AWAITING_SPLICE' }],
    ['another funding', { funding_txid: 'e'.repeat(64) }],
    ['a peer that is away', { peer_connected: false }],
    ['a peer that is not back yet', { reestablished: false }],
    ['a payment', { htlcs: [{}] }],
    ['a capacity of parts of a satoshi', { total_msat: 1_000_000_001 }],
    ['another channel', { channel_id: 'd'.repeat(64) }],
  ])('%s', async (_what, channel) => {
    const cln = new ScriptedCln(channel)
    expect(await submit(cln, out())).toMatchObject({ type: 'refused', class: 'not_now' })
    expect(methods(cln)).toEqual(['listpeerchannels'])
    expect(cln.steps).toEqual([])
  })

  test('a feerate over the ceiling', async () => {
    const cln = new ScriptedCln()
    cln.rateSatPerKw = 5_001
    expect(await submit(cln, out())).toMatchObject({ type: 'refused', class: 'not_now' })
    expect(methods(cln)).toEqual(['listpeerchannels', 'feerates'])
  })

  test('a fee over the ceiling, of a splice-out and of a splice-in, whose inputs are given back', async () => {
    const cln = new ScriptedCln()
    expect(await submit(cln, out({ maxFeeSats: 723 }))).toMatchObject({ type: 'refused', class: 'not_now' })
    expect(methods(cln)).not.toContain('splice_init')
    const other = new ScriptedCln()
    expect(await submit(other, into({ maxFeeSats: 1_039 }))).toMatchObject({
      type: 'refused',
      class: 'not_now',
    })
    expect(methods(other)).toEqual(['listpeerchannels', 'feerates', 'fundpsbt', 'unreserveinputs'])
  })

  test('an address of another network, or none', async () => {
    for (const address of [null, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'nonsense']) {
      const cln = new ScriptedCln()
      expect(await submit(cln, out({ address }))).toMatchObject({ type: 'refused', class: 'invalid' })
      expect(cln.asked).toEqual([])
    }
  })
})
