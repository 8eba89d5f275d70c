/** The weight of a signed P2WPKH input, as Core Lightning estimates it. */
export const INPUT_WEIGHT = 272
export const P2WPKH_OUTPUT_WEIGHT = 124
/** Common fields, the shared input with two signatures, the new funding output. */
const SPLICE_BASE_WEIGHT = 42 + 386 + 172

export function outputWeight(script: string): number {
  return (9 + script.length / 2) * 4
}

/** The fee for a weight at a feerate in sat per 1000 weight, rounded down as Core Lightning does. */
export function feeOf(weight: number, feeRateSatPerKw: number): number {
  return Math.floor((weight * feeRateSatPerKw) / 1000)
}

/** The weight that a splice's initiator pays for; `outputs`: the scripts of all outputs except the funding's. */
export function spliceWeight(walletInputs: number, outputs: readonly string[]): number {
  return (
    SPLICE_BASE_WEIGHT + walletInputs * INPUT_WEIGHT + outputs.reduce((sum, script) => sum + outputWeight(script), 0)
  )
}
