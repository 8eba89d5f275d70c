import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { feeSats, fittedRate, isUnder, outputWeight, SHARED_WEIGHT } from '../../../../adapters/node/cln/fees.ts'
import { readPsbt } from '../../../../adapters/node/cln/psbt.ts'
import { objectionTo } from '../../../../adapters/node/cln/verification.ts'
import { parseTransaction } from '../../../../core/bitcoin/transaction.ts'

const Call = z.object({
  method: z.string(),
  params: z.looseObject({ relative_amount: z.number().optional() }),
  result: z.object({
    psbt: z.string().optional(),
    signed_psbt: z.string().optional(),
    tx: z.string().optional(),
    txid: z.string().optional(),
  }),
})
const Recorded = z.object({ out: z.array(Call), in: z.array(Call) })

/** What a real node answered along two low-level splices. */
const recorded = Recorded.parse(
  JSON.parse(readFileSync(new URL('../../../fixtures/cln/low-level.json', import.meta.url), 'utf8')),
)
const named = (kind: 'out' | 'in', method: string) => recorded[kind].filter((call) => call.method === method)
const psbtOf = (kind: 'out' | 'in', method: string, nth = 0): string => {
  const result = named(kind, method)[nth]?.result
  return result?.psbt ?? result?.signed_psbt ?? ''
}
const signed = (kind: 'out' | 'in') => {
  const { tx = '', txid = '' } = named(kind, 'splice_signed')[0]?.result ?? {}
  return { parsed: parseTransaction(tx), txid }
}

describe.each(['out', 'in'] as const)('the PSBTs of a real splice, %s', (kind) => {
  test('have the txid of the transaction that was signed in the end, from the first update on', () => {
    const { txid } = signed(kind)
    expect(txid).toHaveLength(64)
    for (const nth of [0, 1]) expect(readPsbt(psbtOf(kind, 'splice_update', nth))?.txid).toBe(txid)
    expect(readPsbt(psbtOf(kind, 'splice_signed'))?.txid).toBe(txid)
  })

  test('have its inputs and outputs', () => {
    const read = readPsbt(psbtOf(kind, 'splice_update', 1))
    const { parsed } = signed(kind)
    expect(read?.outputs).toEqual(parsed?.outputs)
    expect(read?.inputs.map(({ outpoint }) => outpoint)).toEqual(parsed?.inputs.map(({ outpoint }) => outpoint))
    expect(read?.inputs.every(({ amountSats }) => (amountSats ?? 0) > 0)).toBe(true)
  })

  test('pass the check before they are signed, and no other amount does', () => {
    const own = readPsbt(psbtOf(kind, kind === 'out' ? 'addpsbtoutput' : 'fundpsbt'))
    const tx = readPsbt(psbtOf(kind, 'splice_update', 1))
    if (own === null || tx === null) throw new Error('unreadable')
    const ours = own.inputs.map(({ outpoint, amountSats }) => ({ outpoint, amountSats: amountSats ?? 0 }))
    const submittedOn = tx.inputs.find(({ outpoint }) => ours.every((input) => input.outpoint !== outpoint))
    const relativeSats = named(kind, 'splice_init')[0]?.params.relative_amount ?? 0
    const expected = {
      submittedOn: submittedOn?.outpoint ?? '',
      capacitySats: submittedOn?.amountSats ?? 0,
      relativeSats,
      inputs: ours,
      outputs: own.outputs,
    }
    expect(objectionTo(tx, expected)).toBeNull()
    expect(objectionTo(tx, { ...expected, relativeSats: relativeSats + 1 })).toContain('another amount')
    expect(objectionTo(tx, { ...expected, capacitySats: expected.capacitySats + 1 })).not.toBeNull()
    expect(objectionTo(tx, { ...expected, outputs: [] })).not.toBeNull()
    expect(objectionTo(tx, { ...expected, submittedOn: `${'0'.repeat(64)}:0` })).not.toBeNull()
  })
})

test('an output of a splice-out alone is read, without an input', () => {
  expect(readPsbt(psbtOf('out', 'addpsbtoutput'))).toMatchObject({
    inputs: [],
    outputs: [{ amountSats: 95_000 }],
  })
})

describe('what is no PSBT is not read as one', () => {
  const real = psbtOf('out', 'splice_update', 1)
  const bytes = Buffer.from(real, 'base64')

  test.each(['', 'cHNidP8=', 'nonsense!', 'A'.repeat(5_000_000)])('%.20j', (text) => {
    expect(readPsbt(text)).toBeNull()
  })

  test('nor one that is cut anywhere, or has something after it', () => {
    for (let length = 0; length < bytes.length; length += 7)
      expect(readPsbt(bytes.subarray(0, length).toString('base64')), `${length}`).toBeNull()
    expect(readPsbt(Buffer.concat([bytes, Buffer.from([1])]).toString('base64'))).toBeNull()
    expect(readPsbt(Buffer.concat([bytes, Buffer.from([0])]).toString('base64'))).toBeNull()
  })

  test('one with a flipped byte is unreadable, or another transaction, or the same one', () => {
    const { txid, outputs } = readPsbt(real) ?? {}
    for (let at = 5; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 0x01
      const read = readPsbt(flipped.toString('base64'))
      // The txid commits to what is paid to whom: never the same for another payment.
      if (read?.txid === txid) expect(read?.outputs, `${at}`).toEqual(outputs)
    }
  })
})

describe('what a splice costs', () => {
  test('is what the node computed for a splice-out to its wallet: 199 sat at 258 sat/kw', () => {
    const weight = SHARED_WEIGHT + outputWeight(`5120${'0'.repeat(64)}`)
    expect(feeSats(weight, 258)).toBe(200)
    expect(feeSats(weight, 258) - 199).toBeLessThanOrEqual(1)
  })

  test('is never measured above the ceiling: what weighs less pays a higher rate', () => {
    const actual = signed('out').parsed?.weight ?? 0
    const weight = SHARED_WEIGHT + outputWeight(`5120${'0'.repeat(64)}`)
    expect(actual).toBeGreaterThan(0)
    for (let ceiling = 260; ceiling < 30_000; ceiling += 37) {
      const rate = fittedRate(ceiling, { maxFeeRateSatPerKw: ceiling, maxFeeSats: null })
      if (rate === null) continue
      const fee = feeSats(weight, rate)
      if (!isUnder(fee, weight, { maxFeeRateSatPerKw: ceiling, maxFeeSats: null })) continue
      expect(Math.floor((fee * 1_000) / actual), `${ceiling}`).toBeLessThanOrEqual(ceiling)
    }
  })

  test('is refused above a ceiling, of the feerate or of the fee', () => {
    expect(fittedRate(1_001, { maxFeeRateSatPerKw: 1_000, maxFeeSats: null })).toBeNull()
    expect(fittedRate(1_001, { maxFeeRateSatPerKw: null, maxFeeSats: 1 })).toBe(1_001)
    expect(isUnder(101, 1_000, { maxFeeRateSatPerKw: null, maxFeeSats: 100 })).toBe(false)
    expect(isUnder(100, 1_000, { maxFeeRateSatPerKw: null, maxFeeSats: 100 })).toBe(true)
  })

  test('fits at a ceiling that is the estimate itself, most of the time', () => {
    const rate = fittedRate(1_000, { maxFeeRateSatPerKw: 1_000, maxFeeSats: null })
    expect(rate).toBe(979)
    expect(isUnder(feeSats(724, 979), 724, { maxFeeRateSatPerKw: 1_000, maxFeeSats: null })).toBe(true)
  })
})
