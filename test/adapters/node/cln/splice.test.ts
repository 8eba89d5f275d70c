import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { clnNode } from '../../../../adapters/node/cln/node.ts'
import type { BumpRequest } from '../../../../core/ports/node.ts'
import {
  CLN_ANCHOR,
  CLN_CHANNEL,
  CLN_SCRIPT,
  ScriptedCln,
  error,
  lost,
  transactionOf,
} from '../../../../harness/nodes/scripted-cln.ts'
import { NOW, aSplice, call, clock, everything, into, methods, out, params, submit } from './submission.ts'

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
