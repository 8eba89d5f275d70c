import { Transaction } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import {
  addsCapacity,
  fundingInputs,
  fundingOutputs,
  isCommitment,
  parseTransaction,
  paysExactly,
  spends,
  withinSurplus,
} from '../../../core/bitcoin/transaction.ts'
import { aTxid, FUNDING } from '../../../harness/values.ts'
import { aCommitment, aSplicing, aTransaction, P2WPKH, P2WSH } from '../../../harness/transactions.ts'

const P2TR = `5120${'ef'.repeat(32)}`
const OTHER = `${aTxid('9')}:1`

describe('what is not a transaction is not read as one', () => {
  const { hex } = aSplicing(FUNDING)
  test.each([
    ['nothing', ''],
    ['no hex', 'splice'],
    ['a hash', aTxid('a')],
    ['cut short by a byte', hex.slice(0, -2)],
    ['cut short by half a byte', hex.slice(0, -1)],
    ['with a byte too many', `${hex}00`],
    ['with something else behind it', `${hex}\n`],
    ['cut in half', hex.slice(0, hex.length / 2)],
  ])('%s', (_says, text) => expect(parseTransaction(text)).toBeNull())

  test('its txid is computed from its bytes, with the witness left out', () => {
    const witness = [Buffer.alloc(64, 1)]
    const parsed = parseTransaction(aTransaction({ inputs: [{ outpoint: FUNDING, witness }] }).hex)
    expect(parsed?.txid).toBe(aTransaction({ inputs: [{ outpoint: FUNDING }] }).txid)
    expect(parsed?.inputs[0]?.outpoint).toBe(FUNDING)
    expect(parsed?.inputs[0]?.witness).toHaveLength(1)
  })

  test('its weight counts a byte of the witness once and any other four times', () => {
    const tx = Transaction.fromHex(hex)
    expect(parseTransaction(hex)?.weight).toBe(tx.byteLength(false) * 3 + tx.byteLength(true))
  })
})

describe('whom a transaction spends', () => {
  const { parsed } = aTransaction({ inputs: [{ outpoint: OTHER }, { outpoint: FUNDING }] })
  test.each([
    ['one of its inputs', FUNDING, true],
    ['another output of the same transaction', `${aTxid('a')}:1`, false],
    ['the same index of another transaction', `${aTxid('8')}:0`, false],
  ])('%s', (_says, outpoint, expected) => expect(spends(parsed, outpoint)).toBe(expected))
})

describe('a splice-out is an output of exactly our script and amount', () => {
  const pays = (outputs: { script: string; amountSats: number }[]): boolean =>
    paysExactly(aTransaction({ inputs: [{ outpoint: FUNDING }], outputs }).parsed, P2WPKH, 50_000)
  const exact = { script: P2WPKH, amountSats: 50_000 }
  const funding = { script: P2WSH, amountSats: 50_000 }
  test.each([
    ['exactly', [exact], true],
    ['among others', [funding, exact], true],
    ['a satoshi less', [{ ...exact, amountSats: 49_999 }], false],
    ['a satoshi more', [{ ...exact, amountSats: 50_001 }], false],
    ['another script', [funding], false],
    ['script and amount in two outputs', [funding, { ...exact, amountSats: 1_000 }], false],
    ['in two parts', [25_000, 25_000].map((amountSats) => ({ ...exact, amountSats })), false],
  ])('%s', (_says, outputs, expected) => expect(pays(outputs)).toBe(expected))
})

describe('a force-close is known by the form of a commitment', () => {
  const form = (locktime: number, sequence: number, outpoint = FUNDING): boolean => {
    const inputs = [
      { outpoint: OTHER, sequence: 0x80_00_00_00 },
      { outpoint, sequence },
    ]
    return isCommitment(aTransaction({ inputs, locktime }).parsed, FUNDING)
  }
  test.each([
    ['both bytes', 0x20_00_00_00, 0x80_00_00_00, true],
    ['both bytes, all else set', 0x20_ff_ff_ff, 0x80_ff_ff_ff, true],
    ['a lower byte in the locktime', 0x1f_ff_ff_ff, 0x80_00_00_00, false],
    ['a higher byte in the locktime', 0x21_00_00_00, 0x80_00_00_00, false],
    ['a lower byte in the sequence', 0x20_00_00_00, 0x7f_ff_ff_ff, false],
    ['a higher byte in the sequence', 0x20_00_00_00, 0x81_00_00_00, false],
    ['an ordinary transaction', 0, 0xff_ff_ff_fd, false],
  ])('%s', (_says, locktime, sequence, expected) => expect(form(locktime, sequence)).toBe(expected))

  test('of another outpoint it is none', () => {
    expect(form(0x20_00_00_00, 0x80_00_00_00, `${aTxid('8')}:0`)).toBe(false)
    expect(isCommitment(aCommitment(OTHER).parsed, FUNDING)).toBe(false)
  })
})

describe('a splice-in shows in the capacity', () => {
  const adds = (amountSats: number, script = P2WSH): boolean => {
    const outputs = [
      { script: P2WPKH, amountSats: 150_000 },
      { script, amountSats },
    ]
    return addsCapacity(aTransaction({ inputs: [{ outpoint: FUNDING }], outputs }).parsed, 100_000, 50_000)
  }
  test.each([
    [149_999, false],
    [150_000, true],
    [150_330, true],
    [150_331, false],
  ])('a capacity of %i after 100000, for 50000', (amountSats, expected) => {
    expect(adds(amountSats)).toBe(expected)
    expect(adds(amountSats, P2TR)).toBe(expected)
    expect(adds(amountSats, P2WPKH)).toBe(false)
  })

  test.each([
    [-1, false],
    [0, true],
    [330, true],
    [331, false],
  ])('a surplus of %i sat', (surplus, expected) => expect(withinSurplus(50_000 + surplus, 50_000)).toBe(expected))
})

test('only outputs that can fund a channel count, with their place among all outputs', () => {
  const outputs = [P2WPKH, P2WSH, `0020${'ab'.repeat(31)}`, P2TR, `0014${'ab'.repeat(32)}`].map((script, n) => ({
    script,
    amountSats: 1_000 + n,
  }))
  expect(fundingOutputs(aTransaction({ inputs: [{ outpoint: FUNDING }], outputs }).parsed)).toEqual([
    { vout: 1, amountSats: 1_001, script: P2WSH },
    { vout: 3, amountSats: 1_003, script: P2TR },
  ])
})

describe('where a walk back may go on: inputs that spend a funding', () => {
  const twoOfTwo = (length = 71, change: Readonly<Record<number, number>> = {}): Uint8Array => {
    const script = Buffer.alloc(length, 0x21)
    const bytes = { 0: 0x52, [length - 2]: 0x52, [length - 1]: 0xae, ...change }
    for (const [at, byte] of Object.entries(bytes)) script[Number(at)] = byte
    return script
  }
  const signature = (length: number): Uint8Array => Buffer.alloc(length, 1)
  const legs = [Buffer.alloc(0), signature(71), signature(71)]
  test.each<[string, Uint8Array[], boolean]>([
    ['a 2-of-2', [...legs, twoOfTwo()], true],
    ['a script that is too short', [...legs, twoOfTwo(70)], false],
    ['a script that is too long', [...legs, twoOfTwo(72)], false],
    ['a script that goes on behind it', [...legs, twoOfTwo(72, { 69: 0x52, 70: 0xae })], false],
    ['a 1-of-2', [...legs, twoOfTwo(71, { 0: 0x51 })], false],
    ['a 2-of-3', [...legs, twoOfTwo(71, { 69: 0x53 })], false],
    ['no multisig', [...legs, twoOfTwo(71, { 70: 0xac })], false],
    ['a taproot key spend', [signature(64)], true],
    ['a taproot key spend with a sighash', [signature(65)], true],
    ['a signature that is too short', [signature(63)], false],
    ['a signature that is too long', [signature(66)], false],
    ['a public key hash', [signature(64), Buffer.alloc(33, 2)], false],
    ['no witness', [], false],
  ])('%s', (_says, witness, expected) => {
    const { parsed } = aTransaction({ inputs: [{ outpoint: OTHER }, { outpoint: FUNDING, witness }] })
    expect(fundingInputs(parsed)).toEqual(expected ? [FUNDING] : [])
  })

  const inputs = [
    { outpoint: FUNDING, witness: [...legs, twoOfTwo()] },
    { outpoint: OTHER, witness: [signature(64)] },
  ]
  test.each([
    ['not known', null, [FUNDING, OTHER]],
    ['a 2-of-2', P2WSH, [FUNDING]],
    ['a taproot key', P2TR, [OTHER]],
    ['something that funds no channel', P2WPKH, []],
  ])('only those of the kind of the funding that they led to: %s', (_says, script, expected) => {
    expect(fundingInputs(aTransaction({ inputs }).parsed, script)).toEqual(expected)
  })
})
