import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'

/** A host name resolved to an address that webhooks may not use. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
  readonly code = 'TARGET_REFUSED'
}

/** Resolves a host name to all its addresses. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The system's resolver, IPv4 first, so that it works without an IPv6 route. */
export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true, order: 'ipv4first' })

/**
 * A socket lookup that returns only checked addresses. The name is resolved once and the socket connects to
 * what was checked. A single refused address refuses the name.
 */
export function checkedLookup(isAllowed: (address: string) => boolean, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined || !addresses.every(({ address }) => isAllowed(address)))
          callback(new TargetRefused('not a public address'), [])
        else if (options.all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error('not resolved'), []),
    )
  }
}
