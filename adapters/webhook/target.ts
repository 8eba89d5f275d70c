import { BlockList, isIP } from 'node:net'

/** IPv4 that is not a public host (IANA's registry of special addresses), and the one at which Azure tells a machine its secrets. */
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

/** Within 2000::/3, outside of which no IPv6 host is public: special purposes, documentation, and tunnels to any IPv4. */
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

/** Whether an address belongs to a host of the public internet. An IPv4 in IPv6's clothes does not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !refused.check(address, 'ipv4')
  return family === 6 && unicast.check(address, 'ipv6') && !refused.check(address, 'ipv6')
}

/** The address that a URL names literally, in any of the ways in which it can be written; null: it names a host. */
function literalOf(url: URL): string | null {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(host) === 0 ? null : host
}

/** Where webhooks may go. */
export type TargetRules = {
  readonly allowsHttp: boolean
  readonly isAllowed: (address: string) => boolean
}

/** The rules for everybody; and those of an operator who allows private targets: any address, and http. */
export function targetRules(allowsPrivate: boolean): TargetRules {
  return { allowsHttp: allowsPrivate, isAllowed: allowsPrivate ? () => true : isPublicAddress }
}

/** What is wrong with the URL of an endpoint; null: nothing that is seen without resolving its name. */
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
