import { address as addresses } from 'bitcoinjs-lib'
import { NETWORK } from '../world/keys.ts'
import { codes } from './answer.ts'
import { channelNamed, type Own } from './own.ts'
import { refuse } from './params.ts'
import type { ClnChannel } from './state.ts'

/**
 * The channel and the amount of `splicein` and `spliceout`, which the plugin compiles from a script, with its
 * compiler's errors. `line`: the command's script.
 */
export function compiled(
  own: Own,
  params: Readonly<Record<string, unknown>>,
  line: (amount: string, channelId: string) => string,
): { readonly channel: ClnChannel; readonly sats: number } {
  const amount = String(params['amount'])
  const id = String(params['channel'])
  const fail = (error: string, phase: string): never =>
    refuse(codes.invalidParams, 'Splice script compile failed', {
      compiler_error: [error, line(amount, id), '^', `Compiler phase: ${phase}`],
    })
  const [, digits] = /^(\d{1,15})(?:sat)?$/.exec(amount) ?? []
  if (digits === undefined || !/^[0-9a-f]{64}$/.test(id)) return fail('Failed to parse sat amount', 'type_data')
  const channel = channelNamed(own.node, id)
  if (channel === undefined) return fail('Channel id not one of our channels.', 'validate_and_clean')
  if (Number(digits) === 0)
    return fail(
      'Each line must specify a non-zero amount,lease request, or pay the onchain fee. This line specifies none of these',
      'validate_and_clean',
    )
  return { channel, sats: Number(digits) }
}

/** Whether the value is a bitcoin address. It is a documented destination, but this version refuses it. */
export function isAddress(value: unknown): boolean {
  try {
    addresses.toOutputScript(String(value), NETWORK)
    return true
  } catch {
    return false
  }
}
