import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http2'
import { hmacOf, requestCaveat } from '../../adapters/node/ldk/auth.ts'
import { decodeMacaroon, mintMacaroon } from '../../adapters/node/ldk/macaroon.ts'
import type { MethodName, StreamName } from '../../adapters/node/ldk/messages.ts'
import { err, ok, type Result } from '../../core/values/result.ts'
import type { Instant } from '../../core/values/instant.ts'

/** What an ldk-server checks requests against (docs/reference/ldk.md 6.2 and 6.3). */
export type Credentials = {
  /** The key for the header `x-auth`. */
  readonly apiKey: string
  /** Also accept macaroons of this root key; `bound`: only with a caveat that names the request. */
  readonly macaroon: { readonly rootKey: Buffer; readonly bound: boolean } | null
  /** The maximum difference between a request's time and the server's. */
  readonly authWindowSeconds: number
}

/** A request as it arrived, with its whole body including the gRPC frame. */
export type ArrivedRequest = {
  readonly headers: IncomingHttpHeaders
  readonly method: string
  readonly body: Buffer
  readonly now: Instant
}

/** `signedAt`: the time in the request's signature; null if it was not signed. */
type Authenticated = { readonly signedAt: Instant | null }
type Rejected = { readonly status: 7 | 16; readonly message: string }

const PERMISSIONS: Readonly<Record<MethodName | StreamName, string>> = {
  GetNodeInfo: 'node:read',
  GetBalances: 'node:read',
  ListChannels: 'channels:read',
  ListPeers: 'peers:read',
  GetPaymentDetails: 'payments:read',
  ListPayments: 'payments:read',
  OnchainReceive: 'onchain:receive',
  ConnectPeer: 'peers:manage',
  SpliceIn: 'channels:manage',
  SpliceOut: 'payments:send',
  BumpChannelFundingFee: 'channels:manage',
  SubscribeEvents: 'events:read',
}

const isMethod = (method: string): method is keyof typeof PERMISSIONS => method in PERMISSIONS
const refuse = (status: 7 | 16, message: string) => err<Rejected>({ status, message })
const isSame = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other)
const isRecent = (seconds: number, now: Instant, window: number): boolean =>
  Math.abs(Math.floor(now / 1000) - seconds) <= window

function checkHmac(header: string, request: ArrivedRequest, credentials: Credentials): Result<Authenticated, Rejected> {
  const [, digits, hex] = /^HMAC (\d{1,12}):([0-9a-f]{64})$/.exec(header) ?? []
  if (digits === undefined || hex === undefined) return refuse(16, 'Invalid x-auth format')
  const seconds = Number(digits)
  if (!isRecent(seconds, request.now, credentials.authWindowSeconds)) {
    return refuse(16, 'Request timestamp expired')
  }
  const expected = hmacOf(credentials.apiKey, seconds, request.body)
  if (!isSame(expected, Buffer.from(hex, 'hex'))) return refuse(16, 'Invalid credentials')
  return ok({ signedAt: seconds * 1000 })
}

/** How a request violates a macaroon's caveat; null if it does not. */
function violated(caveat: string, request: ArrivedRequest): Rejected | null {
  const [name, value = ''] = caveat.split(' = ')
  const { method } = request
  if (name === 'method' && value === method) return null
  if (name === 'time-before' && Math.floor(request.now / 1000) < Number(value)) return null
  if (name === 'permissions') {
    const permissions = value.split(',')
    if (!isMethod(method) || permissions.includes(PERMISSIONS[method])) return null
  }
  return { status: 7, message: 'The macaroon does not permit this request' }
}

function checkMacaroon(
  hex: string,
  request: ArrivedRequest,
  { rootKey, bound }: { readonly rootKey: Buffer; readonly bound: boolean },
  window: number,
): Result<Authenticated, Rejected> {
  const macaroon = /^[0-9a-f]+$/.test(hex) ? decodeMacaroon(Buffer.from(hex, 'hex')) : null
  if (macaroon === null) return refuse(16, 'Invalid macaroon')
  const { signature } = mintMacaroon(rootKey, macaroon.identifier, macaroon.caveats)
  if (!isSame(signature, macaroon.signature)) return refuse(16, 'Invalid macaroon')
  let signedAt: Instant | null = null
  for (const caveat of macaroon.caveats.map((bytes) => bytes.toString('utf8'))) {
    if (!caveat.startsWith('request = ')) {
      const violation = violated(caveat, request)
      if (violation !== null) return err(violation)
      continue
    }
    const seconds = Number(/^request = (\d{1,12}) /.exec(caveat)?.[1] ?? -1)
    const isOurs = caveat === requestCaveat(seconds, request.method, request.body)
    if (!isOurs || !isRecent(seconds, request.now, window)) return refuse(16, 'Invalid request caveat')
    signedAt = seconds * 1000
  }
  if (bound && signedAt === null) return refuse(16, 'Missing request caveat')
  return ok({ signedAt })
}

/** Decides whether a request may be dispatched. Statuses: 16 unauthenticated, 7 not permitted. */
export function authenticate(request: ArrivedRequest, credentials: Credentials): Result<Authenticated, Rejected> {
  const { 'x-auth': hmac, macaroon } = request.headers
  if (typeof hmac === 'string') return checkHmac(hmac, request, credentials)
  if (typeof macaroon === 'string' && credentials.macaroon !== null) {
    return checkMacaroon(macaroon, request, credentials.macaroon, credentials.authWindowSeconds)
  }
  return refuse(16, 'Missing x-auth metadata')
}
