import { broadcast, noteSigned } from './broadcast.ts'
import { parsed } from '../chain/transaction-index.ts'
import { answered, codes, refused, type Outcome } from './answer.ts'
import { exchange } from './cuts.ts'
import { note, setState, type Own } from './own.ts'
import { encodePsbt, transactionOf, type Psbt } from './psbt.ts'
import { finalised, withSharedSignatures } from './splice-psbt.ts'
import type { ClnChannel, ClnInflight } from './state.ts'

/**
 * Sends our tx_signatures, after which there is no way back, and broadcasts the transaction. If the broadcast
 * fails (350), the splice stays signed and pending.
 */
export function sign(own: Own, channel: ClnChannel, inflight: ClnInflight, psbt: Psbt): Outcome {
  const complete = finalised(psbt)
  if (complete === null) return refused(codes.stateError, 'Splice PSBT is missing signatures: user sig(s) missing')
  inflight.funding.hex = complete.tx.toHex()
  const interrupted = exchange(own, channel, [{ by: 'us', message: 'TX_SIGNATURES' }])
  if (interrupted !== null) return interrupted
  record(own, channel, inflight)
  const sent: { rejection: string | null } = { rejection: null }
  const cut = exchange(own, channel, [
    { by: 'us', message: 'BROADCAST', then: () => (sent.rejection = broadcast(own, channel, inflight)) },
  ])
  if (cut !== null) return cut
  const { txid, vout, hex } = inflight.funding
  if (sent.rejection !== null)
    return refused(
      codes.broadcastFailed,
      `Error broadcasting splice error code: ${sent.rejection}\\n. Unsent tx discarded ${hex}.`,
    )
  return answered({ tx: hex, txid, outnum: vout, psbt: encodePsbt(complete.psbt) })
}

/** Records the splice in our database. The channel now waits for its confirmation. */
function record(own: Own, channel: ClnChannel, inflight: ClnInflight): void {
  const isBump = channel.inflights.some((other) => other !== inflight && other.signed && other.ours)
  inflight.signed = true
  inflight.peerHas = true
  channel.negotiation = null
  noteSigned(own, channel, inflight)
  const kind = inflight.spliceAmountSats < 0 ? 'splice_out' : 'splice_in'
  const detail = { outcome: 'taken', status: 0, why: null, method: isBump ? 'bump' : kind }
  note(own, 'request_executed', { channel, txid: inflight.funding.txid }, detail)
  setState(own, channel, 'CHANNELD_AWAITING_SPLICE', 'user', 'Splice signatures sent')
}

/** After a reconnection, completes a splice that both sides committed to if no input is our wallet's. */
export function resume(own: Own, channel: ClnChannel): void {
  const { negotiation, inflights } = channel
  const waiting = inflights.find(({ resumes, signed, peerHas }) => resumes && peerHas && !signed)
  if (waiting === undefined || negotiation !== null) return
  const unsigned = parsed(waiting.funding.hex)
  const psbt: Psbt = {
    version: 2,
    locktime: unsigned.locktime,
    global: new Map(),
    inputs: unsigned.inputs.map(({ outpoint, sequence }) => ({
      outpoint,
      sequence,
      map: sharedFields(own, channel),
    })),
    outputs: unsigned.outputs.map((output) => ({ ...output, map: new Map() })),
  }
  sign(own, channel, waiting, withSharedSignatures(own, channel, psbt))
}

function sharedFields({ ctx }: Own, channel: ClnChannel): Map<string, string> {
  const { witnessScript } = ctx.keys.funding(channel.funding.keyPath)
  return new Map([['05', Buffer.from(witnessScript).toString('hex')]])
}

/** The txid of a PSBT's transaction. */
export function txidOf(psbt: Psbt): string {
  return transactionOf(psbt).getId()
}
