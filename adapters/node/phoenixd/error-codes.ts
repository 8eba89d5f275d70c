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

/**
 * How phoenixd names a failure (lightning-kmp `ChannelFundingResponse.Failure`): each is said before the first signature, and ends the
 * round. `no channel available`: there is none that is open and holds the amount.
 */
const texts: readonly KnownText[] = [
  { says: 'no channel available', refusal: { class: 'not_now' } },
  { says: 'InsufficientFunds(', goesOn: true, refusal: rebuild },
  { says: 'InvalidSpliceOutPubKeyScript', refusal: { class: 'invalid' } },
  { says: 'SpliceAlreadyInProgress', refusal: inFlight },
  { says: 'ConcurrentRemoteSplice', refusal: inFlight },
  { says: 'ChannelNotQuiescent', refusal: { class: 'not_now' } },
  { says: 'FundingFailure(', goesOn: true, refusal: rebuild },
  { says: 'CannotStartSession', refusal: protocol },
  { says: 'InteractiveTxSessionFailed(', goesOn: true, refusal: protocol },
  { says: 'CannotCreateCommitTx(', goesOn: true, refusal: protocol },
  {
    says: 'AbortedByPeer(',
    goesOn: true,
    refusal: { class: 'not_now', reason: 'CounterpartyAborted' },
  },
  { says: 'Disconnected', refusal: { class: 'not_now', reason: 'PeerDisconnected' } },
]

/** The result of a command: HTTP 200 with a txid as plain text, or with the name of a failure (docs/reference/phoenixd.md). */
export function resultOf(answered: Result<HttpAnswer, HttpFault>): CommandResult {
  const early = resultWithoutAnswer(answered)
  if (early !== null || !answered.ok) return early ?? { type: 'unknown', message: 'no answer' }
  const { status, type, body } = answered.value
  if (status !== 200) return { type: 'unknown', message: `HTTP ${status}` }
  if (type !== 'text/plain') return { type: 'unknown', message: 'HTTP 200, and not plain text' }
  return Txid.safeParse(body).success ? { type: 'taken', txid: body } : resultOfText(body, texts)
}
