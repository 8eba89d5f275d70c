import { answered, codes, refused, type Outcome } from './answer.ts'
import { exchange } from './cuts.ts'
import { feeRates } from './feerates.ts'
import { note, type Own } from './own.ts'
import { encodePsbt, transactionOf, type Psbt } from './psbt.ts'
import { fundingScript, sharedAt, withSharedSignatures } from './splice-psbt.ts'
import type { ClnChannel, ClnInflight, ClnNegotiation } from './state.ts'
import { feeOf, spliceWeight } from './weight.ts'

/** Both sides send tx_complete and exchange commitment_signed. The peer contributes less, so it signs first. */
export function commit(own: Own, channel: ClnChannel, negotiation: ClnNegotiation, psbt: Psbt): Outcome {
  const wrong = faultOf(own, channel, negotiation, psbt)
  if (wrong !== null) {
    channel.negotiation = null
    note(own, 'round_failed', { channel }, { why: 'we aborted' })
    return wrong
  }
  const inflight = inflightOf(own, channel, negotiation, psbt)
  const interrupted = exchange(own, channel, [
    { by: 'us', message: 'TX_COMPLETE' },
    { by: 'peer', message: 'TX_COMPLETE', then: () => add(own, channel, negotiation, inflight) },
    { by: 'peer', message: 'COMMITMENT_SIGNED', then: () => (inflight.hasScratch = true) },
    { by: 'us', message: 'COMMITMENT_SIGNED', then: () => (inflight.peerHas = true) },
    { by: 'peer', message: 'TX_SIGNATURES' },
  ])
  if (interrupted !== null) return interrupted
  const secured = withSharedSignatures(own, channel, psbt)
  return answered({ psbt: encodePsbt(secured), commitments_secured: true, signatures_secured: true })
}

function inflightOf(own: Own, channel: ClnChannel, negotiation: ClnNegotiation, psbt: Psbt): ClnInflight {
  const tx = transactionOf(psbt)
  const script = fundingScript(own, channel)
  const vout = psbt.outputs.findIndex((output) => output.script === script)
  const valueSats = channel.funding.valueSats + negotiation.relativeSats
  return {
    funding: { txid: tx.getId(), vout, hex: tx.toHex(), valueSats, keyPath: channel.funding.keyPath },
    feeRateSatPerKw: negotiation.feeRateSatPerKw,
    spliceAmountSats: negotiation.relativeSats,
    ours: true,
    hasScratch: false,
    signed: false,
    peerHas: false,
    resumes: psbt.inputs.length === 1,
    abortsLeft: 1,
  }
}

function add(own: Own, channel: ClnChannel, negotiation: ClnNegotiation, inflight: ClnInflight): void {
  negotiation.committedTxid = inflight.funding.txid
  channel.inflights.push(inflight)
  note(own, 'commitment_accepted', { channel, txid: inflight.funding.txid })
}

/** Why a transaction must not be committed to; null if it may be. */
function faultOf(own: Own, channel: ClnChannel, negotiation: ClnNegotiation, psbt: Psbt): Outcome | null {
  const { relativeSats, feeRateSatPerKw, forceFeeRate } = negotiation
  const script = fundingScript(own, channel)
  const [funding, ...more] = psbt.outputs.filter((output) => output.script === script)
  if (sharedAt(channel, psbt) < 0 || more.length > 0 || funding === undefined)
    return refused(codes.inputError, 'The splice PSBT lacks the shared input or the funding output')
  if (funding.amountSats !== channel.funding.valueSats + relativeSats)
    return refused(codes.fundingLow, 'Splice funding is not what was agreed')
  const ourSats = Math.floor(channel.ourMsat / 1000)
  if (-relativeSats > ourSats)
    return refused(
      codes.aborted,
      `Intiator is attempting to splice out ${relativeSats}sat funds out of channel while only having ${ourSats}sat funds attributable to them.`,
    )
  const inputSats = psbt.inputs.map(({ outpoint }) => own.ctx.chain.index.output(outpoint)?.amountSats ?? null)
  if (inputSats.includes(null)) return refused(codes.inputError, 'The splice PSBT spends an unknown output')
  const inSats = inputSats.reduce<number>((sum, sats) => sum + (sats ?? 0), 0)
  const feeSats = inSats - psbt.outputs.reduce((sum, { amountSats }) => sum + amountSats, 0)
  const others = psbt.outputs.filter((output) => output !== funding).map((output) => output.script)
  const weight = spliceWeight(psbt.inputs.length - 1, others)
  if (feeSats < feeOf(weight, feeRateSatPerKw)) return refused(codes.lowFee, `Splice fee of ${feeSats}sat is too low`)
  const isTooHigh = feeSats > feeOf(weight, feeRates(own).max)
  if (isTooHigh && !forceFeeRate && !own.node.behaviour.ignoreFeeLimits)
    return refused(codes.highFee, `Splice fee of ${feeSats}sat is too high`)
  return null
}
