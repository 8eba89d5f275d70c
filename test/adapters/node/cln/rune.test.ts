import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { permissionsOf } from '../../../../adapters/node/cln/permission.ts'
import { allows, decodeRune, restricted, until, type Rune } from '../../../../adapters/node/cln/rune.ts'
import { continueSha256, paddingAfter } from '../../../../adapters/node/cln/sha256.ts'
import { runeOf } from '../../../../harness/nodes/cln-rune.ts'

const decoded = (text: string): Rune => {
  const rune = decodeRune(text)
  if (rune === null) throw new Error(`${text} is no rune`)
  return rune
}

/** Of the public test vectors of the project `runes` (tests/test_vectors.csv): the secret is 16 bytes of zero. */
const MASTER = 'N0cI__dxndWXnsh11WzSKG9tPPfsMXo7JWMqqyjsN7s='
const VECTORS: readonly (readonly [restriction: string, from: string, expected: string])[] = [
  ['=1', MASTER, 'YDVzGiy7Aiy-tnZFqg-KJmU9jMRU4OCH1NGdKCuNpL09MQ=='],
  ['=2-1', MASTER, 'RSB3NAfJZYZGMm_f_mhf-8PIY5oIDa5DELNxgwogXPE9Mi0x'],
  ['f1!', MASTER, 'ZKkmtxhdfPmOEKB9_E6D0qgmiW69sRKslkVm-i1QtGRmMSE='],
  ['f1=v1', MASTER, 'dFxuOc1B7p-DiK-K2IK65O5Oj2s3P3aCzGTYV0VR-l9mMT12MQ=='],
  ['f1<1', MASTER, '-XdttU-1TI3WryCmWg8hCnUqDuTRsKDn_Z1-9lr3b4RmMTwx'],
  ['f1=1|f2=3', MASTER, 'hcNkPcEC8KDW8g7rjClAkhUWiPrkHvfI7HJyqyORg3ZmMT0xfGYyPTM='],
  [
    'f3~v1',
    'hcNkPcEC8KDW8g7rjClAkhUWiPrkHvfI7HJyqyORg3ZmMT0xfGYyPTM=',
    'Ht9AaOKwseTgdeZnUcLT9cn8RRXRFPh15txuPmcE76lmMT0xfGYyPTMmZjN-djE=',
  ],
]

describe('a rune is restricted without its node', () => {
  test.each(VECTORS)('by %s as the public vectors say', (restriction, from, expected) => {
    expect(restricted(decoded(from), restriction)).toBe(expected)
  })

  test('after restrictions of any length as their issuer computes it', () => {
    for (let length = 0; length < 200; length++) {
      const first = `f=${'x'.repeat(length)}`
      const rune = decoded(runeOf([first]))
      expect(until(rune, 1_700_000_000_999), `${length}`).toBe(runeOf([first, 'time<1700000000']))
    }
  })
})

test.each(['', 'abc', '!!!!', MASTER.slice(0, 40), Buffer.from('x'.repeat(40)).toString('base64url')])(
  'what is no rune is not read as one: %j',
  (text) => {
    expect(decodeRune(text)).toBeNull()
  },
)

test('a hash goes on from a state as if it had been made at once', () => {
  for (const length of [0, 1, 54, 55, 56, 63, 64, 119, 120, 1_000]) {
    const message = Buffer.alloc(length, 'splice')
    const start = Buffer.from('6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19', 'hex')
    const digest = continueSha256(start, Buffer.concat([message, paddingAfter(length)]))
    expect(digest.toString('hex'), `${length}`).toBe(createHash('sha256').update(message).digest('hex'))
  }
})

const LOW_LEVEL =
  'method=getinfo|method=listpeerchannels|method=feerates|method=listfunds|method=listchannels|method=addpsbtoutput|' +
  'method=fundpsbt|method=signpsbt|method=unreserveinputs|method=splice_init|method=splice_update|method=splice_signed|' +
  'method=abort_channels|method=newaddr|method=connect'

describe('what a rune allows is read from it', () => {
  test('the one of the documentation allows all we do, and nothing else', () => {
    const rune = decoded(runeOf([LOW_LEVEL]))
    expect(permissionsOf(rune)).toMatchObject({
      spliceIn: true,
      spliceOut: true,
      abort: true,
      pluginSpliceIn: false,
      warnings: [],
    })
  })

  test('one without restrictions is warned about', () => {
    const { warnings } = permissionsOf(decoded(runeOf([])))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('too powerful')
    expect(warnings[0]).toContain('withdraw')
  })

  test('one for `splicein` alone splices in and not out', () => {
    const reads = 'method=getinfo|method=listpeerchannels|method=feerates|method=listfunds|method=listchannels'
    const can = permissionsOf(decoded(runeOf([`${reads}|method=splicein`])))
    expect(can).toMatchObject({ spliceIn: false, spliceOut: false, pluginSpliceIn: true })
    expect(can.warnings.join()).toContain('no splice-out')
  })

  test('a condition on anything but the method is left to the node', () => {
    const rune = decoded(runeOf(['method^list|method=getinfo', 'time<5', 'pnamechannel_id=aa', 'rate=1']))
    expect(allows(rune, 'listpeerchannels')).toBe(true)
    expect(allows(rune, 'getinfo')).toBe(true)
    expect(allows(rune, 'withdraw')).toBe(false)
  })

  test.each([
    ['method/close', 'close', false],
    ['method/close', 'pay', true],
    ['method$info', 'getinfo', true],
    ['method~psbt', 'fundpsbt', true],
    ['method~psbt', 'getinfo', false],
    ['method!', 'getinfo', false],
    ['method#no matter', 'getinfo', true],
    ['method<5', 'getinfo', false],
    ['method{h', 'getinfo', true],
    ['method}h', 'getinfo', false],
  ])('%s and %s', (restriction, method, expected) => {
    expect(allows(decoded(runeOf([restriction])), method)).toBe(expected)
  })
})
