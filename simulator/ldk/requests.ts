import { address as addresses } from 'bitcoinjs-lib'
import { capacities } from './balance.ts'
import type { Context } from '../world/context.ts'
import { spliceInContribution, spliceOutContribution } from './contribution.ts'
import { handOver, handOverBump, showsPriorContribution, spliceChannelRefusal } from './hand-over.ts'
import { hexOf, NETWORK } from '../world/keys.ts'
import type { BumpRequest, Channel, ChannelRequest, NodeState, SpliceRequest } from '../world/state.ts'
import { lockedOutpoints, spendableSats } from './wallet.ts'

/** gRPC statuses of an ldk-server (docs/reference/ldk.md 6.4). */
export const INVALID_ARGUMENT = 3
export const FAILED_PRECONDITION = 9
const UNIMPLEMENTED = 12
export const UNAUTHENTICATED = 16

/** The result of a request. ldk-server sends only the status; `why` is for the journal. */
export type Outcome =
  | { readonly outcome: 'taken'; readonly status: 0; readonly why: null }
  | { readonly outcome: 'refused'; readonly status: number; readonly why: string }

/** Executes and journals a request if its signature is still valid. `received`: its arrival's journal serial. */
export function execute(
  ctx: Context,
  node: NodeState,
  request: ChannelRequest,
  signedAt: number,
  received: number,
): Outcome {
  const channel = requested(node, request)
  const fresh = Math.abs(ctx.state.now - signedAt) <= node.behaviour.authWindowMs
  const result = fresh ? outcomeOf(ctx, node, request, channel) : refused(UNAUTHENTICATED, 'outside the auth window')
  ctx.note(
    'request_executed',
    { node, ...(channel === null ? {} : { channel }) },
    { ...result, method: request.kind, request: received },
  )
  return result
}

/** Receives and executes, now, a fee bump that does not come from our client. */
export function executeBump(ctx: Context, node: NodeState, channel: Channel): Outcome {
  const { userChannelId, peerId: counterpartyNodeId } = channel
  const signedAt = ctx.state.now
  const received = ctx.note('request_received', { node, channel }, { method: 'bump', signedAt })
  return execute(ctx, node, { kind: 'bump', userChannelId, counterpartyNodeId }, signedAt, received)
}

/** The channel that a request names; null if the node has no such channel. */
export function requested(node: NodeState, request: ChannelRequest): Channel | null {
  const channel = node.disk.channels.find(
    ({ userChannelId, peerId, status }) =>
      userChannelId === request.userChannelId && peerId === request.counterpartyNodeId && status !== 'closed',
  )
  return channel ?? null
}

const TAKEN: Outcome = { outcome: 'taken', status: 0, why: null }

function refused(status: number, why: string): Outcome {
  return { outcome: 'refused', status, why }
}

function outcomeOf(ctx: Context, node: NodeState, request: ChannelRequest, channel: Channel | null): Outcome {
  return request.kind === 'bump' ? bump(ctx, node, request, channel) : splice(ctx, node, request, channel)
}

/** ldk-node's `bump_channel_funding_fee`, on servers that have it (docs/reference/ldk.md 3.2). */
function bump(ctx: Context, node: NodeState, request: BumpRequest, channel: Channel | null): Outcome {
  if (!node.behaviour.hasFeeBump) return refused(UNIMPLEMENTED, 'no such method')
  if (!namesChannel(request)) return refused(INVALID_ARGUMENT, 'malformed id')
  if (channel === null) return refused(FAILED_PRECONDITION, 'unknown channel')
  const handed = handOverBump(ctx, node, channel)
  return handed.taken ? TAKEN : refused(FAILED_PRECONDITION, handed.why)
}

/** ldk-node's `splice_in` and `splice_out`, with its order of checks (docs/reference/ldk.md 3.3 and 3.4). */
function splice(ctx: Context, node: NodeState, request: SpliceRequest, channel: Channel | null): Outcome {
  const { amountSats } = request
  if (!isWellFormed(request)) return refused(INVALID_ARGUMENT, 'malformed id or amount')
  if (channel === null) return refused(FAILED_PRECONDITION, 'unknown channel')
  if (request.kind === 'splice_in' && amountSats > spendableSats(ctx, node)) {
    return refused(FAILED_PRECONDITION, 'insufficient funds')
  }
  if (request.kind === 'splice_out' && amountSats * 1000 > capacities(channel).outboundMsat) {
    return refused(FAILED_PRECONDITION, 'more than the outbound capacity')
  }
  const script = request.address === null ? null : scriptOf(request.address)
  if (request.kind === 'splice_out' && script === null)
    return refused(INVALID_ARGUMENT, 'not an address of this network')
  const refusal = spliceChannelRefusal(channel)
  if (refusal !== null) return refused(FAILED_PRECONDITION, refusal)
  if (showsPriorContribution(channel)) return refused(FAILED_PRECONDITION, 'a contribution of ours is pending')
  const contribution =
    script === null
      ? spliceInContribution(ctx, node.name, amountSats, lockedOutpoints(node))
      : spliceOutContribution(ctx, amountSats, script)
  if (contribution === null) return refused(FAILED_PRECONDITION, 'the free coins do not cover it')
  const handed = handOver(ctx, node, channel, contribution)
  return handed.taken ? TAKEN : refused(FAILED_PRECONDITION, handed.why)
}

function isWellFormed(request: SpliceRequest): boolean {
  return namesChannel(request) && Number.isSafeInteger(request.amountSats) && request.amountSats > 0
}

/** Whether the ids are well-formed. */
function namesChannel({ userChannelId, counterpartyNodeId }: ChannelRequest): boolean {
  return /^\d{1,39}$/.test(userChannelId) && /^0[23][0-9a-f]{64}$/.test(counterpartyNodeId)
}

function scriptOf(address: string): string | null {
  try {
    return hexOf(addresses.toOutputScript(address, NETWORK))
  } catch {
    return null
  }
}
