import { X509Certificate } from 'node:crypto'
import { checkServerIdentity, type SecureContextOptions, type PeerCertificate } from 'node:tls'
import type { RpcFault } from '../node/ldk/rpc.ts'

/** A TLS handshake fault: the server at the address does not hold the pinned certificate. */
export type IdentityFault = RpcFault & { readonly status: null; readonly identityMismatch: true }

/** Whether a fault is about the server's identity, which an operator has to fix, rather than temporary. */
export function isIdentityFault(fault: RpcFault): boolean {
  return 'identityMismatch' in fault
}

/** Node's TLS error codes for a certificate other than the trusted one. */
const IDENTITY_CODES: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** Whether an error, or one of its causes, is a rejected server certificate. */
export function isIdentityError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && IDENTITY_CODES.has(error.code)) || isIdentityError(error.cause)
}

/** The TLS options that trust exactly one certificate. */
export type PinnedTls = Pick<SecureContextOptions, 'ca'> & {
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
}

/**
 * Trusts exactly this certificate. Its subject names need not match the address, because a matching
 * fingerprint proves more. A certificate that it signed, however, must be for the address.
 */
export function pinned(certificate: string): PinnedTls {
  const { fingerprint256 } = new X509Certificate(certificate)
  return {
    ca: certificate,
    checkServerIdentity: (host, presented) =>
      presented.fingerprint256 === fingerprint256 ? undefined : checkServerIdentity(host, presented),
  }
}
