import { describe, expect, test } from 'vitest'
import { classify } from '../../../core/decision/classify.ts'
import type { NodeLook } from '../../../core/ports/node.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import type { Splice } from '../../../core/splice/splice.ts'
import type { Verdict } from '../../../core/splice/verdict.ts'
import { aTxid, FUNDING, NOW, policy, TIP } from '../../../harness/values.ts'
import { aCandidate, aNotExecutedAttempt, anAttempt } from '../../../harness/records/attempts.ts'
import { aChain, aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { aChannel, aLook, capabilities } from '../../../harness/looks/node.ts'
import { aChannelSeen, aNodeSeen } from '../../../harness/records/states.ts'
import { aCommitment, aSplicing, fundingOf } from '../../../harness/transactions.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { anObservation } from '../../../harness/looks/observation.ts'

const ours = aSplicing(FUNDING)
const rival = aSplicing(FUNDING, 800_000)
const NEXT = fundingOf(ours)
const seen = aCandidate({ txid: ours.txid })

type Given = {
  readonly splice?: Splice
  readonly chain?: Parameters<typeof aChain>[0] | null
  readonly channel?: Parameters<typeof aChannel>[0] | null
  readonly node?: Parameters<typeof aLook>[0] | null
  readonly more?: Partial<Observation>
}

function verdict(given: Given): Verdict {
  const observation = anObservation({
    chain: given.chain === null ? null : aChain(given.chain),
    channel: given.channel === null ? null : aChannel(given.channel),
    node: given.node === null ? null : aLook(given.node),
    ...given.more,
  })
  return classify(given.splice ?? aSubmittedSplice(), observation, policy)
}

/** The funding outpoint spent by ours, in the mempool or at a height. */
const spent = (height: number | null, effect: 'ours' | 'none' | 'unknown' = 'ours', by = ours) => ({
  fundingSpends: [aFundingSpend({ spender: aFundingSpender(FUNDING, by, effect, height) })],
})
/** The same, with the walk gone on to what it funded. */
const moved = (height: number | null, effect: 'ours' | 'none' = 'ours') => ({
  fundingSpends: [...spent(height, effect).fundingSpends, aFundingSpend({ outpoint: NEXT })],
})
const onNext = { funding: NEXT }
const atDepth = (depth: number): number => TIP - depth + 1

describe('the verdict, where no candidate was seen', () => {
  const notExecuted = aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })
  const mempool = { fundingSpends: [aFundingSpend({ own: 'mempool' })] }
  const unknownOwn = { fundingSpends: [aFundingSpend({ own: 'unknown' })] }
  const behind = { tip: { height: TIP - 1, hash: aTxid('e') } }
  const ahead = { tip: { height: TIP + 1, hash: aTxid('e') } }
  const closing = {
    fundingSpends: [aFundingSpend({ spender: aFundingSpender(FUNDING, aCommitment(FUNDING), 'none', atDepth(6)) })],
  }
  const unnamed = aSubmittedSplice({ fundingHistory: [FUNDING] })
  const forged = {
    fundingSpends: [
      aFundingSpend({ spender: aFundingSpender(FUNDING, rival, 'none', atDepth(6)) }),
      aFundingSpend({
        outpoint: fundingOf(rival),
        spender: aFundingSpender(fundingOf(rival), aCommitment(fundingOf(rival)), 'none', atDepth(6)),
      }),
    ],
  }
  const cases: (readonly [string, Given, Partial<Verdict>])[] = [
    ['the funding outpoint is known unspent', {}, { name: 'absent' }],
    ['no chain source', { chain: null }, { name: 'not_known', tipHeight: null }],
    ['a walk of nothing', { chain: { fundingSpends: [] } }, { name: 'not_known' }],
    ["the funding outpoint's own transaction is not known", { chain: unknownOwn }, { name: 'not_known' }],
    ["the funding outpoint's own transaction is unconfirmed", { chain: mempool }, { name: 'not_known' }],
    ['the same, zero-conf', { chain: mempool, channel: { lockDepth: 0 } }, { name: 'absent' }],
    ['unknown even on zero-conf', { chain: unknownOwn, channel: { lockDepth: 0 } }, { name: 'not_known' }],
    ['the source is a block behind the node', { chain: behind }, { name: 'not_known' }],
    ['the source is a block ahead of the node', { chain: ahead }, { name: 'absent' }],
    ['the walk did not arrive', { chain: { reachedFunding: false } }, { name: 'not_known' }],
    ['the node stands elsewhere', { channel: onNext }, { name: 'not_known' }],
    ['the node tells no funding', { channel: { funding: null } }, { name: 'not_known' }],
    ['the channel is gone, the funding outpoint unspent', { channel: null }, { name: 'not_known', channelGone: true }],
    [
      'the channel is not listed by a node that still syncs',
      { channel: null, node: { synced: false } },
      { name: 'absent', channelGone: false },
    ],
    ['no look at the node', { node: null, channel: null }, { name: 'absent', peerConnected: null }],
    [
      'a foreign splice in the mempool',
      { chain: spent(null, 'none', rival) },
      { name: 'foreign_pending', depth: 0, atFinalDepth: false },
    ],
    [
      'a foreign splice, final and not locked',
      { chain: spent(atDepth(6), 'none', rival) },
      { name: 'foreign_pending', depth: 6, atFinalDepth: true },
    ],
    ['a foreign splice locked', { chain: moved(190, 'none'), channel: onNext }, { name: 'foreign' }],
    [
      'a foreign splice locked, every attempt dead',
      { splice: notExecuted, chain: moved(190, 'none'), channel: onNext },
      { name: 'absent' },
    ],
    [
      'the form of a close, of what no node ever named',
      { splice: unnamed, chain: forged },
      { name: 'foreign_pending' },
    ],
    ['a close', { chain: closing }, { name: 'closed', depth: 6, atFinalDepth: true }],
    [
      'a cooperative close: spent, and the channel gone',
      { chain: spent(atDepth(5), 'none', rival), channel: null },
      { name: 'closed', depth: 5, atFinalDepth: false },
    ],
    [
      'what it is, is not known',
      { chain: spent(atDepth(5), 'unknown') },
      { name: 'unattributed', depth: 5, atFinalDepth: false },
    ],
    [
      'what it is, is not known when it is final',
      { chain: spent(atDepth(6), 'unknown') },
      { name: 'unattributed', depth: 6, atFinalDepth: true },
    ],
  ]
  test.each(cases)('%s', (_says, given, expected) => expect(verdict(given)).toMatchObject(expected))
})

describe('the verdict, once a candidate is seen', () => {
  const known = aSubmittedSplice({ state: 'pending', candidates: [seen] })
  const locked = (lockedAt: number | null): Splice => ({ ...known, state: 'confirmed', lockedAt })
  const six = { chain: moved(atDepth(6)), channel: onNext }
  const unseen = {
    height: TIP,
    hash: aTxid('f'),
    seenAt: NOW,
    hashes: Array<string>(6).fill(aTxid('f')),
    orphans: [],
  }
  const settled: Splice = {
    ...locked(1),
    state: 'settled',
    candidates: [{ ...seen, block: { height: atDepth(6), hash: aTxid('f') } }],
  }
  const cases: (readonly [string, Given, Partial<Verdict>])[] = [
    ['in the mempool, for the first time', { chain: spent(null) }, { name: 'pending' }],
    ['in the mempool', { splice: known, chain: spent(null) }, { name: 'pending' }],
    ['not to be seen', { splice: known }, { name: 'unseen' }],
    ['not to be seen, no walk', { splice: known, chain: { fundingSpends: [] } }, { name: 'unseen' }],
    ['no chain source', { splice: known, chain: null }, { name: 'not_known' }],
    [
      'another took its place',
      { splice: known, chain: spent(null, 'none', rival) },
      { name: 'replaced', atFinalDepth: false },
    ],
    [
      'what took its place is not known',
      { splice: known, chain: spent(atDepth(6), 'unknown', rival) },
      { name: 'unattributed', atFinalDepth: true },
    ],
    [
      'another took its place, five deep',
      { splice: known, chain: spent(atDepth(5), 'none', rival) },
      { name: 'replaced', atFinalDepth: false },
    ],
    [
      'another took its place, final',
      { splice: known, chain: spent(atDepth(6), 'none', rival) },
      { name: 'replaced', atFinalDepth: true },
    ],
    ['in a block', { chain: spent(TIP) }, { name: 'confirmed', depth: 1, atFinalDepth: false, locked: false }],
    [
      'six deep, and not locked',
      { splice: locked(NOW - 1), chain: spent(atDepth(6)) },
      { name: 'confirmed', atFinalDepth: true, locked: false },
    ],
    ['six deep, the lock seen now', { splice: locked(null), ...six }, { name: 'confirmed', locked: true }],
    ['six deep, the lock seen in this very look', { splice: locked(NOW), ...six }, { name: 'confirmed' }],
    ['six deep, the lock seen in an earlier look', { splice: locked(NOW - 1), ...six }, { name: 'final' }],
    [
      'five deep, locked',
      { splice: locked(1), chain: moved(atDepth(5)), channel: onNext },
      { name: 'confirmed', depth: 5 },
    ],
    [
      'seven deep on a channel that wants eight',
      { splice: locked(1), chain: moved(atDepth(7)), channel: { ...onNext, lockDepth: 8 } },
      { name: 'confirmed', atFinalDepth: false },
    ],
    [
      'eight deep there',
      { splice: locked(1), chain: moved(atDepth(8)), channel: { ...onNext, lockDepth: 8 } },
      { name: 'final' },
    ],
    [
      'a lock depth of three makes nothing final before six',
      { splice: locked(1), chain: moved(atDepth(5)), channel: { ...onNext, lockDepth: 3 } },
      { name: 'confirmed' },
    ],
    [
      'six deep, never locked, the channel gone',
      { splice: locked(null), chain: spent(atDepth(6)), channel: null },
      { name: 'final', channelGone: true },
    ],
    [
      'five deep, the channel gone',
      { splice: locked(null), chain: spent(atDepth(5)), channel: null },
      { name: 'confirmed' },
    ],
    [
      'six deep and locked, in a block that no sweep has seen',
      { splice: locked(1), ...six, more: { followed: unseen } },
      { name: 'confirmed', atFinalDepth: true, locked: true },
    ],
    [
      'six deep and locked, before the first sweep',
      { splice: locked(1), ...six, more: { followed: null } },
      { name: 'confirmed', atFinalDepth: true },
    ],
    [
      'settled, and moved to a block that no sweep has seen',
      { splice: settled, ...six, more: { followed: unseen } },
      { name: 'not_known', candidates: settled.candidates, blockMoved: false },
    ],
    [
      'settled, and moved to a block that a sweep has seen',
      { splice: settled, ...six },
      { name: 'final', blockMoved: true },
    ],
    ['back in the mempool', { splice: locked(1), chain: spent(null) }, { name: 'pending', locked: false }],
  ]
  test.each(cases)('%s', (_says, given, expected) => expect(verdict(given)).toMatchObject(expected))

  const CHILD = aCandidate({ txid: aSplicing(NEXT).txid, spends: NEXT })
  const both = { ...known, candidates: [CHILD, seen] }

  test('one whose parent lost has lost with it', () => {
    const found = verdict({ splice: both, chain: spent(atDepth(6), 'none', rival) })
    expect(found).toMatchObject({ name: 'replaced', atFinalDepth: true })
  })

  test('one whose outpoint nobody made, as far as is known, may still be seen', () => {
    const orphan = aCandidate({ txid: CHILD.txid, spends: `${aTxid('9')}:0` })
    const splice = { ...known, candidates: [orphan, seen] }
    expect(verdict({ splice, chain: spent(atDepth(6), 'none', rival) }).name).toBe('unseen')
  })

  test('of two that lost, the one that lost last says how deep', () => {
    const after = aSplicing(fundingOf(rival))
    const splice = {
      ...known,
      candidates: [seen, aCandidate({ txid: aTxid('8'), spends: fundingOf(rival) })],
    }
    const fundingSpends = [
      ...spent(atDepth(9), 'none', rival).fundingSpends,
      aFundingSpend({
        outpoint: fundingOf(rival),
        spender: aFundingSpender(fundingOf(rival), after, 'none', atDepth(5)),
      }),
    ]
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends } })).toMatchObject({
      name: 'replaced',
      depth: 5,
      atFinalDepth: false,
    })
  })

  test('without a chain source nothing is known of it, and nothing is said of its block', () => {
    const splice = { ...known, candidates: [{ ...seen, block: { height: 190, hash: aTxid('d') } }] }
    expect(verdict({ splice, chain: null })).toMatchObject({ name: 'not_known', blockMoved: false })
  })

  test('locked is what descends from it, too, and not what came before it', () => {
    const second = aSplicing(NEXT)
    const fundingSpends = [
      ...spent(atDepth(9)).fundingSpends,
      aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, second, 'none', atDepth(7)) }),
      aFundingSpend({ outpoint: fundingOf(second) }),
    ]
    const splice = locked(1)
    const descends = verdict({
      splice,
      chain: { fundingSpends: fundingSpends },
      channel: { funding: fundingOf(second) },
    })
    expect(descends).toMatchObject({ name: 'final', locked: true })
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends }, channel: { funding: FUNDING } }).locked).toBe(
      false,
    )
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends }, channel: { funding: null } }).locked).toBe(false)
  })

  test('a candidate once seen stays one, with its block as it is now', () => {
    const inBlock = { ...seen, block: { height: 190, hash: aTxid('d') } }
    const splice = { ...known, candidates: [inBlock] }
    expect(verdict({ splice, chain: spent(null) }).candidates).toEqual([{ ...inBlock, block: null }])
    expect(verdict({ splice }).candidates, 'its outpoint is unspent').toEqual([{ ...inBlock, block: null }])
    expect(verdict({ splice, chain: { fundingSpends: [] } }).candidates, 'not looked at').toEqual([inBlock])
    expect(verdict({ splice, chain: spent(195) }).candidates[0]?.block?.height).toBe(195)
  })

  test('one that an operator named confirms as any other, though no attempt explains it', () => {
    const splice = aLiveSplice({ state: 'pending', candidates: [seen] })
    expect(verdict({ splice, chain: spent(null) }).name).toBe('pending')
    expect(verdict({ splice, chain: spent(TIP) })).toMatchObject({ name: 'confirmed', depth: 1 })
  })

  test('a new one comes with its fee and feerate', () => {
    const [candidate] = verdict({ chain: spent(195) }).candidates
    expect(candidate).toEqual({
      txid: ours.txid,
      spends: FUNDING,
      feeSats: 300,
      feeRateSatPerKw: Math.floor(300_000 / ours.parsed.weight),
      seenAt: 0,
      seenAtHeight: null,
      block: { height: 195, hash: aTxid('d') },
    })
  })
})

describe('a chain source that is behind says nothing about a reorg', () => {
  const inBlock = aCandidate({ txid: ours.txid, block: { height: 190, hash: aTxid('d') } })
  const splice = aSubmittedSplice({ state: 'confirmed', candidates: [inBlock] })
  const at = (height: number, fundingSpends = spent(null).fundingSpends) => ({
    fundingSpends,
    tip: { height, hash: aTxid('e') },
  })

  test('the block of the candidate is above its tip', () => {
    const found = verdict({ splice, chain: at(189) })
    expect(found).toMatchObject({ name: 'not_known', candidates: [inBlock], blockMoved: false })
  })

  test('its tip is where the block of the candidate was', () => {
    const found = verdict({ splice, chain: at(190) })
    expect(found).toMatchObject({ name: 'pending', candidates: [{ block: null }], blockMoved: true })
  })

  test('it is in the same block, or in another one', () => {
    expect(verdict({ splice, chain: spent(190) }).blockMoved).toBe(false)
    const waiting = aCandidate({ txid: rival.txid })
    const beside = { ...splice, candidates: [waiting, inBlock] }
    expect(verdict({ splice: beside, chain: spent(190) }).blockMoved, 'beside another').toBe(false)
    const left = {
      ...beside,
      candidates: [waiting, { ...inBlock, block: { height: 190, hash: aTxid('7') } }],
    }
    expect(verdict({ splice: left, chain: spent(190) }).blockMoved, 'beside another').toBe(true)
    const other = { ...inBlock, block: { height: 190, hash: aTxid('7') } }
    expect(verdict({ splice: { ...splice, candidates: [other] }, chain: spent(190) }).blockMoved).toBe(true)
    expect(verdict({ splice: aSubmittedSplice({ candidates: [seen] }), chain: spent(190) }).blockMoved).toBe(false)
  })
})

test('a close is final only when everything on the way to it is', () => {
  const walked = (splicing: number, closing: number) => ({
    fundingSpends: [
      ...spent(atDepth(splicing), 'none').fundingSpends,
      aFundingSpend({
        outpoint: NEXT,
        spender: aFundingSpender(NEXT, aCommitment(NEXT), 'none', atDepth(closing)),
      }),
    ],
  })
  const splice = aSubmittedSplice({ fundingHistory: [FUNDING, NEXT] })
  expect(verdict({ splice, chain: walked(9, 5) })).toMatchObject({
    name: 'closed',
    depth: 5,
    atFinalDepth: false,
  })
  expect(verdict({ splice, chain: walked(9, 6) })).toMatchObject({
    name: 'closed',
    depth: 6,
    atFinalDepth: true,
  })
})

describe('what has our effect and is not ours', () => {
  const unexplained = { name: 'foreign_pending', effectWithoutAttempt: ours.txid, candidates: [] } as const

  test('a splice without an attempt has no candidates', () => {
    expect(verdict({ splice: aLiveSplice(), chain: spent(null) })).toMatchObject(unexplained)
  })

  test('what spends an outpoint before the first funding outpoint is not explained by an attempt on a later one', () => {
    const splice = aSubmittedSplice({
      fundingHistory: [FUNDING, NEXT],
      submittedOn: NEXT,
      attempts: [anAttempt({ submittedOn: NEXT })],
    })
    expect(verdict({ splice, chain: moved(190), channel: onNext })).toMatchObject({
      candidates: [],
      effectWithoutAttempt: ours.txid,
    })
  })

  test('what spends the funding outpoint, or an outpoint after it, is', () => {
    const splice = aSubmittedSplice({ fundingHistory: [FUNDING] })
    const later = aSplicing(NEXT)
    const fundingSpends = [
      ...spent(190, 'none').fundingSpends,
      aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, later, 'ours') }),
    ]
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends }, channel: onNext })).toMatchObject({
      name: 'pending',
      effectWithoutAttempt: null,
    })
  })

  test('what was paid since a backup is reported, but not of one that has ended', () => {
    const chain = { earlierEffect: aTxid('9') }
    expect(verdict({ chain }).effectWithoutAttempt).toBe(aTxid('9'))
    const ended = aSubmittedSplice({ state: 'failed' })
    expect(verdict({ splice: ended, chain }).effectWithoutAttempt).toBeNull()
  })

  test('a second one beside the one in a block is an anomaly as soon as it is seen', () => {
    const later = aSplicing(NEXT)
    const second = (height: number | null) => ({
      fundingSpends: [
        ...spent(190).fundingSpends,
        aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, later, 'ours', height) }),
      ],
    })
    expect(verdict({ chain: second(195), channel: onNext }).secondEffect).toBe(later.txid)
    expect(verdict({ chain: second(null), channel: onNext }).secondEffect).toBe(later.txid)
    expect(verdict({ chain: spent(190), channel: onNext }).secondEffect).toBeNull()
    const both = aSubmittedSplice({ candidates: [seen, aCandidate({ txid: later.txid, spends: NEXT })] })
    expect(verdict({ splice: both, chain: spent(190) }).secondEffect, 'not seen now').toBeNull()
    const bumped = aSubmittedSplice({ candidates: [aCandidate({ txid: rival.txid }), seen] })
    expect(verdict({ splice: bumped, chain: spent(190) }).secondEffect, 'of the same outpoint').toBeNull()
    expect(verdict({ splice: both, chain: spent(null) }).secondEffect, 'none in a block').toBeNull()
  })
})

describe('balanceSignals', () => {
  // The baseline of the submitted splice is 0 and 0; half of its amount is 25,000.
  const cases: (readonly [string, Given['channel'], boolean])[] = [
    ['nothing moved', {}, false],
    ['claimable down by just under half', { claimableSats: 575_001 }, false],
    ['claimable down by exactly half', { claimableSats: 575_000 }, true],
    ['claimable up by exactly half', { claimableSats: 625_000 }, true],
    ['the fee of the close is counted in', { claimableSats: 575_000, closeFeeSats: 1 }, false],
    ['the node does not tell', { claimableSats: null }, false],
    ['reserved up by just under half', { outboundMsat: 575_001_000, claimableSats: 575_001 }, false],
    ['reserved up by exactly half', { outboundMsat: 575_000_000, claimableSats: 575_000 }, true],
    ['a payment that went to the peer', { outboundMsat: 1_000, inboundMsat: 999_999_000, claimableSats: 1 }, false],
    ['a negotiation', { negotiation: 'active' }, true],
    ['none', { negotiation: 'none' }, false],
    ['a candidate, as the node reports it', { candidates: [{ txid: ours.txid, signed: false }] }, true],
    ['none, as the node reports it', { candidates: [] }, false],
  ]
  test.each(cases)('%s', (_says, channel, isBusy) => expect(verdict({ channel: channel ?? {} }).isBusy).toBe(isBusy))

  test('a spent funding stirs, a foreign lock does not, and without a look nothing is said', () => {
    expect(verdict({ chain: spent(null, 'none') }).isBusy).toBe(true)
    expect(verdict({ chain: null }).isBusy).toBe(true)
    expect(verdict({ chain: moved(190, 'none'), channel: onNext }).isBusy).toBe(false)
    expect(verdict({ channel: null }), 'the channel is gone, and its peer with it').toMatchObject({
      channelGone: true,
      peerConnected: false,
      isBusy: false,
    })
    expect(verdict({ node: null, channel: null, chain: null }).isBusy).toBe(false)
  })

  const away = aChannel({ channelId: 'd'.repeat(64) })
  const picks = (node: Partial<NodeLook>, leaseScope: 'channel' | 'node' = 'node') =>
    verdict({ node: { capabilities: capabilities({ leaseScope: leaseScope }), ...node } }).isBusy
  test('a node that picks the channel itself may have picked another one that it lists', () => {
    expect(picks({})).toBe(false)
    expect(picks({ channels: [aChannel(), away] })).toBe(true)
    expect(picks({ channels: [aChannel(), { ...away, closing: true }] })).toBe(false)
    expect(picks({ channels: [aChannel(), away] }, 'channel')).toBe(false)
  })

  test('what a node lists as paid out since the first living attempt may be ours, whatever the channel', () => {
    const startedAt = anAttempt().startedAt
    const paid = (at: number, amountSats = 50_000) => picks({ payouts: [{ txid: ours.txid, amountSats, at }] })
    expect(paid(startedAt)).toBe(true)
    expect(paid(startedAt - 60_000), 'its clock may be behind').toBe(true)
    expect(paid(startedAt - 60_001), 'an earlier one').toBe(false)
    expect(paid(startedAt, 50_001), 'another amount').toBe(false)
    const splice = aSubmittedSplice({ attempts: [aNotExecutedAttempt()] })
    const payouts = [{ txid: ours.txid, amountSats: 50_000, at: NOW }]
    expect(verdict({ splice, node: { payouts } }).isBusy, 'no attempt is alive').toBe(false)
  })

  test('without a baseline no sign has moved', () => {
    const splice = aSubmittedSplice({ baseline: null })
    expect(verdict({ splice, channel: { claimableSats: 0 } }).isBusy).toBe(false)
  })
})

describe('a node that is not the one that was', () => {
  const older = (fundingSince: number): Given => ({
    more: { channelState: aChannelSeen({ earlier: [FUNDING], fundingSince }) },
  })
  const fundingHistory = aSubmittedSplice({ fundingHistory: [FUNDING, NEXT] })
  const cases: (readonly [string, Given, boolean])[] = [
    ['on the newest funding', { splice: fundingHistory, channel: onNext }, false],
    ['on an older funding of the funding history', { splice: fundingHistory }, true],
    ['on one that was seen earlier', { more: { channelState: aChannelSeen({ earlier: [FUNDING] }) } }, true],
    ['on none that it names', { channel: { funding: null } }, false],
    ['without the channel', { channel: null }, false],
    ['on one that nobody saw', { channel: { funding: `${aTxid('9')}:0` } }, false],
    ['another node id', { node: { nodeId: `02${'9'.repeat(64)}` } }, true],
    ['another network', { node: { network: 'bitcoin' } }, true],
    ['no look', { node: null, channel: null }, false],
    ['seen earlier, in a look from just after the lock', { ...older(NOW - 1) }, true],
    ['seen earlier, in a look from before the lock', { ...older(NOW) }, false],
    ['on an older funding, never written down', { splice: fundingHistory, more: { channelState: null } }, false],
  ]
  test.each(cases)('%s', (_says, given, back) => expect(verdict(given).nodeWentBack).toBe(back))

  test('what another node says is not taken for its word', () => {
    const node = {
      nodeId: `02${'9'.repeat(64)}`,
      capabilities: capabilities({ nonExecutionProofs: ['quiet_absence'] }),
    }
    expect(verdict({ node })).toMatchObject({
      peerConnected: null,
      balanceSignals: null,
      isBusy: false,
      nonExecutionProofs: [],
      channelGone: false,
    })
    expect(verdict({ node, channel: null }).channelGone).toBe(false)
  })

  test('the funding history grows by what the node stands on, along the walk, and never back', () => {
    const chain = moved(190, 'none')
    expect(verdict({ chain, channel: onNext }).fundingHistory).toEqual([FUNDING, NEXT])
    expect(verdict({ chain }).fundingHistory).toEqual([FUNDING])
    expect(verdict({ channel: onNext }).fundingHistory, 'not on the walk').toEqual([FUNDING])
    expect(verdict({ chain, channel: { funding: null } }).fundingHistory).toEqual([FUNDING])
    const further = {
      fundingSpends: [...chain.fundingSpends, aFundingSpend({ outpoint: `${aTxid('9')}:0` })],
    }
    expect(verdict({ chain: further, channel: onNext }).fundingHistory, 'no further').toEqual([FUNDING, NEXT])
    const earlier = { channelState: aChannelSeen({ earlier: [NEXT] }) }
    expect(verdict({ chain, channel: onNext, more: earlier }).fundingHistory).toEqual([FUNDING])
  })
})

describe('the watch', () => {
  const watched = aSubmittedSplice({ state: 'settled', watch: { from: FUNDING, untilHeight: null } })
  const second = aSplicing(NEXT)
  const both = (height: number | null) => [
    ...spent(190).fundingSpends,
    aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, second, 'none', height) }),
  ]
  const close = (height: number | null) => [
    aFundingSpend({ spender: aFundingSpender(FUNDING, aCommitment(FUNDING), 'none', height) }),
  ]
  const elsewhere: Splice = { ...watched, watch: { from: `${aTxid('9')}:0`, untilHeight: null } }
  test.each<[string, Splice, ReturnType<typeof aFundingSpend>[], boolean]>([
    ['nothing is spent', watched, [aFundingSpend()], false],
    ['the first outpoint is spent', watched, moved(190).fundingSpends, false],
    ['both are spent, the second six deep', watched, both(atDepth(6)), true],
    ['both are spent, the second five deep', watched, both(atDepth(5)), false],
    ['both are spent, the second in the mempool', watched, both(null), false],
    ['the first is spent by a close, final', watched, close(atDepth(6)), true],
    ['the first is spent by a close, five deep', watched, close(atDepth(5)), false],
    ['the watched outpoint is not on the walk', elsewhere, both(190), false],
    ['the same, and the walk ends in a close', elsewhere, close(atDepth(6)), false],
    ['one was spent before the watch', { ...watched, watch: { from: NEXT, untilHeight: null } }, both(190), false],
    ['one beside them is spent', watched, [...moved(190).fundingSpends, ...spent(190).fundingSpends], false],
    ['nothing is watched', { ...watched, watch: null }, both(190), false],
  ])('%s', (_says, splice, fundingSpends, expected) =>
    expect(verdict({ splice, chain: { fundingSpends: fundingSpends } }).watchedSpent).toBe(expected),
  )
})

test('what the relay and the operator said is passed on', () => {
  const more = { nodeState: aNodeSeen({ processStarts: [1, 2] }), quietAbsenceMs: 7 }
  expect(verdict({ more })).toMatchObject({ processStarts: [1, 2], quietAbsenceMs: 7 })
  expect(verdict({ more: { nodeState: null } }).processStarts).toEqual([])
  expect(
    verdict({ node: { capabilities: capabilities({ nonExecutionProofs: ['node_idle'] }) } }).nonExecutionProofs,
  ).toEqual(['node_idle'])
})

test('a replacement that the node signed and no source shows is one that none of the candidates is', () => {
  const splice = aSubmittedSplice({ candidates: [seen, aCandidate({ txid: rival.txid })] })
  const reported = (txid: string, signed: boolean) =>
    verdict({ splice, channel: { candidates: [{ txid, signed }] } }).signedUnseen
  expect(reported(ours.txid, true)).toBe(false)
  expect(reported(aTxid('9'), true)).toBe(true)
  expect(reported(aTxid('9'), false)).toBe(false)
  expect(verdict({ splice }).signedUnseen).toBe(false)
})

test('where the walk forks, an output that nobody spent says nothing of what was spent beside it', () => {
  const fundingSpends = [
    ...spent(atDepth(9), 'none').fundingSpends,
    aFundingSpend({ outpoint: `${ours.txid}:1` }),
    aFundingSpend({ outpoint: NEXT, spender: aFundingSpender(NEXT, aSplicing(NEXT), 'none', atDepth(6)) }),
  ]
  expect(verdict({ chain: { fundingSpends: fundingSpends }, node: null, channel: null })).toMatchObject({
    name: 'foreign_pending',
    depth: 6,
  })
})

test('an unconfirmed funding is known unspent only on a channel that is known to be zero-conf', () => {
  const fundingSpends = [aFundingSpend({ own: 'mempool' })]
  expect(verdict({ chain: { fundingSpends: fundingSpends }, node: null, channel: null }).name).toBe('not_known')
})
