import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { decodePsbt, encodePsbt, transactionOf, type Psbt } from '../../../simulator/cln/psbt.ts'
import { finalised } from '../../../simulator/cln/splice-psbt.ts'

/** PSBTs of a real node (Core Lightning 26.06.6, regtest): a splice-out in version 2, a splice-in in version 0. */
const Captured = z.object({
  spliceOut: z.object({ secured: z.string(), tx: z.string(), txid: z.string(), psbt: z.string() }),
  spliceIn: z.object({ secured: z.string(), txid: z.string() }),
})
const fixture = new URL('../../fixtures/cln-psbts.json', import.meta.url)
const { spliceOut, spliceIn } = Captured.parse(JSON.parse(readFileSync(fixture, 'utf8')))

function read(base64: string): Psbt {
  const psbt = decodePsbt(base64)
  if (psbt === null) throw new Error('no PSBT')
  return psbt
}

describe('a PSBT of a real node', () => {
  test.each([
    ['splice-out', 2, spliceOut],
    ['splice-in', 0, spliceIn],
  ] as const)(
    'for a %s is version %i, is read and written the same, and has its txid',
    (_, version, { secured, txid }) => {
      const psbt = read(secured)
      expect(psbt.version).toBe(version)
      expect(encodePsbt(psbt)).toBe(secured)
      expect(transactionOf(psbt).getId()).toBe(txid)
    },
  )

  test('becomes, with the signatures in it, the transaction and the PSBT that the node answered', () => {
    const complete = finalised(read(spliceOut.secured))
    expect(complete?.tx.toHex()).toBe(spliceOut.tx)
    expect(complete === null ? null : encodePsbt(complete.psbt)).toBe(spliceOut.psbt)
  })

  test('is not complete while the wallet has not signed', () => {
    expect(finalised(read(spliceIn.secured))).toBeNull()
  })
})

describe('what is no PSBT', () => {
  const bytes = Buffer.from(spliceOut.secured, 'base64')

  test.each([
    ['nothing', ''],
    ['another base64', 'AAAA'],
    ['no base64', `${spliceOut.secured}!`],
    ['only a magic', bytes.subarray(0, 5).toString('base64')],
    ['a map too few', bytes.subarray(0, bytes.length - 1).toString('base64')],
    ['a map too many', Buffer.concat([bytes, Buffer.from([0])]).toString('base64')],
  ])('is refused: %s', (_, text) => {
    expect(decodePsbt(text)).toBeNull()
  })

  test('is refused wherever it is cut off', () => {
    for (let length = 0; length < bytes.length; length += 7)
      expect(decodePsbt(bytes.subarray(0, length).toString('base64'))).toBeNull()
  })
})
