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
  says: `cannot execute command=${command} in state=${state}`,
  refusal,
})

/** Before a round of ours, or instead of it; the same for a splice and for its replacement. */
const inTheWay: readonly KnownText[] = [
  { says: 'splice attempt failed: disconnected', refusal: peerAway },
  { says: 'splice attempt canceled, remote initiated splice before us', refusal: inFlight },
  {
    says: 'invalid splice attempt: the current splice attempt must be completed or aborted first',
    refusal: inFlight,
  },
  { says: 'invalid splice attempt: our previous tx_abort has not been acked', refusal: inFlight },
  { says: 'splice attempt aborted', refusal: aborted },
  { says: 'invalid splice request', refusal: rebuild },
  { says: 'channel funding error', refusal: rebuild },
]

/**
 * Texts by which Eclair fails a splice (`ChannelExceptions.scala`). Eclair answers a command once, and with a failure only while
 * nothing of it is signed; what a text that is not listed means is still `unknown`.
 */
const spliceTexts: readonly KnownText[] = [
  ...inTheWay,
  unavailable('OFFLINE', peerAway),
  unavailable('SYNCING', peerAway),
  // Said in this state only where the peer has no splicing.
  unavailable('NORMAL', invalid),
  unavailable('SHUTDOWN', closing),
  unavailable('NEGOTIATING', closing),
  unavailable('NEGOTIATING_SIMPLE', closing),
  unavailable('CLOSING', closing),
  unavailable('CLOSED', closing),
  {
    says: 'invalid splice attempt: the current funding transaction is still unconfirmed',
    goesOn: true,
    refusal: inFlight,
  },
  { says: 'invalid splice request: the feerate must be at least', goesOn: true, refusal: feeRate },
  { says: 'splice attempt rejected by our peer:', goesOn: true, refusal: aborted },
]

const bumpTexts: readonly KnownText[] = [
  ...inTheWay,
  unavailable('OFFLINE', peerAway, 'rbf'),
  unavailable('SYNCING', peerAway, 'rbf'),
  { says: 'rbf attempt aborted', refusal: retry },
  { says: 'rbf attempt rejected by our peer:', goesOn: true, refusal: retry },
  { says: 'invalid rbf attempt: the feerate must be at least', goesOn: true, refusal: feeRate },
  { says: 'no need to rbf, transaction is already confirmed', refusal: noRbf },
  { says: "cannot initiate rbf: we're using zero-conf for this interactive-tx attempt", refusal: noRbf },
]

/**
 * The result of a command: success is a JSON object, failure HTTP 200 with a JSON string (docs/reference/eclair.md 1 and 4). 400 is said
 * by Eclair before the command reaches a channel. 408 and 500 come while the command goes on.
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
    : { type: 'unknown', message: 'HTTP 200, and no answer that can be read' }
}
