import type { SpliceRequest } from '../../core/accept/accept-splice.ts'

/** A client's budget that leaves to the default what is not named. */
export function budget(named: Partial<SpliceRequest['budget']> = {}): SpliceRequest['budget'] {
  return { maxAttempts: null, deadline: null, maxFeeRateSatPerKw: null, maxFeeSats: null, ...named }
}
