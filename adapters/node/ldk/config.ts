import * as z from 'zod'
import { isCertificate, isPlainHttps } from '../../net/tls-config.ts'
import { decodeMacaroon } from './macaroon.ts'

const Macaroon = z
  .string()
  .regex(/^(?:[0-9a-f]{2})+$/, { error: 'must be lower-case hex', abort: true })
  .refine((hex) => decodeMacaroon(Buffer.from(hex, 'hex')) !== null, 'must be a version 2 macaroon')

/** How we authenticate to an ldk-server; the scheme depends on its version (docs/reference/ldk.md 6.2 and 6.3). */
export const LdkAuth = z.discriminatedUnion('scheme', [
  z.object({
    scheme: z.literal('hmac'),
    apiKey: z.string().regex(/^[0-9a-f]{64}$/, 'must be the 64 lower-case hex digits of the file api_key'),
  }),
  z.object({ scheme: z.literal('macaroon'), macaroon: Macaroon }),
  z.object({ scheme: z.literal('macaroon-bearer'), macaroon: Macaroon }),
])
export type LdkAuth = z.infer<typeof LdkAuth>

/** The configuration of one ldk-server. Issues name the field, never its value. */
export const LdkConfig = z.object({
  url: z.string().refine(isPlainHttps, 'must be an https URL without credentials or query'),
  certificate: z.string().refine(isCertificate, "must be the server's certificate (tls.crt) in PEM"),
  auth: LdkAuth,
  /** How far the server lets a request's time be from its clock. */
  authWindowSeconds: z.int().positive().max(3600).default(60),
  /** How far the server's clock may be from ours. */
  clockSkewSeconds: z.int().nonnegative().max(3600).default(60),
  /**
   * Whether the server's LDK has the overlap guard: it refuses a contribution that shares an input or an output script
   * with a pending one, and drops a queued one that the lock has paid. The server does not report it.
   */
  overlapGuard: z.boolean().default(false),
})
export type LdkConfig = z.infer<typeof LdkConfig>
