import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { isCertificate, isPlainHttps } from '../../net/tls-config.ts'
import { decodeRune } from './rune.ts'

/**
 * The configuration of one Core Lightning: clnrest (`url`, `certificate`, `rune`) or its local socket
 * (`socketPath`). Issues name the field, never its value.
 */
export const ClnConfig = z.object({
  url: z.string().refine(isPlainHttps, 'must be an https URL without credentials or query').optional(),
  certificate: z.string().refine(isCertificate, "must be the node's CA certificate (ca.pem) in PEM").optional(),
  rune: z
    .string()
    .refine((text) => decodeRune(text) !== null, 'must be a rune, as createrune prints it')
    .optional(),
  socketPath: z
    .string()
    .max(107)
    .refine(isAbsolute, "must be the absolute path of the node's lightning-rpc")
    .optional(),
  /** How long after its start an attempt may make calls; the attempt's rune is restricted to this time. */
  attemptSeconds: z.int().min(10).max(600).default(60),
  /** How far the node's clock may be from ours. */
  clockSkewSeconds: z.int().nonnegative().max(3600).default(60),
})
export type ClnConfig = z.infer<typeof ClnConfig>

/** Requires exactly one way to reach the node, complete. */
export function reachable(entry: ClnConfig, context: { readonly issues: z.core.$ZodRawIssue[] }): void {
  const remote = [entry.url, entry.certificate, entry.rune]
  const given = remote.filter((part) => part !== undefined).length
  const sound = entry.socketPath === undefined ? given === remote.length : given === 0
  if (sound) return
  const message = 'needs either url, certificate and rune, or socketPath'
  context.issues.push({ code: 'custom', message, input: null })
}
