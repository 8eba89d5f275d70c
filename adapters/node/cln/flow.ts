import type * as z from 'zod'
import type { Journal } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { ask } from './ask.ts'
import { refusal, resultOf, unknown, type Stage } from './error-codes.ts'
import type { Order } from './order.ts'
import type { ClnOptions, ClnRpc } from './rpc.ts'

/** A running attempt. */
export type Flow = {
  readonly rpc: ClnRpc
  readonly order: Order
  readonly options: ClnOptions
  readonly journal: Journal
  /** Whether the rune allows `abort_channels`. */
  readonly mayAbort: boolean
}

/** Why an attempt stopped early. `open`: we stopped it and the negotiation is still open at the node. */
export type Stop = { readonly result: CommandResult; readonly open: boolean }

/** Makes one call of an attempt. What a failure means depends on the stage. */
export async function callAt<T>(
  { rpc, options }: Flow,
  stage: Stage,
  method: string,
  params: Readonly<Record<string, unknown>>,
  schema: z.ZodType<T>,
): Promise<Result<T, Stop>> {
  const answer = await ask(rpc, method, params, schema, options)
  return answer.ok ? answer : err({ result: resultOf(answer.error, stage), open: false })
}

/** Stops an attempt of which certainly nothing was signed. */
export function stopped(message: string, open: boolean): { readonly ok: false; readonly error: Stop } {
  return err({ result: refusal({ class: 'not_now' }, message), open })
}

/** Stops an attempt that may continue by itself at the node, so its result is unknown. */
export function stoppedUnknown(message: string): { readonly ok: false; readonly error: Stop } {
  return err({ result: unknown(message), open: false })
}

/** Journals a step before its call. If that fails the attempt stops; at this stage nothing is signed. */
export async function journalStep(
  { journal }: Flow,
  name: string,
  open: boolean,
  txid?: string,
): Promise<Result<void, Stop>> {
  const written = await journal(txid === undefined ? { name } : { name, txid })
  return written ? ok(undefined) : stopped(`not sent: ${name} could not be journalled`, open)
}
