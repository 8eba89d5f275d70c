import { describe, expect, test } from 'vitest'
import { advance } from '../../core/decision/advance.ts'
import type { Observation } from '../../core/decision/observation.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { Bump, Splice } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import { aBump, anEndedBump, aPendingSplice, FIRST, SECOND } from '../../harness/records/bumps.ts'
import { aCandidate } from '../../harness/records/attempts.ts'
import { aChain, aChainWith } from '../../harness/looks/chain.ts'
import { aChannel, aLook, capabilities } from '../../harness/looks/node.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'
import { FUNDING, NOW, policy, TIP } from '../../harness/values.ts'
import { aSplicing } from '../../harness/transactions.ts'

const RIVAL = aSplicing(FUNDING, 800_000)
const able = (more: Parameters<typeof capabilities>[0] = {}) =>
  aLook({ capabilities: capabilities({ bump: true, ...more }) })

function look(splice: Splice, observation: Partial<Observation> = {}, now: Instant = NOW) {
  const seen = aPendingObservation({ at: now, ...observation })
  const advanced = advance(splice, seen, { now, policy })
  const bump = advanced.splice.bumps.at(-1) ?? null
  const said = advanced.splice.events.map(({ type }) => type)
  return { ...advanced, bump, said, act: advanced.decision.act }
}

/** One with an open bump. */
const bumping = (bump: Partial<Bump> = {}, overrides: Partial<Splice> = {}): Splice =>
  aPendingSplice({ bumps: [aBump(bump)], ...overrides })

describe('auto_bump: the splice was ordered with so many blocks', () => {
  const budget = { ...aPendingSplice().budget, maxFeeRateSatPerKw: 5_000 }
  const auto = (overrides: Partial<Splice> = {}): Splice =>
    aPendingSplice({ autoBumpAfterBlocks: 10, budget, ...overrides })
  const tip = (height: number): Partial<Observation> => ({
    chain: { ...aChainWith(FIRST), tip: { height, hash: FIRST.txid } },
    node: { ...able(), tipHeight: height },
  })

  test('opens one, which is asked for in the same look', () => {
    const { bump, act, rulesTaken: rulesTaken, said, splice } = look(auto())
    expect(rulesTaken).toEqual(['auto_bump', 'bump'])
    expect(act).toBe('bump')
    expect(said).toEqual([])
    expect(bump).toEqual({
      ...aBump(),
      id: bumpIdOf(splice.id, 'policy', '1'),
      by: 'policy',
      bodyHash: '',
      openedAt: NOW,
      openedAtHeight: TIP,
    })
    expect(splice.timeline.at(-1)?.why).toBe('fee bump by policy: unconfirmed for too long')
  })

  test.each([
    ['one block before', 199, false],
    ['at its time', 200, true],
    ['long after', 300, true],
  ])('its transaction was seen at height 190: %s', (_says, height, opened) => {
    expect(look(auto(), tip(height)).splice.bumps).toHaveLength(opened ? 1 : 0)
  })

  test.each([
    [anEndedBump('abandoned', { openedAtHeight: 195 }), 204, false],
    [anEndedBump('abandoned', { openedAtHeight: 195 }), 205, true],
    [anEndedBump('done', { openedAtHeight: 195 }), 204, false],
    [anEndedBump('abandoned', { openedAtHeight: 180 }), 199, false],
    [anEndedBump('abandoned', { openedAtHeight: null }), 200, true],
  ])('after an ended one it counts from the later of the two: %#', (ended, height, opened) => {
    const { splice, bump } = look(auto({ bumps: [ended] }), tip(height))
    expect(splice.bumps).toHaveLength(opened ? 2 : 1)
    if (opened) expect(bump?.id).toBe(bumpIdOf(splice.id, 'policy', '2'))
  })

  test('the newest of several ended ones counts', () => {
    const bumps = [
      anEndedBump('abandoned', { id: 'a', openedAtHeight: 150 }),
      anEndedBump('abandoned', { id: 'b', openedAtHeight: 195 }),
    ]
    expect(look(auto({ bumps }), tip(204)).splice.bumps).toHaveLength(2)
  })

  const ended = (count: number) =>
    Array.from({ length: count }, (_, n) => anEndedBump('abandoned', { id: `b${n}`, openedAtHeight: 100 }))
  test.each<[string, Splice, Partial<Observation>, boolean]>([
    ['ordered without', auto({ autoBumpAfterBlocks: null }), {}, false],
    ['nine before', auto({ bumps: ended(9) }), {}, true],
    ['ten before', auto({ bumps: ended(10) }), {}, false],
    ['zero-conf', auto(), { channel: aChannel({ lockDepth: 0 }) }, false],
    ['a lock depth that is not known', auto(), { channel: aChannel({ lockDepth: null }) }, false],
    ['no channel', auto(), { channel: null, node: { ...able(), synced: false } }, false],
    ['the node away', auto(), { node: null, channel: null }, false],
    ['a node that does not bump', auto(), { node: able({ bump: false }) }, false],
    ['a node without the guard', auto(), { node: able({ overlapGuard: false }) }, false],
    ['a splice-in', auto({ kind: 'splice_in' }), {}, false],
    ['no chain source', auto(), { chain: null }, false],
    ['the transaction not to be seen, its fee known', auto(), { chain: aChain() }, true],
    ['another in its place', auto(), { chain: aChainWith(RIVAL, { effect: 'none' }) }, false],
    ['a reorg nine blocks ago', auto({ reorgedAtHeight: 191 }), {}, false],
    ['a reorg ten blocks ago', auto({ reorgedAtHeight: 190 }), {}, true],
    ['in a block', auto(), { chain: aChainWith(FIRST, { height: TIP }) }, false],
    ['in need of attention', auto({ state: 'needs_attention' }), { chain: aChain() }, false],
  ])('%s', (_says, splice, observation, opened) => {
    expect(look(splice, observation).splice.bumps.length).toBe(splice.bumps.length + (opened ? 1 : 0))
  })

  test.each<[string, Partial<Bump>]>([
    ['that is asked for', {}],
    ['that waits', { nextAttemptAt: NOW + 1 }],
  ])('not beside an open one %s', (_says, open) => {
    const { splice, actions } = look(auto({ bumps: [aBump({ openedAtHeight: 100, ...open })] }))
    expect(splice.bumps).toHaveLength(1)
    expect(actions).toEqual([])
  })

  // The worst case of a node that chooses is half as much again as the estimate.
  test.each<[string, number | null, Partial<Parameters<typeof capabilities>[0]>, boolean]>([
    ['just under the ceiling', 3_333, {}, true],
    ['over it', 3_334, {}, false],
    ['not known', null, {}, false],
    ['just under the ceiling, where the price is ours', 5_000, { setsFeeRate: true }, true],
    ['over it, where the price is ours', 5_001, { setsFeeRate: true }, false],
    ['not known, where the price is ours', null, { setsFeeRate: true }, true],
  ])('the market: %s', (_says, feeRateSatPerKw, can, opened) => {
    const chain = { ...aChainWith(FIRST), feeRateSatPerKw }
    expect(look(auto(), { chain, node: able(can) }).splice.bumps).toHaveLength(opened ? 1 : 0)
  })

  test('a market that falls under the ceiling is taken at the next look', () => {
    const dear = look(auto(), { chain: { ...aChainWith(FIRST), feeRateSatPerKw: 9_000 } })
    expect(dear.splice.bumps).toEqual([])
    expect(look(dear.splice, {}, NOW + 60_000).splice.bumps).toHaveLength(1)
  })

  test('a transaction that an operator named is counted from the look that first finds it', () => {
    const named = auto({ candidates: [aCandidate({ txid: FIRST.txid, seenAtHeight: null })] })
    const { splice } = look(named)
    expect(splice.bumps).toEqual([])
    expect(look(splice, tip(TIP + 9), NOW + 1).splice.bumps).toEqual([])
    expect(look(splice, tip(TIP + 10), NOW + 1).splice.bumps).toHaveLength(1)
  })

  test('at most five are opened by policy; those of a client do not count', () => {
    const by = (who: Bump['by'], count: number) =>
      Array.from({ length: count }, (_, n) =>
        anEndedBump('abandoned', { id: `${who}${n}`, by: who, openedAtHeight: 100 }),
      )
    expect(look(auto({ bumps: by('policy', 4) })).splice.bumps).toHaveLength(5)
    expect(look(auto({ bumps: by('policy', 5) })).splice.bumps).toHaveLength(5)
    expect(look(auto({ bumps: [...by('client', 5), ...by('policy', 4)] })).splice.bumps).toHaveLength(10)
  })

  // 1 sat/vB over the 1000 sat/kw that stand.
  test.each([
    ['not_relayed', 1_249, false],
    ['not_relayed', 1_250, true],
    ['not_relayed', null, false],
    ['budget_spent', 1_000, true],
  ])('after one that ended as %s, in a market of %s: %s', (code, feeRateSatPerKw, opened) => {
    const outcome = { result: 'abandoned', code, message: 'x', txid: null, at: 1 } as const
    const bumps = [anEndedBump('abandoned', { openedAtHeight: 100, outcome })]
    const { splice } = look(auto({ bumps }), {
      chain: { ...aChainWith(FIRST), feeRateSatPerKw },
      node: { ...able(), feeRateSatPerKw: 1_500 },
    })
    expect(splice.bumps).toHaveLength(opened ? 2 : 1)
  })
})

test('a replacement of a replacement: the second bump starts from the newest candidate', () => {
  const first = look(bumping(), { chain: aChainWith(SECOND, { feeSats: 900 }) }).splice
  const auto: Splice = {
    ...first,
    autoBumpAfterBlocks: 1,
    bumps: first.bumps.map((bump) => ({ ...bump, openedAtHeight: 150 })),
    candidates: first.candidates.map((candidate) => ({ ...candidate, seenAtHeight: 150 })),
  }
  const { bump } = look(auto, { chain: aChainWith(SECOND, { feeSats: 900 }) })
  expect(bump?.from).toEqual({ txid: SECOND.txid, feeRateSatPerKw: 1_510 })
})
