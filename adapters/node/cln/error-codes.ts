/**
 * Maps Core Lightning's error codes to results. The numbers of splices (350 to 363), of the wallet (301 to 313) and of
 * runes (1501 to 1503) are those of `common/jsonrpc_errors.h`; -32601 and -32602 are JSON-RPC 2.0's. Which code comes
 * before which step was read from the sources and observed on real nodes: docs/reference/cln-observed.md.
 */

import type { NodeFault } from '../../../core/ports/node.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { plain, type ClnFault } from './rpc.ts'

type Refused = Extract<CommandResult, { type: 'refused' }>
type Meaning = Pick<Refused, 'class' | 'reason'>

const MAX_MESSAGE_CHARACTERS = 200
/**
 * `SPLICE_STATE_ERROR`. From `splice_init`: a negotiation is already open. It is ours if an earlier answer was lost.
 */
const STATE_ERROR = 358
/** The rune is valid but does not permit this call. */
const NOT_PERMITTED = 1502

/** What each code means before the step of no return. Any code that is not listed is `not_now`: nothing was signed. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [-32601, { class: 'config' }], // unknown command
  [-32602, { class: 'invalid' }], // invalid parameters
  [301, { class: 'not_now', reason: 'ContributionInvalid' }], // the wallet cannot afford it
  [302, { class: 'invalid' }], // the output would be dust
  [313, { class: 'not_now', reason: 'ContributionInvalid' }], // it would touch the emergency reserve
  [350, { class: 'not_now' }], // broadcasting failed
  [351, { class: 'not_now', reason: 'PeerDisconnected' }], // disconnected
  [352, { class: 'invalid' }], // unknown channel
  [353, { class: 'not_now' }], // wrong channel state, such as awaiting a lock
  [354, { class: 'invalid' }], // the peer does not support splicing
  [355, { class: 'in_flight' }], // busy: an earlier call has not ended
  [356, { class: 'invalid' }], // input error
  [357, { class: 'not_now', reason: 'ContributionInvalid' }], // funding too low
  [358, { class: 'not_now' }], // no negotiation, or already in one
  [359, { class: 'not_now', reason: 'FeeRateTooLow' }], // fee too low
  [360, { class: 'not_now', reason: 'FeeRateTooLow' }], // fee too high
  [362, { class: 'not_now' }], // aborted
  [363, { class: 'not_now', reason: 'PeerDisconnected' }], // connection error
  [1501, { class: 'config' }], // rune not authorized
  [1502, { class: 'config' }], // rune not permitted
  [1503, { class: 'config' }], // rune blacklisted
])

/**
 * Codes that prove that a `splice_update` did not secure the commitments of a splice-out. The node checks its
 * own input (352 to 356, 358), or the transaction before the commitments (357, 359, 360), or the peer has
 * forgotten the negotiation (362). A lost connection (351, 363) proves nothing: the commitments may be
 * secured, and the node then continues by itself.
 */
const NOT_SECURED: readonly number[] = [-32602, -32601, 352, 353, 354, 355, 356, 357, 358, 359, 360, 362]

/**
 * Codes that prove that a `splice_signed` sent no signature: the node checks its own input. 351 belongs here because
 * its only source (`channel_for_splice` in `lightningd/channel_control.c`) answers before the command is passed on.
 */
const NOT_SIGNED: readonly number[] = [-32602, -32601, 351, 352, 353, 354, 355, 356, 358]

/**
 * Codes of `splice_signed` after which only the channel's state tells whether we signed: 362 (the negotiation was
 * aborted) and 363 (the connection failed). If our signature was sent, the state changes before either code arrives,
 * because channeld reports both over one pipe. A channel in its old state has therefore sent none.
 */
export const SIGNED_IF_AWAITING: readonly number[] = [362, 363]

export function refusal(meaning: Meaning, message: string, code?: number): Refused {
  const refused = {
    type: 'refused' as const,
    ...meaning,
    message: plain(message).slice(0, MAX_MESSAGE_CHARACTERS),
  }
  return code === undefined ? refused : { ...refused, code }
}

export function unknown(message: string): CommandResult {
  return { type: 'unknown', message: plain(message).slice(0, MAX_MESSAGE_CHARACTERS) }
}

/** The stage of a splice at which a call failed: how much may have happened. */
export type Stage =
  /** Reads and preparation: nothing has started. */
  | 'before'
  /** `splice_init`: nothing of ours has started, unless this call was executed. */
  | 'opening'
  /** Negotiating, and certainly without a signature of ours. */
  | 'open'
  /** The `splice_update` that may secure a splice-out. */
  | 'securing'
  /** The `splice_signed` of a splice-in. */
  | 'signing'
  /** Commitments are secured: a splice-out continues by itself. */
  | 'secured'

/** The result of an attempt whose call failed at a stage. */
export function resultOf(fault: ClnFault, stage: Stage): CommandResult {
  switch (fault.type) {
    case 'error':
      if (stage === 'opening' && fault.code === STATE_ERROR)
        return refusal({ class: 'in_flight' }, fault.message, fault.code)
      return isCertain(fault.code, stage)
        ? refusal(MEANINGS.get(fault.code) ?? { class: 'not_now' }, fault.message, fault.code)
        : unknown(`${fault.code}: ${fault.message}`)
    case 'denied':
      if (stage === 'secured') return unknown(fault.message)
      // The rune's methods were checked before, so "not permitted" means its time, its rate limit, or the
      // clocks.
      return refusal({ class: fault.code === NOT_PERMITTED ? 'not_now' : 'config' }, fault.message)
    case 'not_sent':
      if (stage === 'secured') return unknown(fault.message)
      return refusal({ class: fault.identity ? 'config' : 'not_now' }, fault.message)
    case 'lost':
      if (stage === 'before') return refusal({ class: 'not_now' }, fault.message)
      return stage === 'opening' || stage === 'open'
        ? refusal({ class: 'in_flight' }, fault.message)
        : unknown(fault.message)
  }
}

function isCertain(code: number, stage: Stage): boolean {
  if (stage === 'securing') return NOT_SECURED.includes(code)
  if (stage === 'signing') return NOT_SIGNED.includes(code)
  return stage !== 'secured'
}

/** The fault of a failed read: `config` needs an operator, `unreachable` may pass by itself. */
export function nodeFaultOf(fault: ClnFault): NodeFault {
  const config =
    fault.type === 'denied' ||
    (fault.type === 'not_sent' && fault.identity) ||
    (fault.type === 'error' && MEANINGS.get(fault.code)?.class === 'config')
  return { class: config ? 'config' : 'unreachable', message: plain(fault.message) }
}
