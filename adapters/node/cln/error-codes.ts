import type { NodeFault } from '../../../core/ports/node.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import type { ClnFault } from './rpc.ts'
import { plain } from './rpc.ts'

type Refused = Extract<CommandResult, { type: 'refused' }>
type Meaning = Pick<Refused, 'class' | 'reason'>

const MAX_MESSAGE_CHARACTERS = 200
/** `SPLICE_STATE_ERROR`. To `splice_init` it says that a negotiation is open already: ours, if its answer was lost. */
const STATE_ERROR = 358
/** A rune that is good, but not for this call. */
const NOT_PERMITTED = 1502

/**
 * What each code means before the step of no return (`common/jsonrpc_errors.h`; docs/reference/cln-observed.md). A code that
 * is not here is `not_now`: nothing was signed, whatever it was.
 */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  // JSON-RPC: an unknown command, parameters that the node cannot read.
  [-32601, { class: 'config' }],
  [-32602, { class: 'invalid' }],
  // Wallet: cannot afford; the output would be dust; the emergency reserve would be touched.
  [301, { class: 'not_now', reason: 'ContributionInvalid' }],
  [302, { class: 'invalid' }],
  [313, { class: 'not_now', reason: 'ContributionInvalid' }],
  [350, { class: 'not_now' }],
  [351, { class: 'not_now', reason: 'PeerDisconnected' }],
  [352, { class: 'invalid' }],
  [353, { class: 'not_now' }],
  [354, { class: 'invalid' }],
  [355, { class: 'in_flight' }],
  [356, { class: 'invalid' }],
  [357, { class: 'not_now', reason: 'ContributionInvalid' }],
  [358, { class: 'not_now' }],
  [359, { class: 'not_now', reason: 'FeeRateTooLow' }],
  [360, { class: 'not_now', reason: 'FeeRateTooLow' }],
  [362, { class: 'not_now' }],
  [363, { class: 'not_now', reason: 'PeerDisconnected' }],
  // Runes: not authorized, not permitted, blacklisted.
  [1501, { class: 'config' }],
  [1502, { class: 'config' }],
  [1503, { class: 'config' }],
])

/**
 * Codes with which a `splice_update` that may secure the commitments of a splice-out certainly has not: they are checks of
 * its own input (352 to 356, 358), or of the transaction before commitments (357, 359, 360), or the peer has forgotten the
 * negotiation (362). A lost connection (351, 363) says nothing: commitments may be secured, and the node goes on by itself.
 */
const NOT_SECURED: readonly number[] = [-32602, -32601, 352, 353, 354, 355, 356, 357, 358, 359, 360, 362]

/**
 * Codes with which a `splice_signed` has certainly not sent a signature: checks of its own input. So is 351: the only place that
 * answers it (`channel_for_splice` in `lightningd/channel_control.c`) does so before the command is passed on.
 */
const NOT_SIGNED: readonly number[] = [-32602, -32601, 351, 352, 353, 354, 355, 356, 358]

/**
 * Codes with which the node ends a `splice_signed` of whose signature only the channel's state tells: 362, the negotiation was
 * aborted; 363, the connection failed. Both come after the state has changed if our signature was sent (channeld tells of
 * either over one pipe), so a channel that is still as it was has sent none.
 */
export const SIGNED_IF_AWAITING: readonly number[] = [362, 363]

export function refusal(meaning: Meaning, message: string, code?: number): Refused {
  const told = {
    type: 'refused' as const,
    ...meaning,
    message: plain(message).slice(0, MAX_MESSAGE_CHARACTERS),
  }
  return code === undefined ? told : { ...told, code }
}

export function unknown(message: string): CommandResult {
  return { type: 'unknown', message: plain(message).slice(0, MAX_MESSAGE_CHARACTERS) }
}

/** Where in a splice a call failed: how much may have been done by it. */
export type Stage =
  /** Reads, and what only prepares: nothing is under way. */
  | 'before'
  /** `splice_init`: nothing is under way that we began, unless it was executed. */
  | 'opening'
  /** Under way, and certainly without a signature of ours. */
  | 'open'
  /** The `splice_update` that may secure a splice-out. */
  | 'securing'
  /** The `splice_signed` of a splice-in. */
  | 'signing'
  /** Secured: a splice-out goes on by itself. */
  | 'secured'

/** What a failed call makes of an attempt. */
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
      // What the rune allows was read from it: not permitted now means its time, its rate or the clocks.
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

/** What a failed read says of the node: what an operator has to mend, or what passes by itself. */
export function nodeFaultOf(fault: ClnFault): NodeFault {
  const config =
    fault.type === 'denied' ||
    (fault.type === 'not_sent' && fault.identity) ||
    (fault.type === 'error' && MEANINGS.get(fault.code)?.class === 'config')
  return { class: config ? 'config' : 'unreachable', message: plain(fault.message) }
}
