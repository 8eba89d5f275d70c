/**
 * Maps ldk-server's gRPC statuses to results. The numbers are gRPC's: 3 INVALID_ARGUMENT, 7
 * PERMISSION_DENIED, 9 FAILED_PRECONDITION, 12 UNIMPLEMENTED, 16 UNAUTHENTICATED. Where ldk-server uses each
 * is in docs/reference/ldk.md 6.4.
 */

import type { NodeFault } from '../../../core/ports/node.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { isIdentityFault } from '../../net/tls-pinning.ts'
import type { RpcAnswer, RpcFault } from './rpc.ts'

const MAX_MESSAGE_CHARACTERS = 500

/**
 * The fault of a failed read: 7, 12, 16 and a wrong certificate need an operator; everything else may pass by itself.
 */
export function nodeFaultOf(fault: RpcFault): NodeFault {
  const needsOperator = fault.status === 7 || fault.status === 12 || fault.status === 16
  return {
    class: needsOperator || isIdentityFault(fault) ? 'config' : 'unreachable',
    message: fault.message.slice(0, MAX_MESSAGE_CHARACTERS),
  }
}

/**
 * The result of a splice command. 3, 7, 12 and 16 come before the node's code runs. 9 means that this call queued
 * nothing, but it covers "already in progress" as well as any other refusal. It is `not_now` here; core turns it into
 * `in_flight` if an earlier attempt is unresolved. Everything else, a missing status above all, may have been executed.
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
 * The result of a fee bump: like a splice's, except for status 12. Servers before September 2026 lack the
 * method but are otherwise fine, so this must not pause the node.
 */
export function bumpResultOf(answer: RpcAnswer<unknown>): CommandResult {
  if (answer.ok || answer.error.status !== 12) return resultOf(answer)
  return { type: 'refused', class: 'invalid', message: 'this ldk-server does not support fee bumps' }
}
