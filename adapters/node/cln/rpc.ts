import type { Instant } from '../../../core/values/instant.ts'
import type { Result } from '../../../core/values/result.ts'

/**
 * Why a call gave no result.
 * - `error`: the node ran the method and answered with a code.
 * - `denied`: rune, method or verb was refused before anything ran.
 * - `not_sent`: certainly never reached the node. `identity`: another server answers at the address.
 * - `lost`: anything else. The method may have run, or may still be running.
 */
export type ClnFault =
  | { readonly type: 'error'; readonly code: number; readonly message: string }
  | { readonly type: 'denied'; readonly code: number | null; readonly message: string }
  | { readonly type: 'not_sent'; readonly identity: boolean; readonly message: string }
  | { readonly type: 'lost'; readonly message: string }

/** The deadline of a call. `until`: the node must not begin the call at or after this instant. */
export type ClnOptions = { readonly signal: AbortSignal; readonly until?: Instant }

/** The RPC of one Core Lightning, over clnrest or the local socket. Never throws, and sends only reads twice. */
export interface ClnRpc {
  call(
    method: string,
    params: Readonly<Record<string, unknown>>,
    options: ClnOptions,
  ): Promise<Result<unknown, ClnFault>>
}

/** Anything longer than an id or a word is a transaction, or something that a server must not echo. */
const LONG_RUN = /\S{80,}/g
const MAX_MESSAGE_CHARACTERS = 300

/**
 * A node's message made safe to store: printable, bounded, and without anything long enough to be a secret or
 * a transaction.
 */
export function plain(message: string): string {
  return message
    .replace(LONG_RUN, '…')
    .replace(/[^\x20-\x7e]/g, ' ')
    .slice(0, MAX_MESSAGE_CHARACTERS)
}

/** Larger answers are rejected: the channel list of a large node is a few megabytes. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024

/** The fault of a call whose time is over: it is not sent. Null while there is time. */
export function tooLate({ signal, until }: ClnOptions, now: Instant): ClnFault | null {
  if (signal.aborted) return { type: 'not_sent', identity: false, message: 'aborted before it was sent' }
  return until !== undefined && now >= until
    ? { type: 'not_sent', identity: false, message: 'its time ran out before it was sent' }
    : null
}
