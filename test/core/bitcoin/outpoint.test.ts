import { expect, test } from 'vitest'
import { Outpoint, outpointOf, splitOutpoint, Txid } from '../../../core/bitcoin/outpoint.ts'
import { aTxid } from '../../../harness/values.ts'

test.each([
  [`${aTxid('a')}:0`, true],
  [`${aTxid('0')}:4294967295`, true],
  [`${aTxid('a')}:`, false],
  [`${aTxid('a')}:-1`, false],
  [`${aTxid('a')}:12345678901`, false],
  [`${aTxid('a')}:0 `, false],
  [`${aTxid('a')}:x`, false],
  [` ${aTxid('a')}:0`, false],
  [`${aTxid('a')}a:0`, false],
  [`${aTxid('A')}:0`, false],
  [`${aTxid('g')}:0`, false],
  [aTxid('a'), false],
])('%s is an outpoint: %s', (text, expected) => expect(Outpoint.safeParse(text).success).toBe(expected))

test.each([
  [aTxid('a'), true],
  [aTxid('9'), true],
  [`${aTxid('a')}a`, false],
  [aTxid('a').slice(1), false],
  [aTxid('A'), false],
  [`x${aTxid('a')}`, false],
])('%s is a txid: %s', (text, expected) => expect(Txid.safeParse(text).success).toBe(expected))

test('an outpoint is taken apart into what it was made of', () => {
  for (const vout of [0, 7, 4_294_967_295])
    expect(splitOutpoint(outpointOf(aTxid('b'), vout))).toEqual({ txid: aTxid('b'), vout })
})
