/**
 * What the holder of a rune can do without the node's secret: go on hashing where the authentication code ends. Node offers no way
 * into the middle of a hash, so that this is SHA-256 (FIPS 180-4) by itself.
 */
const PRIMES = ((): number[] => {
  const primes: number[] = []
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
})()
/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = PRIMES.map((prime) => Math.floor((Math.cbrt(prime) % 1) * 2 ** 32))

const turn = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

function compress(state: readonly number[], block: Buffer): number[] {
  const words = Array.from({ length: 16 }, (_, n) => block.readUInt32BE(n * 4))
  const at = (n: number): number => words[n] ?? 0
  for (let n = 16; n < 64; n++) {
    const [x, y] = [at(n - 15), at(n - 2)]
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10)
    words.push((at(n - 16) + s0 + at(n - 7) + s1) >>> 0)
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (const [n, constant] of ROUND_CONSTANTS.entries()) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
    const first = (h + s1 + ((e & f) ^ (~e & g)) + constant + at(n)) >>> 0
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) >>> 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) >>> 0, c, b, a, (first + second) >>> 0]
  }
  return [a, b, c, d, e, f, g, h].map((word, n) => (word + (state[n] ?? 0)) >>> 0)
}

function padded(bytes: Buffer, streamLength: number): Buffer {
  const zeroes = (128 - ((bytes.length + 9) % 64)) % 64
  const end = Buffer.alloc(9 + zeroes)
  end[0] = 0x80
  end.writeBigUInt64BE(BigInt(streamLength) * 8n, end.length - 8)
  return Buffer.concat([bytes, end])
}

/** A rune with one more restriction, a list of alternatives. */
export function restricted(rune: string, ...alternatives: readonly string[]): string {
  const bytes = Buffer.from(rune, 'base64url')
  const body = bytes.subarray(32)
  const texts = body.toString('utf8').split('&')
  // The secret and each restriction so far took whole blocks.
  let length = 64
  for (const text of texts) length += Math.ceil((Buffer.byteLength(text) + 9) / 64) * 64
  const text = Buffer.from(alternatives.join('|'), 'utf8')
  const stream = padded(text, length + text.length)
  let state = Array.from({ length: 8 }, (_, n) => bytes.readUInt32BE(n * 4))
  for (let at = 0; at < stream.length; at += 64) state = compress(state, stream.subarray(at, at + 64))
  const code = Buffer.alloc(32)
  state.forEach((word, n) => code.writeUInt32BE(word, n * 4))
  const whole = Buffer.concat([code, body, Buffer.from('&'), text])
  return whole.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
