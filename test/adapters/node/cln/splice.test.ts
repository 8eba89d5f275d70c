import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { clnNode } from '../../../../adapters/node/cln/node.ts'
import { permissionsOf } from '../../../../adapters/node/cln/permission.ts'
import type { BumpRequest, SubmitRequest } from '../../../../core/ports/node.ts'
import type { CommandAnswer } from '../../../../core/ports/ports.ts'
import {
  CLN_ADDRESS,
  CLN_ANCHOR,
  CLN_CHANNEL,
  CLN_FUNDING_SCRIPT,
  CLN_PEER,
  CLN_SCRIPT,
  error,
  type Fault,
  lost,
  ScriptedCln,
  transactionOf,
} from '../../../../harness/nodes/scripted-cln.ts'

const NOW = 1_700_000_000_000
const clock = { now: () => NOW }
const everything = permissionsOf(null)
const call = () => ({ signal: new AbortController().signal })

const aSplice = (kind: 'splice_in' | 'splice_out', more: Partial<SubmitRequest> = {}): SubmitRequest => ({
  attemptId: 'attempt-1',
  channelId: CLN_CHANNEL,
  userChannelId: null,
  peerId: CLN_PEER,
  submittedOn: CLN_ANCHOR,
  kind,
  amountSats: 50_000,
  address: kind === 'splice_out' ? CLN_ADDRESS : null,
  feeRateSatPerKw: null,
  signedAt: NOW,
  maxFeeRateSatPerKw: 5_000,
  maxFeeSats: 5_000,
  ...more,
})
const out = (more: Partial<SubmitRequest> = {}) => aSplice('splice_out', more)
const into = (more: Partial<SubmitRequest> = {}) => aSplice('splice_in', more)

async function submit(cln: ScriptedCln, request: SubmitRequest, permissions = everything): Promise<CommandAnswer> {
  const node = clnNode(cln, { clock, network: 'regtest', permissions })
  return node.submit(request, call(), cln.journal)
}

const methods = (cln: ScriptedCln): string[] => cln.asked.map(({ method }) => method)
const params = (cln: ScriptedCln, method: string) => cln.asked.find((each) => each.method === method)?.params

describe('a splice-out', () => {
  test('pays its address and its fee from the channel, journalled before each step', async () => {
    const cln = new ScriptedCln()
    const answer = await submit(cln, out())
    expect(answer).toMatchObject({ type: 'taken', txid: cln.txid })
    expect(answer.type === 'taken' && answer.hex).toBeTruthy()
    expect(methods(cln)).toEqual([
      'listpeerchannels',
      'feerates',
      'addpsbtoutput',
      'splice_init',
      'splice_update',
      'splice_update',
      'splice_signed',
    ])
    // 600 that every splice weighs, and 124 of the output, at 1000 sat/kw.
    expect(params(cln, 'splice_init')).toMatchObject({ relative_amount: -50_724, feerate_per_kw: 1_000 })
    expect(cln.steps.map(({ name }) => name)).toEqual([
      'splice_init',
      'splice_update_secured',
      'splice_update_secured',
      'splice_signed',
    ])
    expect(cln.steps.slice(2)).toEqual([
      { name: 'splice_update_secured', txid: cln.txid },
      { name: 'splice_signed', txid: cln.txid },
    ])
  })

  test('whose last update is not answered is unknown, with its txid journalled', async () => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_update 1', lost(true))
    expect(await submit(cln, out())).toMatchObject({ type: 'unknown' })
    expect(cln.secured).toBe(true)
    expect(cln.steps.at(-1)).toEqual({ name: 'splice_update_secured', txid: cln.txid })
    expect(methods(cln)).not.toContain('abort_channels')
  })

  test('is never secured when its txid could not be journalled, and leaves nothing open', async () => {
    for (const at of [0, 1, 2]) {
      const cln = new ScriptedCln()
      cln.journalFailsAt = at
      expect(await submit(cln, out()), `${at}`).toMatchObject({ type: 'refused', class: 'not_now' })
      expect(cln.secured).toBe(false)
      expect(cln.did.includes('abort_channels')).toBe(at > 0)
    }
  })

  test('that is secured and whose last step could not be journalled goes no further, and is unknown', async () => {
    const cln = new ScriptedCln()
    cln.journalFailsAt = 3
    expect(await submit(cln, out())).toMatchObject({ type: 'unknown' })
    expect(cln.signed).toBe(false)
    expect(methods(cln)).not.toContain('abort_channels')
  })

  test('that the node could not broadcast is handed over to be broadcast by us', async () => {
    const cln = new ScriptedCln()
    const first = new ScriptedCln()
    const known = await submit(first, out())
    const hex = known.type === 'taken' ? (known.hex ?? '') : ''
    const padded = hex.padStart(120, '0')
    const words = `Error broadcasting splice. Unsent tx discarded ${padded}.`
    cln.faults.set('splice_signed 0', error(350, true, words))
    expect(await submit(cln, out())).toEqual({ type: 'taken', txid: cln.txid, hex: padded })
  })

  test('with another transaction in the message than ours is taken, and nothing is broadcast', async () => {
    const cln = new ScriptedCln()
    const other = transactionOf({
      inputs: [{ outpoint: CLN_ANCHOR, amountSats: 1 }],
      outputs: [{ script: CLN_SCRIPT, amountSats: 1 }],
    })
    cln.faults.set('splice_signed 0', error(350, true, `discarded ${other.hex}`))
    expect(await submit(cln, out())).toEqual({ type: 'taken', txid: cln.txid })
  })
})

test('a splice that is not secured after four updates, each answered, is ended', async () => {
  for (const kind of ['splice_out', 'splice_in'] as const) {
    const cln = new ScriptedCln()
    const secure = cln.call.bind(cln)
    cln.call = async (method, given, options) => {
      const answer = await secure(method, given, options)
      const { value } = z
        .object({ value: z.looseObject({}) })
        .catch({ value: {} })
        .parse(answer)
      return method === 'splice_update' && answer.ok
        ? { ok: true, value: { ...value, commitments_secured: false } }
        : answer
    }
    expect(await submit(cln, aSplice(kind))).toMatchObject({ type: 'refused', class: 'not_now' })
    expect(cln.asked.filter(({ method }) => method === 'splice_update')).toHaveLength(4)
    expect(methods(cln)).not.toContain('splice_signed')
  }
})

describe('a splice-in', () => {
  test('signs the inputs of the wallet and no others, journalled before the signatures are sent', async () => {
    const cln = new ScriptedCln()
    expect(await submit(cln, into())).toMatchObject({ type: 'taken', txid: cln.txid })
    expect(params(cln, 'fundpsbt')).toMatchObject({ satoshi: '50000sat', feerate: '1000perkw' })
    expect(params(cln, 'splice_init')).toMatchObject({ relative_amount: 50_000 })
    expect(params(cln, 'signpsbt')).toMatchObject({ signonly: [0] })
    expect(cln.steps.at(-1)).toEqual({ name: 'splice_signed', txid: cln.txid })
    expect(cln.steps.map(({ name }) => name)).not.toContain('splice_update_secured')
  })

  test('that is not signed gives its inputs back and ends the negotiation', async () => {
    for (const at of [1, 2, 3]) {
      const cln = new ScriptedCln()
      cln.journalFailsAt = at
      expect(await submit(cln, into()), `${at}`).toMatchObject({ type: 'refused', class: 'not_now' })
      expect(cln.signed).toBe(false)
      expect(cln.did.slice(-1)).toEqual(['unreserveinputs'])
      expect(cln.did).toContain('abort_channels')
    }
  })

  test('whose signatures were sent keeps its inputs reserved, whatever the answer', async () => {
    for (const fault of [lost(true), lost(false), error(362, true), error(363, true), error(-1, true)]) {
      const cln = new ScriptedCln()
      cln.faults.set('splice_signed 0', fault)
      await submit(cln, into())
      expect(methods(cln)).not.toContain('unreserveinputs')
      expect(methods(cln)).not.toContain('abort_channels')
    }
  })

  test.each([351, 358])(
    'whose splice_signed was refused before it was looked at (%i) is refused, and gives its inputs back',
    async (code) => {
      const cln = new ScriptedCln()
      cln.faults.set('splice_signed 0', error(code))
      expect(await submit(cln, into())).toMatchObject({ type: 'refused', class: 'not_now', code })
      expect(cln.did.slice(-1)).toEqual(['unreserveinputs'])
      expect(methods(cln)).not.toContain('abort_channels')
    },
  )
})

describe('a splice-in whose splice_signed ends in an abort (362) or a connection error (363)', () => {
  test.each([362, 363])('%i, and the channel is as it was: it was refused, and gives its inputs back', async (code) => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_signed 0', error(code))
    expect(await submit(cln, into())).toMatchObject({ type: 'refused', class: 'not_now', code })
    expect(cln.did.slice(-1)).toEqual(['unreserveinputs'])
  })

  test.each([362, 363])('%i, and the channel awaits a splice: our signatures may be out', async (code) => {
    const cln = new ScriptedCln()
    cln.faults.set('splice_signed 0', error(code, true))
    expect(await submit(cln, into())).toMatchObject({ type: 'unknown' })
    expect(methods(cln)).not.toContain('unreserveinputs')
  })

  test('and the channel cannot be read, or has moved: nothing is known', async () => {
    const moved = { funding_txid: 'e'.repeat(64) }
    for (const change of [moved, null]) {
      const cln = new ScriptedCln()
      cln.faults.set('splice_signed 0', error(362))
      const call = cln.call.bind(cln)
      cln.call = async (...given) => {
        const answer = await call(...given)
        if (given[0] === 'splice_signed' && change === null) cln.faults.set('listpeerchannels 1', lost(true))
        if (given[0] === 'splice_signed' && change !== null) cln.channel = { ...cln.channel, ...change }
        return answer
      }
      expect(await submit(cln, into())).toMatchObject({ type: 'unknown' })
    }
  })

  test('of a replacement, beside a signed candidate: nothing is known', async () => {
    const candidate = 'f'.repeat(64)
    const cln = new ScriptedCln({
      state: 'CHANNELD_AWAITING_SPLICE',
      inflight: [{ funding_txid: candidate, feerate: '258perkw', splice_amount: 50_000 }],
    })
    cln.faults.set('splice_signed 0', error(362))
    const node = clnNode(cln, { clock, network: 'regtest', permissions: everything })
    const bump: BumpRequest = { ...into(), attemptId: 'bump-1', txid: candidate, feeRateSatPerKw: 2_000 }
    expect(await node.bump(bump, call(), cln.journal)).toMatchObject({ type: 'unknown' })
  })
})

/** Every call of a flow, and everything that can become of it. */
const FAULTS: readonly (readonly [string, Fault])[] = [
  ...[-32602, -32601, -1, -4, 301, 302, 313, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 360, 362, 363].map(
    (code): readonly [string, Fault] => [`error ${code}`, error(code)],
  ),
  ['a lost connection after it was executed', lost(true)],
  ['a connection error after it was executed (363)', error(363, true)],
  ['an unknown error after it was executed (-1)', error(-1, true)],
  ['a lost request', lost(false)],
  ['a request that was not sent', { executed: false, fault: { type: 'not_sent', identity: false, message: 'x' } }],
  ['a server with another certificate', { executed: false, fault: { type: 'not_sent', identity: true, message: 'x' } }],
  ['a rune that was revoked', { executed: false, fault: { type: 'denied', code: 1501, message: 'x' } }],
  ['a rune whose time is over', { executed: false, fault: { type: 'denied', code: 1502, message: 'x' } }],
]
const CALLS: Readonly<Record<'splice_in' | 'splice_out', readonly string[]>> = {
  splice_out: [
    'listpeerchannels 0',
    'feerates 0',
    'addpsbtoutput 0',
    'splice_init 0',
    'splice_update 0',
    'splice_update 1',
    'splice_signed 0',
  ],
  splice_in: [
    'listpeerchannels 0',
    'feerates 0',
    'fundpsbt 0',
    'splice_init 0',
    'splice_update 0',
    'splice_update 1',
    'signpsbt 0',
    'splice_signed 0',
  ],
}

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

describe('a transaction that is not what we built is not signed', () => {
  const tampered: readonly (readonly [string, ScriptedCln['tamper']])[] = [
    [
      'another funding outpoint',
      (draft) => ({
        ...draft,
        inputs: draft.inputs.map((input) => ({ ...input, outpoint: `${'9'.repeat(64)}:0` })),
      }),
    ],
    [
      'a second input',
      (draft) => ({
        ...draft,
        inputs: [...draft.inputs, { outpoint: `${'9'.repeat(64)}:0`, amountSats: 9 }],
      }),
    ],
    [
      'an anchor of another amount',
      (draft) => ({ ...draft, inputs: draft.inputs.map((input) => ({ ...input, amountSats: 999_999 })) }),
    ],
    [
      'a smaller funding',
      (draft) => ({
        ...draft,
        outputs: draft.outputs.map((output) =>
          output.script === CLN_FUNDING_SCRIPT ? { ...output, amountSats: output.amountSats - 1 } : output,
        ),
      }),
    ],
    [
      'a smaller payout',
      (draft) => ({
        ...draft,
        outputs: draft.outputs.map((output) =>
          output.script === CLN_SCRIPT ? { ...output, amountSats: output.amountSats - 1 } : output,
        ),
      }),
    ],
    [
      'a second payout',
      (draft) => ({ ...draft, outputs: [...draft.outputs, { script: CLN_SCRIPT, amountSats: 50_000 }] }),
    ],
    ['no payout', (draft) => ({ ...draft, outputs: draft.outputs.filter(({ script }) => script !== CLN_SCRIPT) })],
    [
      'another script',
      (draft) => ({
        ...draft,
        outputs: draft.outputs.map((output) =>
          output.script === CLN_SCRIPT ? { ...output, script: `0014${'00'.repeat(20)}` } : output,
        ),
      }),
    ],
    [
      'a funding that is none',
      (draft) => ({
        ...draft,
        outputs: draft.outputs.map((output) =>
          output.script === CLN_FUNDING_SCRIPT ? { ...output, script: `0014${'00'.repeat(20)}` } : output,
        ),
      }),
    ],
  ]

  test.each(tampered)('%s after splice_init', async (_what, tamper) => {
    const cln = new ScriptedCln()
    cln.tamper = (draft, round) => (round === 0 ? tamper(draft, round) : draft)
    expect(await submit(cln, out())).toMatchObject({ type: 'refused', class: 'not_now' })
    expect(methods(cln)).not.toContain('splice_update')
    expect(cln.did).toContain('abort_channels')
  })

  test.each(tampered)('%s after the first update', async (_what, tamper) => {
    const cln = new ScriptedCln()
    cln.tamper = (draft, round) => (round === 1 ? tamper(draft, round) : draft)
    expect(await submit(cln, out())).toMatchObject({ type: 'refused', class: 'not_now' })
    expect(cln.secured).toBe(false)
  })

  test.each(tampered)('%s once it is secured: not known, and never signed by us', async (_what, tamper) => {
    const cln = new ScriptedCln()
    cln.tamper = (draft, round) => (round === 2 ? tamper(draft, round) : draft)
    expect(await submit(cln, out())).toMatchObject({ type: 'unknown' })
    expect(cln.signed).toBe(false)
    expect(methods(cln)).not.toContain('abort_channels')
  })

  test('a splice-in with less change', async () => {
    const cln = new ScriptedCln()
    cln.tamper = (draft, round) =>
      round === 2
        ? {
            ...draft,
            outputs: draft.outputs.map((output) =>
              output.script === CLN_FUNDING_SCRIPT ? output : { ...output, amountSats: output.amountSats - 1 },
            ),
          }
        : draft
    expect(await submit(cln, into())).toMatchObject({ type: 'refused' })
    expect(methods(cln)).not.toContain('signpsbt')
  })
})

describe('a fee bump', () => {
  const pending = 'f'.repeat(64)
  const standing = {
    state: 'CHANNELD_AWAITING_SPLICE',
    inflight: [{ funding_txid: pending, feerate: '500perkw', splice_amount: -50_362 }],
  }
  const aBump = (more: Partial<BumpRequest> = {}): BumpRequest => ({
    ...out(),
    txid: pending,
    feeRateSatPerKw: 1_000,
    ...more,
  })
  const bump = (cln: ScriptedCln, request: BumpRequest) =>
    clnNode(cln, { clock, network: 'regtest', permissions: everything }).bump(request, call(), cln.journal)

  test('negotiates the same splice again at the feerate asked for', async () => {
    const cln = new ScriptedCln(standing)
    expect(await bump(cln, aBump({ feeRateSatPerKw: 2_000 }))).toMatchObject({
      type: 'taken',
      txid: cln.txid,
    })
    expect(params(cln, 'splice_init')).toMatchObject({ relative_amount: -51_448, feerate_per_kw: 2_000 })
  })

  test('that would not be relayed is not sent: it would leave another signed candidate', async () => {
    const cln = new ScriptedCln(standing)
    expect(await bump(cln, aBump({ feeRateSatPerKw: 749 }))).toMatchObject({
      type: 'refused',
      class: 'invalid',
      reason: 'FeeRateTooLow',
    })
    expect(methods(cln)).not.toContain('splice_init')
  })

  test('of a candidate that is not in flight any more is not sent', async () => {
    for (const channel of [{}, { ...standing, inflight: [] }, { ...standing, state: 'CHANNELD_NORMAL' }]) {
      const cln = new ScriptedCln(channel)
      expect(await bump(cln, aBump())).toMatchObject({ type: 'refused' })
      expect(methods(cln)).toEqual(['listpeerchannels'])
    }
  })

  test.each(CALLS.splice_out.slice(3).flatMap((at) => FAULTS.map(([what, fault]) => [at, what, fault] as const)))(
    '%s, %s: nothing is aborted where a candidate is signed',
    async (at, _what, fault) => {
      const cln = new ScriptedCln(standing)
      cln.faults.set(at, fault)
      const answer = await bump(cln, aBump())
      expect(methods(cln)).not.toContain('abort_channels')
      if (answer.type === 'refused') expect(cln.secured).toBe(false)
    },
  )

  test('whose journal fails leaves the negotiation open rather than abort', async () => {
    for (const at of [0, 1, 2, 3]) {
      const cln = new ScriptedCln(standing)
      cln.journalFailsAt = at
      await bump(cln, aBump())
      expect(methods(cln)).not.toContain('abort_channels')
      expect(cln.signed).toBe(false)
    }
  })
})

test('every call of an attempt is bound to the time of the attempt', async () => {
  const cln = new ScriptedCln()
  await submit(cln, out())
  expect(new Set(cln.asked.map(({ options }) => options.until))).toEqual(new Set([NOW + 60_000]))
})

test('without a journal nothing is started', async () => {
  const cln = new ScriptedCln()
  const node = clnNode(cln, { clock, network: 'regtest', permissions: everything })
  expect(await node.submit(out(), call())).toMatchObject({ type: 'refused', class: 'not_now' })
  expect(methods(cln)).not.toContain('splice_init')
})

describe('with a rune for the plugin alone', () => {
  const plugin = { ...everything, spliceIn: false, spliceOut: false }

  test('a first splice-in is one call, journalled before it', async () => {
    const cln = new ScriptedCln()
    expect(await submit(cln, into(), plugin)).toEqual({ type: 'taken', txid: 'e'.repeat(64) })
    expect(methods(cln)).toEqual(['listpeerchannels', 'splicein'])
    expect(cln.steps).toEqual([{ name: 'splice_signed' }])
    expect(params(cln, 'splicein')).toEqual({ channel: CLN_CHANNEL, amount: '50000' })
  })

  test('nothing is asked for while a splice is pending: a failure inside would close the channel', async () => {
    const cln = new ScriptedCln({ state: 'CHANNELD_AWAITING_SPLICE' })
    expect(await submit(cln, into(), plugin)).toMatchObject({ type: 'refused' })
    expect(methods(cln)).not.toContain('splicein')
  })

  test.each([
    [-32602, 'refused'],
    [351, 'refused'],
    [355, 'refused'],
    [-1, 'unknown'],
    [-4, 'unknown'],
  ])('an error %i is %s', async (code, expected) => {
    const cln = new ScriptedCln()
    cln.faults.set('splicein 0', error(code))
    expect((await submit(cln, into(), plugin)).type).toBe(expected)
  })

  test('it pays nothing out', async () => {
    const cln = new ScriptedCln()
    expect(await submit(cln, out(), plugin)).toMatchObject({ type: 'refused', class: 'invalid' })
    expect(cln.asked).toEqual([])
  })
})
