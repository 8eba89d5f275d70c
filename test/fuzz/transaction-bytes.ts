import { Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import { FUNDING } from '../../harness/values.ts'
import { aCommitment, aSplicing } from '../../harness/transactions.ts'
import { mutatedBytes } from './hostile.ts'

/** A splice and a force-close, as they are on the wire. */
export const VALID = [aSplicing(FUNDING).hex, aCommitment(FUNDING).hex].map((hex) => Buffer.from(hex, 'hex'))

const outpoints: fc.Arbitrary<Outpoint> = fc
  .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(0xffff_ffff))
  .map(([txid, vout]) => `${Buffer.from(txid).toString('hex')}:${vout}`)
/** Bytes that are no transaction, and such as nearly are one. */
export const bytes = fc.oneof(
  ...VALID.map(mutatedBytes),
  fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
)

/** Transactions of any inputs, witnesses and outputs: as bytes they are valid. */
export const transactions = fc
  .record({
    version: fc.nat(0xffff_ffff),
    locktime: fc.nat(0xffff_ffff),
    inputs: fc.array(
      fc.record({
        outpoint: fc.oneof(outpoints, fc.constant(FUNDING)),
        sequence: fc.nat(0xffff_ffff),
        witness: fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 3 }),
        script: fc.uint8Array({ maxLength: 40 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    outputs: fc.array(
      fc.record({
        script: fc.uint8Array({ maxLength: 40 }),
        value: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ version, locktime, inputs, outputs }) => {
    const tx = new Transaction()
    tx.version = version
    tx.locktime = locktime
    for (const { outpoint, sequence, witness, script } of inputs) {
      const hash = Buffer.from(outpoint.slice(0, 64), 'hex').reverse()
      tx.addInput(hash, Number(outpoint.slice(65)), sequence, Buffer.from(script))
      tx.setWitness(
        tx.ins.length - 1,
        witness.map((each) => Buffer.from(each)),
      )
    }
    for (const { script, value } of outputs) tx.outs.push({ script: Buffer.from(script), value })
    return tx
  })
