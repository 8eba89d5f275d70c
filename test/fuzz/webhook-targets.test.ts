import { once } from 'node:events'
import { createServer } from 'node:net'
import type { LookupAddress } from 'node:dns'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkedLookup } from '../../adapters/webhook/lookup.ts'
import { webhookSender } from '../../adapters/webhook/sender.ts'
import { isPublicAddress, targetProblem, targetRules } from '../../adapters/webhook/target.ts'
import { hostileStrings } from './hostile.ts'

const everybody = targetRules(false)
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** First and last of what is no host of the public internet, written here once more, as numbers. */
const INNER: readonly (readonly [number, number])[] = [
  [0x00000000, 0x00ffffff],
  [0x0a000000, 0x0affffff],
  [0x64400000, 0x647fffff],
  [0x7f000000, 0x7fffffff],
  [0xa83f8110, 0xa83f8110],
  [0xa9fe0000, 0xa9feffff],
  [0xac100000, 0xac1fffff],
  [0xc0000000, 0xc00000ff],
  [0xc0000200, 0xc00002ff],
  [0xc0586300, 0xc05863ff],
  [0xc0a80000, 0xc0a8ffff],
  [0xc6120000, 0xc613ffff],
  [0xc6336400, 0xc63364ff],
  [0xcb007100, 0xcb0071ff],
  [0xe0000000, 0xffffffff],
]
const isInner = (address: number): boolean => INNER.some(([first, last]) => first <= address && address <= last)

const bytesOf = (address: number): number[] => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff)
const dotted = (address: number): string => bytesOf(address).join('.')
const octal = (byte: number): string => `0${byte.toString(8)}`
const hex = (byte: number): string => `0x${byte.toString(16)}`
const halves = (address: number): string => `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`

/** Every way to write an IPv4 address that the URL standard, or a socket, takes for it. */
const SPELLINGS: readonly ((address: number) => string)[] = [
  dotted,
  (address) => `${dotted(address)}.`,
  String,
  (address) => `0x${address.toString(16)}`,
  (address) => `0${address.toString(8)}`,
  (address) => bytesOf(address).map(octal).join('.'),
  (address) => bytesOf(address).map(hex).join('.'),
  (address) => `${address >>> 24}.${address & 0xffffff}`,
  (address) => `${address >>> 24}.${hex((address >>> 16) & 0xff)}.${address & 0xffff}`,
  (address) => dotted(address).replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  (address) => dotted(address).replaceAll('.', '\u3002'),
  (address) => dotted(address).replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
]
/** The same as IPv6, inside of which any IPv4 may hide. */
const CLOTHES: readonly ((address: number) => string)[] = [
  (address) => `::ffff:${dotted(address)}`,
  (address) => `::ffff:${halves(address)}`,
  (address) => `0:0:0:0:0:ffff:${halves(address)}`,
  (address) => `::${halves(address)}`,
  (address) => `64:ff9b::${halves(address)}`,
  (address) => `2002:${halves(address)}::1`,
]

const any4 = fc.integer({ min: 0, max: 0xffffffff })
const inner4 = fc.constantFrom(...INNER).chain(([min, max]) => fc.integer({ min, max }))
const outer4 = any4.filter((address) => !isInner(address))
const around = fc.record({
  port: fc.constantFrom('', ':443', ':8443'),
  path: fc.constantFrom('', '/', '/hook?a=b', '/%2e%2e/'),
})
const urlOf = (host: string, { port, path }: { port: string; path: string }): string => `https://${host}${port}${path}`

describe('the URL of a webhook', () => {
  test('leads to no address inside, however it is written', () => {
    fc.assert(
      fc.property(inner4, fc.constantFrom(...SPELLINGS), around, (address, spell, rest) => {
        expect(targetProblem(urlOf(spell(address), rest), everybody)).not.toBeNull()
      }),
      { seed: 21, numRuns: 3_000 },
    )
  })

  test('leads to no IPv4 address in the clothes of IPv6', () => {
    fc.assert(
      fc.property(any4, fc.constantFrom(...CLOTHES), around, (address, dress, rest) => {
        expect(isPublicAddress(dress(address))).toBe(false)
        expect(targetProblem(urlOf(`[${dress(address)}]`, rest), everybody)).not.toBeNull()
      }),
      { seed: 22, numRuns: 2_000 },
    )
  })

  test('may be any public address', () => {
    fc.assert(
      fc.property(outer4, around, (address, rest) => {
        expect(targetProblem(urlOf(dotted(address), rest), everybody)).toBeNull()
      }),
      { seed: 23, numRuns: 2_000 },
    )
  })

  test('may be any text: what is taken is https to a host, with no credentials', () => {
    const texts = fc.oneof(
      hostileStrings,
      hostileStrings.map((text) => `https://${text}`),
      hostileStrings.map((text) => `https://${text}@example.com/`),
      hostileStrings.map((text) => `https://example.com/${text}`),
      fc.webUrl(),
    )
    fc.assert(
      fc.property(texts, (text) => {
        if (targetProblem(text, everybody) !== null) return
        const { protocol, hostname, username, password } = new URL(text)
        expect([protocol, username, password]).toEqual(['https:', '', ''])
        expect(hostname).not.toBe('')
      }),
      { seed: 24, numRuns: 3_000 },
    )
  })
})

test('a name is connected to only if all of its addresses are public, and to one of them', async () => {
  const addresses = fc.oneof(
    outer4.map(dotted),
    inner4.map(dotted),
    any4.chain((address) => fc.constantFrom(...CLOTHES.map((dress) => dress(address)))),
    fc.ipV6(),
    hostileStrings,
  )
  await fc.assert(
    fc.asyncProperty(fc.array(addresses, { maxLength: 4 }), fc.boolean(), async (named, all) => {
      const found = named.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      const lookup = checkedLookup(everybody.isAllowed, async () => found)
      const answered = await new Promise<readonly LookupAddress[] | null>((resolve) => {
        lookup('example.com', { all }, (error, answer, family = 0) => {
          if (error !== null) resolve(null)
          else resolve(typeof answer === 'string' ? [{ address: answer, family }] : answer)
        })
      })
      const isOutside = found.length > 0 && named.every(isPublicAddress)
      if (!isOutside) expect(answered).toBeNull()
      else expect(answered).toEqual(all ? found : found.slice(0, 1))
    }),
    { seed: 25, numRuns: 1_500 },
  )
})

describe('a server on this machine', () => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  let port = 0
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not on a port')
    port = address.port
  })
  afterAll(() => void server.close())

  test('is not reached by any spelling of its address, nor by a name that leads to it', async () => {
    const sender = webhookSender({
      rules: everybody,
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    })
    const loopback = 0x7f000001
    const hosts = fc.oneof(
      fc.constantFrom(...SPELLINGS.map((spell) => spell(loopback))),
      fc.constantFrom(...CLOTHES.map((dress) => `[${dress(loopback)}]`), '[::1]', 'localhost', 'a.example'),
      fc.domain(),
    )
    await fc.assert(
      fc.asyncProperty(hosts, fc.constantFrom('https', 'http'), async (host, scheme) => {
        const delivery = { secrets: [SECRET], id: 'evt_1', at: 0, body: '{}' }
        const url = `${scheme}://${host}:${port}/`
        const delivered = await sender.deliver({ ...delivery, url }, { signal: new AbortController().signal })
        expect(delivered).toEqual({ ok: false, fault: 'target_refused', status: null })
      }),
      { seed: 26, numRuns: 300 },
    )
    expect(connections).toBe(0)
  })
})
