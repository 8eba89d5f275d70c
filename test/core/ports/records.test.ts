import { describe, expect, test } from 'vitest'
import {
  FollowedChain,
  ChannelState,
  ForeignKind,
  ForeignPayment,
  itemKinds,
  NodeState,
  Scope,
  ChannelLease,
} from '../../../core/ports/records.ts'
import { oneOfEach } from '../../../harness/records/items.ts'
import { aTxid } from '../../../harness/values.ts'

const [lease, channel, node, chain, payment] = [
  oneOfEach.lease.value,
  oneOfEach.channel.value,
  oneOfEach.node.value,
  oneOfEach.chain.value,
  oneOfEach.payment.value,
]
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
const block = { height: 7, hash: aTxid('7') }

test.each(Object.entries(itemKinds))('%s: what is written is read again as it was', (kind, { schema }) => {
  const stored = Object.entries(oneOfEach).find(([name]) => name === kind)?.[1]
  expect(stored).toBeDefined()
  expect(schema.parse(stored?.value)).toEqual(stored?.value)
})

test('no kind of item is written under the key of another, and where each is written stays', () => {
  const prefixes = Object.entries(itemKinds).map(([kind, { prefix }]) => `${kind} ${prefix}`)
  expect(prefixes).toEqual([
    'lease LEASE',
    'channel CH',
    'node NODE',
    'chain CHAIN',
    'guard GUARD',
    'key KEY',
    'keyList KEYS',
    'keyUse KEYUSE',
    'tx TX',
    'payment PAY',
    'ledger LEDGER',
    'rawTransaction RAW',
    'webhooks WEBHOOKS',
  ])
})

test('what is only there sometimes is read as well', () => {
  const kept = { ...channel, ledger: { through: `${aTxid('1')}:0` }, connectedSince: null, goneAt: 5 }
  expect(ChannelState.parse(kept)).toEqual(kept)
  const paused = {
    ...node,
    capabilities: { ...node.capabilities, feeCap: 'enforced', leaseScope: 'node', unsupported: 'too old' },
    paused: { at: 3, message: 'denied' },
  }
  expect(NodeState.parse(paused)).toEqual(paused)
  const reorganised = { ...chain, orphans: [block] }
  expect(FollowedChain.parse(reorganised)).toEqual(reorganised)
  const final = { ...payment, final: { at: 3, block }, voidAt: 4, idleSinceHeight: 5, spends: null }
  expect(ForeignPayment.parse(final)).toEqual(final)
})

test.each([
  ['kinds of foreign payments', ForeignKind, 'unclassified channel_close foreign_splice channel_open'],
  ['scopes of keys', Scope, 'splices:read splices:write operator'],
] as const)('a word that was ever stored can always be read: %s', (_says, { options }, words) => {
  expect(options).toEqual(expect.arrayContaining(words.split(' ')))
})

describe('an item holds at most', () => {
  const channelState = (count: number) =>
    ChannelState.safeParse({ ...channel, earlier: many(count, `${aTxid('2')}:1`) })
  test.each<[string, number, (count: number) => { readonly success: boolean }]>([
    ['splices that wait for a lease', 100, (n) => ChannelLease.safeParse({ ...lease, waiting: many(n, 'spl_a') })],
    ['earlier fundings of a channel', 50, channelState],
    ['starts of a process', 20, (n) => NodeState.safeParse({ ...node, processStarts: many(n, 1) })],
    ['events of a relay', 200, (n) => NodeState.safeParse({ ...node, relayEvents: many(n, 'e') })],
    ['blocks of a chain', 300, (n) => FollowedChain.safeParse({ ...chain, hashes: many(n, aTxid('0')) })],
    ['blocks that left it', 300, (n) => FollowedChain.safeParse({ ...chain, orphans: many(n, block) })],
    [
      'candidates of a foreign payment',
      20,
      (n) => ForeignPayment.safeParse({ ...payment, candidates: many(n, payment.candidates[0]) }),
    ],
  ])('%s: %i', (_says, limit, holding) => {
    expect(holding(limit).success).toBe(true)
    expect(holding(limit + 1).success).toBe(false)
  })

  test('and a foreign payment at least one transaction', () => {
    expect(ForeignPayment.safeParse({ ...payment, candidates: [] }).success).toBe(false)
  })
})
