import { Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addsCapacity,
  fundingInputs,
  fundingOutputs,
  isCommitment,
  parseTransaction,
  paysExactly,
  spends,
  type ParsedTransaction,
} from '../../core/bitcoin/transaction.ts'
import { FUNDING } from '../../harness/values.ts'
import { P2WPKH } from '../../harness/transactions.ts'
import { hostileStrings } from './hostile.ts'
import { VALID, bytes, transactions } from './transaction-bytes.ts'

const runs = (seed: number, numRuns: number) => ({ seed, numRuns })
/** Asks everything that core asks of a transaction; what throws fails the property. */
function askAll(tx: ParsedTransaction): void {
  expect(spends(tx, `${'0'.repeat(64)}:1`)).toBeTypeOf('boolean')
  expect(paysExactly(tx, P2WPKH, 1)).toBeTypeOf('boolean')
  expect(isCommitment(tx, tx.inputs[0]?.outpoint ?? FUNDING)).toBeTypeOf('boolean')
  expect(addsCapacity(tx, 1, 1)).toBeTypeOf('boolean')
  expect(fundingOutputs(tx).every(({ vout }) => vout < tx.outputs.length)).toBe(true)
  const own = tx.inputs.map((input) => input.outpoint)
  for (const script of [null, P2WPKH, '5120', '0020', ''])
    expect(own).toEqual(expect.arrayContaining(fundingInputs(tx, script)))
}

describe('what is read as a transaction', () => {
  test('is nothing or a whole transaction whose txid comes from its bytes, whatever the bytes are', () => {
    fc.assert(
      fc.property(bytes, (raw) => {
        const parsed = parseTransaction(raw.toString('hex'))
        if (parsed === null) return
        expect(parsed.txid).toBe(Transaction.fromBuffer(raw).getId())
        expect(parsed.txid).toMatch(/^[0-9a-f]{64}$/)
        expect(parsed.weight).toBeGreaterThan(0)
        for (const { amountSats } of parsed.outputs) expect(Number.isFinite(amountSats)).toBe(true)
        askAll(parsed)
      }),
      runs(1, 3_000),
    )
  })

  test('is nothing where the text does not begin with hex', () => {
    const [hex = ''] = VALID.map((raw) => raw.toString('hex'))
    const texts = fc.tuple(hostileStrings, fc.boolean()).map(([text, whole]) => text + (whole ? hex : ''))
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseTransaction(text)
        if (parsed !== null) expect(text).toMatch(/^[0-9a-f]{20}/i)
      }),
      runs(2, 500),
    )
  })

  test('is nothing where anything that is no hex comes after it', () => {
    const [hex = ''] = VALID.map((raw) => raw.toString('hex'))
    expect(parseTransaction(`${hex} and more`)).toBeNull()
  })

  test('has every input, output, sequence, witness and amount that was put in', () => {
    fc.assert(
      fc.property(transactions, (tx) => {
        const parsed = parseTransaction(tx.toHex())
        expect(parsed).toMatchObject({ txid: tx.getId(), weight: tx.weight(), locktime: tx.locktime })
        expect(parsed?.inputs.map(({ sequence, witness }) => ({ sequence, witness: witness.length }))).toEqual(
          tx.ins.map(({ sequence, witness }) => ({ sequence, witness: witness.length })),
        )
        expect(parsed?.outputs.map(({ amountSats }) => amountSats)).toEqual(tx.outs.map(({ value }) => Number(value)))
        if (parsed !== null) askAll(parsed)
      }),
      runs(3, 500),
    )
  })

  test('keeps its txid while its witness changes', () => {
    fc.assert(
      fc.property(transactions, fc.uint8Array({ minLength: 1, maxLength: 80 }), (tx, witness) => {
        const other = tx.clone()
        other.setWitness(0, [Buffer.from(witness)])
        expect(parseTransaction(other.toHex())?.txid).toBe(tx.getId())
      }),
      runs(4, 200),
    )
  })
})

describe('reading is linear', () => {
  /** The least processor time of several runs, in microseconds: what else runs on the machine does not count. */
  const costOf = (run: () => unknown): number =>
    Math.min(
      ...[1, 2, 3, 4, 5].map(() => {
        const before = process.cpuUsage()
        run()
        const { user, system } = process.cpuUsage(before)
        return user + system
      }),
    )

  const withOutputs = (count: number): string => {
    const tx = new Transaction()
    tx.addInput(Buffer.alloc(32, 1), 0)
    for (let n = 0; n < count; n++) tx.addOutput(Buffer.from(`0020${'11'.repeat(32)}`, 'hex'), 1n)
    return tx.toHex()
  }
  const read = (hex: string) => fundingOutputs(parseTransaction(hex) ?? never())

  test('sixteen thousand outputs at once cost less than four times what they cost a thousand at a time', () => {
    const [small, large] = [withOutputs(1_000), withOutputs(16_000)]
    const parts = () => Array.from({ length: 16 }, () => read(small))
    parts()
    expect(costOf(() => read(large))).toBeLessThan(4 * costOf(parts))
  })

  test.each([
    ['inputs', 'fd'],
    ['inputs', 'fe'],
    ['inputs', 'ff'],
  ])('a count of %s that the bytes cannot hold, written with %s, costs nothing', (_, prefix) => {
    const hex = `02000000${prefix}${'ff'.repeat(prefix === 'fd' ? 2 : prefix === 'fe' ? 4 : 7)}1f${'00'.repeat(60)}`
    const large = withOutputs(16_000)
    expect(costOf(() => expect(parseTransaction(hex)).toBeNull())).toBeLessThan(costOf(() => read(large)))
  })
})

function never(): never {
  throw new Error('it is a transaction')
}
