import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_HINT } from '../../core/ports/chain.ts'
import { pathBack, walkBack, walkFundingHistory } from '../../core/chain/funding-history.ts'
import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import type { ChainPort } from '../../core/ports/ports.ts'
import { err, ok } from '../../core/values/result.ts'
import { parseTransaction, spends } from '../../core/bitcoin/transaction.ts'
import { FUNDING, CALL } from '../../harness/values.ts'
import { bytes, transactions } from './transaction-bytes.ts'

const answers = fc.record({
  hex: fc.oneof(
    bytes.map((raw) => raw.toString('hex')),
    transactions.map((tx) => tx.toHex()),
  ),
  honest: fc.boolean(),
  txid: fc.constantFrom('a'.repeat(64), 'b'.repeat(64)),
  time: fc.nat(),
  known: fc.constantFrom('known', 'absent', 'fault'),
})

type Answer = typeof answers extends fc.Arbitrary<infer A> ? A : never

/** A chain source of any answers, in turn; counts how often it was asked. */
function chainOf(all: readonly Answer[]) {
  let asked = 0
  const next = (outpoint: Outpoint | null) => {
    const answer = all[asked++ % all.length]
    if (answer === undefined || answer.known === 'fault') return err({ class: 'unreachable', message: 'no' } as const)
    if (answer.known === 'absent') return ok(null)
    const parsed = parseTransaction(answer.hex)
    const block = { height: 100, hash: 'b'.repeat(64), time: answer.time }
    const tx = {
      txid: answer.honest ? (parsed?.txid ?? answer.txid) : answer.txid,
      hex: answer.hex,
      block,
      feeSats: null,
    }
    return ok({ tx, spends: outpoint !== null && parsed !== null && spends(parsed, outpoint) })
  }
  const refuse = async () => err({ class: 'unreachable', message: 'not asked for' } as const)
  const chain: ChainPort = {
    tip: refuse,
    blockHash: refuse,
    feeRateSatPerKw: refuse,
    broadcast: refuse,
    transaction: async () => {
      const answer = next(null)
      return answer.ok ? ok(answer.value?.tx ?? null) : answer
    },
    spend: async (outpoint) => {
      const answer = next(outpoint)
      return answer.ok ? ok({ own: 'confirmed', valueSats: 1, spender: answer.value?.tx ?? null }) : answer
    },
  }
  return { chain, asked: () => asked }
}

test('a walk along a funding history ends, whatever a chain source answers, and names only spenders that spend', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 8 }), async (all) => {
      const { chain, asked } = chainOf(all)
      const walk = {
        from: FUNDING,
        current: null,
        known: [],
        hintOf: () => NO_HINT,
        effectOf: async () => 'none' as const,
      }
      const walked = await walkFundingHistory(walk, chain, CALL)
      for (const { outpoint, spender } of walked.ok ? walked.value.fundingSpends : [])
        if (spender !== null) expect(spends(spender.parsed, outpoint)).toBe(true)
      const path = await pathBack(`${'a'.repeat(64)}:0`, [FUNDING], chain, CALL)
      for (const step of path.ok ? path.value.steps : []) expect(spends(step.parsed, step.spends)).toBe(true)
      await walkBack(`${'a'.repeat(64)}:0`, 1_000, async () => false, chain, CALL)
      expect(asked()).toBeLessThan(1_500)
    }),
    { seed: 5, numRuns: 300 },
  )
})
