/** The round constants of FIPS 180-4, section 4.2.2. */
const K = new Uint32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])

const BLOCK_BYTES = 64

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

function scheduleOf(block: DataView): Uint32Array {
  const words = new Uint32Array(64)
  const at = (t: number): number => words[t] ?? 0
  for (let t = 0; t < 16; t++) words[t] = block.getUint32(t * 4)
  for (let t = 16; t < 64; t++) {
    const [early, late] = [at(t - 15), at(t - 2)]
    const s0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
    const s1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
    words[t] = at(t - 16) + s0 + at(t - 7) + s1
  }
  return words
}

function compressed(state: Uint32Array, block: DataView): Uint32Array {
  const words = scheduleOf(block)
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let t = 0; t < 64; t++) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[t] ?? 0) + (words[t] ?? 0)) >>> 0
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) >>> 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) >>> 0, c, b, a, (t1 + t2) >>> 0]
  }
  const worked = [a, b, c, d, e, f, g, h]
  return state.map((word, n) => word + (worked[n] ?? 0))
}

/** The padding for a message of `bytes` bytes (FIPS 180-4, section 5.1.1). */
export function paddingAfter(bytes: number): Buffer {
  const padding = Buffer.alloc(9 + ((2 * BLOCK_BYTES - 9 - (bytes % BLOCK_BYTES)) % BLOCK_BYTES))
  padding[0] = 0x80
  padding.writeBigUInt64BE(BigInt(bytes) * 8n, padding.length - 8)
  return padding
}

/**
 * Continues a SHA-256 from a known state (after whole blocks) through more whole blocks, which node:crypto
 * cannot do. A digest is the state after the padding (FIPS 180-4, section 6.2.2).
 */
export function continueSha256(state: Buffer, blocks: Buffer): Buffer {
  let words: Uint32Array = new Uint32Array(8).map((_, n) => state.readUInt32BE(n * 4))
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES)
    words = compressed(words, new DataView(blocks.buffer, blocks.byteOffset + at, BLOCK_BYTES))
  const digest = Buffer.alloc(32)
  words.forEach((word, n) => digest.writeUInt32BE(word, n * 4))
  return digest
}
