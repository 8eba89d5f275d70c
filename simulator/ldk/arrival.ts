import { err, ok } from '../../core/values/result.ts'
import type { RpcAnswer, RpcFault, RpcOptions } from '../../adapters/node/ldk/rpc.ts'
import type { Context } from '../world/context.ts'
import { execute, requested, UNAUTHENTICATED } from './requests.ts'
import type { ChannelRequest, NodeState, RequestFault } from '../world/state.ts'

type Fault = { readonly ok: false; readonly error: RpcFault }

/**
 * Delivers a splice request or fee bump through the next fault. Whatever reaches the node is in the journal,
 * even if it is not executed.
 */
export function submit(ctx: Context, node: NodeState, request: ChannelRequest, options: RpcOptions): RpcAnswer<void> {
  if (options.signal.aborted) return noAnswer('aborted')
  const signedAt = options.signedAt ?? ctx.state.now
  const fault = standing(node) ?? nextFault(node)
  const channel = requested(node, request)
  const received = ctx.note(
    'request_received',
    { node, ...(channel === null ? {} : { channel }) },
    {
      method: request.kind,
      ...(request.kind === 'bump' ? {} : { amountSats: request.amountSats, address: request.address }),
      signedAt,
      fault: fault?.type ?? null,
    },
  )
  const executed = (): RpcAnswer<void> => {
    const { status } = execute(ctx, node, request, signedAt, received)
    return status === 0 ? ok(undefined) : refusal(status)
  }
  switch (fault?.type) {
    case undefined:
      return executed()
    case 'lose_reply':
      executed()
      return noAnswer('reply lost')
    case 'late':
      ctx.plan(fault.ms, { type: 'execute', node: node.name, signedAt, received, request })
      return noAnswer('delayed')
    case 'refuse':
      return refusal(fault.status)
    case 'unauthenticated':
      return refusal(UNAUTHENTICATED)
    case 'drop':
    case 'down':
      return noAnswer('the node does not answer')
  }
}

/** The fault that prevents a call from being answered; null if there is none. */
export function barred(ctx: Context, node: NodeState, options: RpcOptions): Fault | null {
  if (options.signal.aborted) return noAnswer('aborted')
  const fault = standing(node)
  if (fault?.type === 'down') return noAnswer('the node does not answer')
  const signedAt = options.signedAt ?? ctx.state.now
  const stale = Math.abs(ctx.state.now - signedAt) > node.behaviour.authWindowMs
  return fault !== null || stale ? refusal(UNAUTHENTICATED) : null
}

/** The fault that blocks all calls until lifted; null if there is none. */
export function standing(node: NodeState): RequestFault | null {
  const { always } = node.faults
  return always.find(({ type }) => type === 'down') ?? always.find(({ type }) => type === 'unauthenticated') ?? null
}

/** An answer that is only a gRPC status. */
export function refusal(status: number): Fault {
  return err({ status, message: `status ${status}` })
}

function nextFault(node: NodeState): RequestFault | null {
  return node.faults.queue.shift() ?? node.faults.always[0] ?? null
}

function noAnswer(message: string): Fault {
  return err({ status: null, message })
}
