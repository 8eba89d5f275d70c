import type { FundingSpend, FundingSpender } from '../../core/chain/funding-history.ts'
import type { ChainView } from '../../core/decision/observation.ts'
import { onChain, type Built } from '../transactions.ts'
import { FUNDING, TIP, aTxid } from '../values.ts'

export function aFundingSpender(
  spends: string,
  built: Built,
  effect: FundingSpender['effect'],
  height: number | null = null,
): FundingSpender {
  return { spends, tx: onChain(built, height), parsed: built.parsed, effect }
}

export function aFundingSpend(overrides: Partial<FundingSpend> = {}): FundingSpend {
  return { outpoint: FUNDING, own: 'confirmed', valueSats: 1_000_000, spender: null, ...overrides }
}

export function aChain(overrides: Partial<ChainView> = {}): ChainView {
  return {
    tip: { height: TIP, hash: aTxid('e') },
    fundingSpends: [aFundingSpend()],
    reachedFunding: true,
    unrecorded: [],
    earlierEffect: null,
    feeRateSatPerKw: 1_000,
    ...overrides,
  }
}

/** A mempool, or a block, with one spender of the funding outpoint. */
export function aChainWith(
  built: Built,
  { height = null, effect = 'ours', feeSats = 300 }: Partial<Shown> = {},
): ChainView {
  const spender = aFundingSpender(FUNDING, built, effect, height)
  return aChain({
    fundingSpends: [aFundingSpend({ spender: { ...spender, tx: { ...spender.tx, feeSats } } })],
  })
}

type Shown = {
  readonly height: number | null
  readonly effect: FundingSpender['effect']
  readonly feeSats: number | null
}
