import { BlockList, isIP } from 'node:net'

/**
 * IPv4 ranges without public hosts (IANA's special-purpose registry), and Azure's metadata address, which
 * serves secrets.
 */
const NOT_PUBLIC_4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const

/**
 * IPv6 ranges without public hosts, within 2000::/3 (outside it no host is public): special purposes,
 * documentation, and tunnels to any IPv4.
 */
const NOT_PUBLIC_6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const refused = new BlockList()
for (const [net, prefix] of NOT_PUBLIC_4) refused.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of NOT_PUBLIC_6) refused.addSubnet(net, prefix, 'ipv6')
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

/** Whether an address belongs to a host on the public internet. An IPv4 address embedded in IPv6 does not count. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !refused.check(address, 'ipv4')
  return family === 6 && unicast.check(address, 'ipv6') && !refused.check(address, 'ipv6')
}

/** The literal address in a URL, in any notation; null when the URL has a host name. */
function literalOf(url: URL): string | null {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(host) === 0 ? null : host
}

/** The rules for webhook URLs. */
export type TargetRules = {
  readonly allowsHttp: boolean
  readonly isAllowed: (address: string) => boolean
}

/** Public addresses over https; with `allowsPrivate` (an operator's setting) any address, and http too. */
export function targetRules(allowsPrivate: boolean): TargetRules {
  return { allowsHttp: allowsPrivate, isAllowed: allowsPrivate ? () => true : isPublicAddress }
}

/** The problem with an endpoint's URL, as far as it shows without resolving its name; null: none. */
export function targetProblem(text: string, { allowsHttp, isAllowed }: TargetRules): string | null {
  if (!URL.canParse(text)) return 'not a URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && !(allowsHttp && url.protocol === 'http:')) return 'not https'
  if (url.username !== '' || url.password !== '') return 'a URL with credentials'
  if (url.hash !== '') return 'a URL with a fragment'
  const literal = literalOf(url)
  if (literal !== null && !isAllowed(literal)) return 'not a public address'
  return null
}
