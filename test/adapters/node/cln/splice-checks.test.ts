import { describe, expect, test } from 'vitest'
import { clnNode } from '../../../../adapters/node/cln/node.ts'
import type { BumpRequest } from '../../../../core/ports/node.ts'
import { CLN_FUNDING_SCRIPT, CLN_SCRIPT, ScriptedCln } from '../../../../harness/nodes/scripted-cln.ts'
import { CALLS, FAULTS } from './faults.ts'
import { call, clock, everything, into, methods, out, params, submit } from './submission.ts'

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
