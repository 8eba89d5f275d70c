import { describe, expect, test } from 'vitest'
import { isPublicAddress, targetProblem, targetRules } from '../../../adapters/webhook/target.ts'

describe('an address that is not of the public internet is refused', () => {
  test.each([
    ['this host', '0.0.0.0'],
    ['private', '10.0.0.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['carrier-grade NAT, its end', '100.127.255.255'],
    ['a metadata server in it', '100.100.100.200'],
    ['loopback', '127.0.0.1'],
    ['loopback, anywhere', '127.255.0.3'],
    ['link-local', '169.254.0.1'],
    ['the metadata server', '169.254.169.254'],
    ["a container's metadata", '169.254.170.2'],
    ["Azure's wire server", '168.63.129.16'],
    ['private', '172.16.0.1'],
    ['private, its end', '172.31.255.255'],
    ['protocol assignments', '192.0.0.192'],
    ['documentation', '192.0.2.1'],
    ['6to4 relays', '192.88.99.1'],
    ['private', '192.168.1.1'],
    ['benchmarks', '198.19.0.1'],
    ['documentation', '198.51.100.7'],
    ['documentation', '203.0.113.7'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback as mapped IPv4', '::ffff:127.0.0.1'],
    ['metadata as mapped IPv4', '::ffff:a9fe:a9fe'],
    ['even a public one, mapped', '::ffff:8.8.8.8'],
    ['IPv4-compatible', '::7f00:1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['discard', '100::1'],
    ['Teredo', '2001:0:1::1'],
    ['ORCHID', '2001:20::1'],
    ['documentation', '2001:db8::1'],
    ['6to4 of loopback', '2002:7f00:1::1'],
    ['documentation', '3fff::1'],
    ['unique local', 'fc00::1'],
    ["AWS's metadata server", 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%lo'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['no address', 'example.com'],
    ['nothing', ''],
  ])('%s: %s', (_what, address) => expect(isPublicAddress(address)).toBe(false))

  test.each(['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.255.255', '172.32.0.1', '192.0.1.1'])(
    'its neighbours are not: %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )
  test.each(['2606:4700:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888', '3ffe::1'])(
    'its neighbours are not: %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )
})

describe('a URL that cannot be an endpoint', () => {
  test.each([
    ['', 'not a URL'],
    ['example.com/hook', 'not a URL'],
    ['http://example.com/', 'not https'],
    ['ftp://example.com/', 'not https'],
    ['file:///etc/passwd', 'not https'],
    ['https://user:secret@example.com/', 'a URL with credentials'],
    ['https://example.com/#part', 'a URL with a fragment'],
    ['https://127.0.0.1/', 'not a public address'],
    ['https://127.1/', 'not a public address'],
    ['https://2130706433/', 'not a public address'],
    ['https://0x7f.0.0.1/', 'not a public address'],
    ['https://0177.0.0.1/', 'not a public address'],
    ['https://127.0.0.1./', 'not a public address'],
    ['https://１２７.0.0.1/', 'not a public address'],
    ['https://169.254.169.254/latest/meta-data/', 'not a public address'],
    ['https://[::1]/', 'not a public address'],
    ['https://[::ffff:127.0.0.1]/', 'not a public address'],
    ['https://[::ffff:a9fe:a9fe]:8443/', 'not a public address'],
  ])('%s is %s', (url, problem) => expect(targetProblem(url, targetRules(false))).toBe(problem))

  test.each(['https://example.com/', 'https://example.com:8443/a?b=c', 'https://1.1.1.1/', 'https://localhost/'])(
    '%s is taken: what its name leads to is seen when it is asked',
    (url) => expect(targetProblem(url, targetRules(false))).toBeNull(),
  )

  test('where the operator allows private ones, plain http to this machine is taken, and nothing stranger', () => {
    expect(targetProblem('http://127.0.0.1:3001/', targetRules(true))).toBeNull()
    expect(targetProblem('http://localhost/', targetRules(true))).toBeNull()
    expect(targetProblem('file:///etc/passwd', targetRules(true))).toBe('not https')
    expect(targetProblem('http://u:p@127.0.0.1/', targetRules(true))).toBe('a URL with credentials')
  })
})
