import type { Instant } from '../../../core/values/instant.ts'
import type { Result } from '../../../core/values/result.ts'

/**
 * Why a call gave no result.
 * - `error`: the node ran the method and answered with a code.
 * - `denied`: rune, method or verb was refused before anything ran.
 * - `not_sent`: certainly never reached the node; `identity`: somebody else answers at the address.
 * - `lost`: anything else. The method may have run, or may run still.
 */
export type ClnFault =
  | { readonly type: 'error'; readonly code: number; readonly message: string }
  | { readonly type: 'denied'; readonly code: number | null; readonly message: string }
  | { readonly type: 'not_sent'; readonly identity: boolean; readonly message: string }
  | { readonly type: 'lost'; readonly message: string }

/** The time left for a call; `until`: the instant from which on the node must not begin it any more. */
export type ClnOptions = { readonly signal: AbortSignal; readonly until?: Instant }

/** The RPC of one Core Lightning: clnrest or the local socket. Never throws, never sends anything twice. */
export interface ClnRpc {
  call(
    method: string,
    params: Readonly<Record<string, unknown>>,
    options: ClnOptions,
  ): Promise<Result<unknown, ClnFault>>
}

/** What longer is than an id or an error's words is a transaction, or something that a server must not echo. */
const LONG_RUN = /\S{80,}/g
const MAX_MESSAGE_CHARACTERS = 300

/** A message of the node as it may be kept: plain, bounded, without anything long enough to be a secret or a transaction. */
export function plain(message: string): string {
  return message
    .replace(LONG_RUN, '…')
    .replace(/[^\x20-\x7e]/g, ' ')
    .slice(0, MAX_MESSAGE_CHARACTERS)
}

/** An answer of more than this is none: the list of channels of a large node is a few megabytes. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024

/** Nothing is sent any more once its time is over. */
export function tooLate({ signal, until }: ClnOptions, now: Instant): ClnFault | null {
  if (signal.aborted) return { type: 'not_sent', identity: false, message: 'aborted before it was sent' }
  return until !== undefined && now >= until
    ? { type: 'not_sent', identity: false, message: 'its time was over before it was sent' }
    : null
}
