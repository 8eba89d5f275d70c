import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'

/** A name led to an address that must not be asked. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused'
  readonly code = 'TARGET_REFUSED'
}

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The system's resolver, IPv4 first: it works from where IPv6 has no route. */
export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true, order: 'ipv4first' })

/**
 * A socket's own lookup that answers nothing but checked addresses: the name is resolved once, and the socket connects to what
 * was checked. One address that is refused refuses the name.
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
