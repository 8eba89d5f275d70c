/**
 * Maps Eclair's failures to results. Eclair has no error codes: it answers a failed command with a text. The
 * texts below come from its `ChannelExceptions.scala` and `fsm/Channel.scala`. A command is answered once,
 * and with a failure only while nothing of it is signed. A text that is not listed is `unknown`.
 */

import type { Result } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import {
  type HttpAnswer,
  type HttpFault,
  jsonIn,
  type KnownText,
  resultOfText,
  resultWithoutAnswer,
} from '../../net/form-client.ts'
import { Rejected, Spliced } from './answers.ts'

const retry = { class: 'not_now' } as const
const peerAway = { class: 'not_now', reason: 'PeerDisconnected' } as const
const inFlight = { class: 'in_flight' } as const
const rebuild = { class: 'not_now', reason: 'ContributionInvalid' } as const
const feeRate = { class: 'not_now', reason: 'FeeRateTooLow' } as const
const aborted = { class: 'not_now', reason: 'CounterpartyAborted' } as const
const closing = { class: 'invalid', reason: 'ChannelClosing' } as const
const noRbf = { class: 'invalid', reason: 'CannotInitiateRbf' } as const
const invalid = { class: 'invalid' } as const

const unavailable = (state: string, refusal: KnownText['refusal'], command = 'splice'): KnownText => ({
  text: `cannot execute command=${command} in state=${state}`,
  refusal,
})

/** Failures before a round of ours or instead of it; the same for a splice and for its replacement. */
const roundTexts: readonly KnownText[] = [
  { text: 'splice attempt failed: disconnected', refusal: peerAway },
  { text: 'splice attempt canceled, remote initiated splice before us', refusal: inFlight },
  {
    text: 'invalid splice attempt: the current splice attempt must be completed or aborted first',
    refusal: inFlight,
  },
  { text: 'invalid splice attempt: our previous tx_abort has not been acked', refusal: inFlight },
  { text: 'splice attempt aborted', refusal: aborted },
  { text: 'invalid splice request', refusal: rebuild },
  { text: 'channel funding error', refusal: rebuild },
]

/** Failures of `splicein` and `spliceout`. */
const spliceTexts: readonly KnownText[] = [
  ...roundTexts,
  unavailable('OFFLINE', peerAway),
  unavailable('SYNCING', peerAway),
  // In this state it only means that the peer does not support splicing.
  unavailable('NORMAL', invalid),
  unavailable('SHUTDOWN', closing),
  unavailable('NEGOTIATING', closing),
  unavailable('NEGOTIATING_SIMPLE', closing),
  unavailable('CLOSING', closing),
  unavailable('CLOSED', closing),
  {
    text: 'invalid splice attempt: the current funding transaction is still unconfirmed',
    isPrefix: true,
    refusal: inFlight,
  },
  { text: 'invalid splice request: the feerate must be at least', isPrefix: true, refusal: feeRate },
  { text: 'splice attempt rejected by our peer:', isPrefix: true, refusal: aborted },
]

/** Failures of `rbfsplice`. */
const bumpTexts: readonly KnownText[] = [
  ...roundTexts,
  unavailable('OFFLINE', peerAway, 'rbf'),
  unavailable('SYNCING', peerAway, 'rbf'),
  { text: 'rbf attempt aborted', refusal: retry },
  { text: 'rbf attempt rejected by our peer:', isPrefix: true, refusal: retry },
  { text: 'invalid rbf attempt: the feerate must be at least', isPrefix: true, refusal: feeRate },
  { text: 'no need to rbf, transaction is already confirmed', refusal: noRbf },
  { text: "cannot initiate rbf: we're using zero-conf for this interactive-tx attempt", refusal: noRbf },
]

/**
 * The result of a command. Success is a JSON object; failure is HTTP 200 with a JSON string (docs/reference/eclair.md 1
 * and 4). Eclair answers 400 before the command reaches a channel. It answers 408 and 500 while the command continues.
 */
export function resultOf(kind: 'splice' | 'bump', answered: Result<HttpAnswer, HttpFault>): CommandResult {
  const early = resultWithoutAnswer(answered)
  if (early !== null || !answered.ok) return early ?? { type: 'unknown', message: 'no answer' }
  const json = jsonIn(answered.value)
  const { status } = answered.value
  if (status === 400 && Rejected.safeParse(json).success)
    return { type: 'refused', class: 'invalid', message: 'HTTP 400' }
  if (status !== 200) return { type: 'unknown', message: `HTTP ${status}` }
  if (typeof json === 'string') return resultOfText(json, kind === 'splice' ? spliceTexts : bumpTexts)
  const spliced = Spliced.safeParse(json)
  return spliced.success
    ? { type: 'taken', txid: spliced.data.fundingTxId }
    : { type: 'unknown', message: 'HTTP 200 with an unreadable answer' }
}
