import { describe, expect, test } from 'vitest'
import type { Splice } from '../../../core/splice/splice.ts'
import type { Verdict } from '../../../core/splice/verdict.ts'
import { aFundingSpend, aFundingSpender } from '../../../harness/looks/chain.ts'
import { capabilities } from '../../../harness/looks/node.ts'
import { aCandidate, aNotExecutedAttempt } from '../../../harness/records/attempts.ts'
import { aLiveSplice, aSubmittedSplice } from '../../../harness/records/splices.ts'
import { aNodeSeen } from '../../../harness/records/states.ts'
import { aCommitment, aSplicing, fundingOf } from '../../../harness/transactions.ts'
import { FUNDING, NOW, TIP, aTxid } from '../../../harness/values.ts'
import { NEXT, atDepth, moved, onNext, ours, rival, seen, spent, verdict, type Given } from './verdict-of.ts'

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

test('what the relay and the operator said is passed on', () => {
  const more = { nodeState: aNodeSeen({ processStarts: [1, 2] }), quietAbsenceMs: 7 }
  expect(verdict({ more })).toMatchObject({ processStarts: [1, 2], quietAbsenceMs: 7 })
  expect(verdict({ more: { nodeState: null } }).processStarts).toEqual([])
  expect(
    verdict({ node: { capabilities: capabilities({ nonExecutionProofs: ['node_idle'] }) } }).nonExecutionProofs,
  ).toEqual(['node_idle'])
})

test('an unconfirmed funding is known unspent only on a channel that is known to be zero-conf', () => {
  const fundingSpends = [aFundingSpend({ own: 'mempool' })]
  expect(verdict({ chain: { fundingSpends: fundingSpends }, node: null, channel: null }).name).toBe('not_known')
})
