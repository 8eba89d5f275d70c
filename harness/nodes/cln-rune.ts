import { createHash } from 'node:crypto'

/** As the issuer of runes pads: a message of so many bytes up to whole blocks (runes, README). */
function padding(bytes: number): Buffer {
  const zeros = (64 - ((bytes + 9) % 64)) % 64
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(bytes * 8))
  return Buffer.concat([Buffer.from([0x80]), Buffer.alloc(zeros), length])
}

/** A rune with these restrictions, hashed from the secret as a node does it; the secret is 16 bytes of zero. */
export function runeOf(restrictions: readonly string[]): string {
  let message = Buffer.alloc(16)
  for (const restriction of restrictions)
    message = Buffer.concat([message, padding(message.length), Buffer.from(restriction)])
  const authcode = createHash('sha256').update(message).digest()
  const base64 = Buffer.concat([authcode, Buffer.from(restrictions.join('&'))]).toString('base64url')
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}
