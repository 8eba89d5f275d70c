import type { CommandAnswer } from '../../../core/ports/ports.ts'
import { Spliced } from './answers.ts'
import { ask } from './ask.ts'
import { refusal, resultOf, unknown } from './error-codes.ts'
import type { Flow } from './flow.ts'
import { readChannel } from './preparation.ts'

/** The plugin wraps every error before `splice_signed` in this code (`plugins/spender/splice.c`). */
const BEFORE_SIGNING = -32602
/** Errors of the plugin itself, before anything ran: disconnected, unknown channel, and so on. */
const NOT_STARTED: readonly number[] = [351, 352, 353, 354, 355, -32601]

/**
 * Splices in by the plugin's `splicein`, for a rune that allows nothing more. It is a single call, so the
 * transaction cannot be checked before it is signed. Used for a first splice only: a failure inside it aborts
 * the channel, which force-closes it if a candidate is signed.
 */
export async function pluginSpliceIn(flow: Flow): Promise<CommandAnswer> {
  const { rpc, order, options, journal } = flow
  if (order.kind !== 'splice_in' || order.replaces !== null)
    return refusal({ class: 'invalid' }, 'not sent: the rune allows first splice-ins only')
  const channel = await readChannel(flow)
  if (!channel.ok) return channel.error.result
  if (!(await journal({ name: 'splice_signed' })))
    return refusal({ class: 'not_now' }, 'not sent: splicein could not be journalled')
  const params = { channel: order.channelId, amount: String(order.amountSats) }
  const answer = await ask(rpc, 'splicein', params, Spliced, options)
  if (answer.ok) return { type: 'taken', txid: answer.value.txid }
  const { error } = answer
  if (error.type !== 'error') return resultOf(error, 'signing')
  // No need to read the wrapped code: the wrapping proves that nothing was signed.
  if (error.code === BEFORE_SIGNING) return refusal({ class: 'not_now' }, error.message, error.code)
  return NOT_STARTED.includes(error.code) ? resultOf(error, 'before') : unknown(`${error.code}: ${error.message}`)
}
