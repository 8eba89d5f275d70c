import type { NodeFault } from '../../../core/ports/node.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { isIdentityFault } from '../../net/tls-pinning.ts'
import type { RpcAnswer, RpcFault } from './rpc.ts'

const MAX_MESSAGE_CHARACTERS = 500

/** 7, 12 and 16 and a wrong certificate need an operator; everything else may pass by itself. */
export function nodeFaultOf(fault: RpcFault): NodeFault {
  const needsOperator = fault.status === 7 || fault.status === 12 || fault.status === 16
  return {
    class: needsOperator || isIdentityFault(fault) ? 'config' : 'unreachable',
    message: fault.message.slice(0, MAX_MESSAGE_CHARACTERS),
  }
}

/**
 * The result of a splice command by its gRPC status (docs/reference/ldk.md 6.4). 3, 7, 12 and 16 come before the node's
 * code runs. 9 means that this call queued nothing, but covers "already under way" as well as any other refusal: it is
 * `not_now` here, and core, which knows whether an earlier attempt may be alive, makes `in_flight` of it. Everything
 * else, a missing status above all, may have been executed.
 */
export function resultOf(answer: RpcAnswer<unknown>): CommandResult {
  if (answer.ok) return { type: 'taken' }
  const message = answer.error.message.slice(0, MAX_MESSAGE_CHARACTERS)
  switch (answer.error.status) {
    case 3:
      return { type: 'refused', class: 'invalid', message }
    case 7:
    case 12:
    case 16:
      return { type: 'refused', class: 'config', message }
    case 9:
      return { type: 'refused', class: 'not_now', message }
    default:
      return { type: 'unknown', message }
  }
}

/**
 * The result of a fee bump: as of a splice, but for status 12. Servers before September 2026 have no such method, of which
 * nothing is wrong with them otherwise: it must not pause the node.
 */
export function bumpResultOf(answer: RpcAnswer<unknown>): CommandResult {
  if (answer.ok || answer.error.status !== 12) return resultOf(answer)
  return { type: 'refused', class: 'invalid', message: 'this ldk-server has no fee bump' }
}
