/**
 * Maps phoenixd's failures to results. phoenixd has no error codes: a failed command answers HTTP 200 with
 * the printed name of a lightning-kmp `ChannelFundingResponse.Failure`, or with `no channel available` when
 * no open channel holds the amount. Each comes before the first signature and ends the round
 * (docs/reference/phoenixd.md). A text that is not listed is `unknown`.
 */

import { Txid } from '../../../core/bitcoin/outpoint.ts'
import type { Result } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import {
  type HttpAnswer,
  type HttpFault,
  type KnownText,
  resultOfText,
  resultWithoutAnswer,
} from '../../net/form-client.ts'

const inFlight = { class: 'in_flight' } as const
const rebuild = { class: 'not_now', reason: 'ContributionInvalid' } as const
const protocol = { class: 'not_now', reason: 'NegotiationError' } as const

const texts: readonly KnownText[] = [
  { text: 'no channel available', refusal: { class: 'not_now' } },
  { text: 'InsufficientFunds(', isPrefix: true, refusal: rebuild },
  { text: 'InvalidSpliceOutPubKeyScript', refusal: { class: 'invalid' } },
  { text: 'SpliceAlreadyInProgress', refusal: inFlight },
  { text: 'ConcurrentRemoteSplice', refusal: inFlight },
  { text: 'ChannelNotQuiescent', refusal: { class: 'not_now' } },
  { text: 'FundingFailure(', isPrefix: true, refusal: rebuild },
  { text: 'CannotStartSession', refusal: protocol },
  { text: 'InteractiveTxSessionFailed(', isPrefix: true, refusal: protocol },
  { text: 'CannotCreateCommitTx(', isPrefix: true, refusal: protocol },
  {
    text: 'AbortedByPeer(',
    isPrefix: true,
    refusal: { class: 'not_now', reason: 'CounterpartyAborted' },
  },
  { text: 'Disconnected', refusal: { class: 'not_now', reason: 'PeerDisconnected' } },
]

/** The result of a command: HTTP 200 with a txid in plain text, or with the name of a failure. */
export function resultOf(answered: Result<HttpAnswer, HttpFault>): CommandResult {
  const early = resultWithoutAnswer(answered)
  if (early !== null || !answered.ok) return early ?? { type: 'unknown', message: 'no answer' }
  const { status, type, body } = answered.value
  if (status !== 200) return { type: 'unknown', message: `HTTP ${status}` }
  if (type !== 'text/plain') return { type: 'unknown', message: 'HTTP 200, but not plain text' }
  return Txid.safeParse(body).success ? { type: 'taken', txid: body } : resultOfText(body, texts)
}
