import { readFileSync } from 'node:fs'
import { address as codec } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { decodeAddress } from '../../../core/bitcoin/address.ts'
import { Network } from '../../../core/bitcoin/network.ts'

const Fixtures = z.strictObject({
  valid: z.array(
    z.strictObject({
      why: z.string(),
      network: Network,
      address: z.string(),
      canonical: z.string().optional(),
      type: z.string(),
      script: z.string(),
      dustLimitSats: z.int(),
    }),
  ),
  invalid: z.array(z.strictObject({ why: z.string(), network: Network, address: z.string(), code: z.string() })),
})

const path = new URL('../../fixtures/addresses.json', import.meta.url)
const fixtures = Fixtures.parse(JSON.parse(readFileSync(path, 'utf8')))

describe('decodeAddress', () => {
  test.each(fixtures.valid)('pays $why', ({ network, address, canonical, type, script, dustLimitSats }) => {
    expect(decodeAddress(address, network)).toEqual({
      ok: true,
      value: { address: canonical ?? address, type, script, dustLimitSats },
    })
  })

  test.each(fixtures.invalid)('refuses $why', ({ network, address, code }) => {
    expect(decodeAddress(address, network)).toMatchObject({ ok: false, error: { code } })
  })

  test.each([
    [1, false],
    [2, true],
    [40, true],
    [41, false],
  ])('a witness program of %i bytes, of a version without rules yet: pays it, %s', (length, pays) => {
    const written = codec.toBech32(Buffer.alloc(length, 7), 16, 'bcrt')
    const script = `60${length.toString(16).padStart(2, '0')}${'07'.repeat(length)}`
    expect(decodeAddress(written, 'regtest')).toMatchObject(
      pays
        ? { ok: true, value: { type: 'witness_unknown', script } }
        : { ok: false, error: { code: 'address_invalid' } },
    )
  })

  test('never repeats the address in what it says', () => {
    for (const { network, address } of fixtures.invalid.filter((fixture) => fixture.address !== '')) {
      const decoded = decodeAddress(address, network)
      expect(decoded.ok ? '' : decoded.error.message).not.toContain(address)
    }
  })
})
