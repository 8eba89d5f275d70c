import { createHash, createHmac } from 'node:crypto'
import type { Instant } from '../../../core/values/instant.ts'
import type { LdkAuth } from './config.ts'
import { decodeMacaroon, encodeMacaroon, withCaveat } from './macaroon.ts'

/** The signed parts of a call: its short method name, its exact HTTP body (frame included) and the time of signing. */
export type SignedCall = { readonly method: string; readonly body: Uint8Array; readonly signedAt: Instant }

/** The request header that authenticates a call. */
export type AuthHeader = readonly [name: string, value: string]

/** Makes the header that authenticates a call (docs/reference/ldk.md 6.2 and 6.3). */
export type Auth = (call: SignedCall) => AuthHeader

/** The server counts whole seconds. Rounding down can only make the fence end earlier. */
const unixSeconds = (at: Instant): number => Math.floor(at / 1000)

/**
 * ldk-server's HMAC of a time and a body. The key is the API key's hex text in ASCII, not the bytes that it encodes.
 */
export function hmacOf(apiKey: string, atSeconds: number, body: Uint8Array): Buffer {
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(atSeconds))
  return createHmac('sha256', apiKey).update(time).update(body).digest()
}

/** The caveat that binds a macaroon to one request. */
export function requestCaveat(atSeconds: number, method: string, body: Uint8Array): string {
  return `request = ${atSeconds} ${method} ${createHash('sha256').update(body).digest('hex')}`
}

function boundMacaroon(hex: string): Auth {
  const macaroon = decodeMacaroon(Buffer.from(hex, 'hex'))
  if (macaroon === null) throw new Error('the configured macaroon cannot be read')
  return ({ method, body, signedAt }) => {
    const bound = withCaveat(macaroon, requestCaveat(unixSeconds(signedAt), method, body))
    return ['macaroon', encodeMacaroon(bound).toString('hex')]
  }
}

/** The authentication scheme of a configuration. */
export function authOf(config: LdkAuth): Auth {
  switch (config.scheme) {
    case 'hmac':
      return ({ body, signedAt }) => {
        const seconds = unixSeconds(signedAt)
        return ['x-auth', `HMAC ${seconds}:${hmacOf(config.apiKey, seconds, body).toString('hex')}`]
      }
    case 'macaroon':
      return boundMacaroon(config.macaroon)
    case 'macaroon-bearer':
      return () => ['macaroon', config.macaroon]
  }
}
