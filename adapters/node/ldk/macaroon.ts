import { createHmac } from 'node:crypto'

/**
 * A version 2 macaroon with first-party caveats only, as ldk-server accepts it (docs/reference/ldk.md 6.3).
 * `head` is everything before the caveats (version, location, identifier), byte for byte.
 */
export type Macaroon = {
  readonly head: Buffer
  readonly identifier: Buffer
  readonly caveats: readonly Buffer[]
  readonly signature: Buffer
}

const VERSION = 2
const LOCATION = 1
const IDENTIFIER = 2
const END = 0
const SIGNATURE = 6
const SIGNATURE_BYTES = 32
const MAX_BYTES = 4096
const MAX_CAVEATS = 32

const hmac = (key: Buffer | string, data: Buffer): Buffer => createHmac('sha256', key).update(data).digest()

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}

/** A field: type, length, bytes. */
const field = (type: number, data: Buffer): Buffer => Buffer.concat([Buffer.from([type]), varint(data.length), data])

/** Encodes a macaroon. */
export function encodeMacaroon({ head, caveats, signature }: Macaroon): Buffer {
  const end = Buffer.from([END])
  const sections = caveats.map((caveat) => Buffer.concat([field(IDENTIFIER, caveat), end]))
  return Buffer.concat([head, ...sections, end, field(SIGNATURE, signature)])
}

/** Decodes a macaroon; null unless the bytes are its canonical form. */
export function decodeMacaroon(bytes: Buffer): Macaroon | null {
  if (bytes.length > MAX_BYTES || bytes[0] !== VERSION) return null
  let at = 1
  const take = (type: number): Buffer | null => {
    if (bytes[at] !== type) return null
    const low = bytes[at + 1] ?? 0
    const high = low < 0x80 ? 0 : (bytes[at + 2] ?? 0)
    const start = at + (low < 0x80 ? 2 : 3)
    // Two length bytes reach 16383, more than the largest macaroon.
    at = start + (low < 0x80 ? low : (low & 0x7f) | (high << 7))
    return high < 0x80 && at <= bytes.length ? bytes.subarray(start, at) : null
  }
  take(LOCATION)
  const identifier = take(IDENTIFIER)
  if (identifier === null || bytes[at] !== END) return null
  at += 1
  const head = bytes.subarray(0, at)
  const caveats: Buffer[] = []
  for (let caveat = take(IDENTIFIER); caveat !== null; caveat = take(IDENTIFIER)) {
    if (bytes[at] !== END || caveats.length === MAX_CAVEATS) return null
    at += 1
    caveats.push(caveat)
  }
  if (bytes[at] !== END) return null
  at += 1
  const signature = take(SIGNATURE)
  if (signature?.length !== SIGNATURE_BYTES || at !== bytes.length) return null
  const macaroon = { head, identifier, caveats, signature }
  return encodeMacaroon(macaroon).equals(bytes) ? macaroon : null
}

/** Adds a caveat; needs no key. */
export function withCaveat(macaroon: Macaroon, caveat: string): Macaroon {
  const bytes = Buffer.from(caveat, 'utf8')
  return {
    ...macaroon,
    caveats: [...macaroon.caveats, bytes],
    signature: hmac(macaroon.signature, bytes),
  }
}

/** Mints a macaroon from a root key; also tells which signature a macaroon must have. */
export function mintMacaroon(rootKey: Buffer, identifier: Buffer, caveats: readonly Buffer[]): Macaroon {
  const derived = hmac('macaroons-key-generator', rootKey)
  const signature = caveats.reduce<Buffer>(hmac, hmac(derived, identifier))
  const head = Buffer.concat([Buffer.from([VERSION]), field(IDENTIFIER, identifier), Buffer.from([END])])
  return { head, identifier, caveats, signature }
}
