import { classify } from '../decision/classify.ts'
import { readGates } from '../decision/gates.ts'
import { worstFeeRateSatPerKw, worstFeeSats } from '../decision/worst-fee.ts'
import { observe } from './observe.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'

/** The gates for a splice as they are now, and the amounts behind them; null: unknown. */
export type GatePreview = {
  readonly gates: readonly { name: string; open: boolean; message: string | null }[]
  readonly estimatedFeeSats: number | null
  readonly feeRateSatPerKw: number | null
  readonly outboundSats: number | null
  readonly spendableSats: number | null
}

/** Observes node and chain for a splice that is not stored, and reads its gates. Changes nothing. */
export async function previewGates(draft: Splice, ports: Ports, policy: Policy): Promise<GatePreview> {
  const observation = await observe(draft, ports, null)
  const context = { now: ports.clock.now(), policy }
  const verdict = classify(draft, observation, policy)
  const { splice } = step(draft, { type: 'looked', verdict }, context)
  const readings = readGates({ splice, observation, verdict, ...context })
  return {
    gates: readings.map(({ name, shut }) => ({
      name,
      open: shut === null,
      message: shut?.message ?? null,
    })),
    estimatedFeeSats: worstFeeSats(draft.kind, observation),
    feeRateSatPerKw: worstFeeRateSatPerKw(observation),
    outboundSats: observation.channel === null ? null : Math.floor(observation.channel.outboundMsat / 1_000),
    spendableSats: observation.node?.spendableSats ?? null,
  }
}
