import { err, ok } from '../../../core/result.ts'
import type { LdkChannel, LdkRpc, RpcAnswer, RpcFault, RpcOptions } from '../ldk/rpc.ts'
import { capacities, claimable } from './balance.ts'
import { isConnected } from './context.ts'
import type { Context } from './context.ts'
import { shownPayment } from './payments.ts'
import { connect } from './peers.ts'
import { executeSplice, FAILED_PRECONDITION, requested, UNAUTHENTICATED } from './requests.ts'
import { fundingOutpoint } from './splice-transaction.ts'
import type { Channel, NodeState, RequestFault, SpliceRequest } from './state.ts'
import { newAddress, spendableSats } from './wallet.ts'

/** The calls of an ldk-server over a simulated node, at the world's current time, with the node's faults. */
export function simulatedRpc(ctx: Context, node: NodeState): LdkRpc {
  const call = async <T>(options: RpcOptions, handle: () => RpcAnswer<T>): Promise<RpcAnswer<T>> =>
    barred(ctx, node, options) ?? handle()
  const splice = (request: SpliceRequest, options: RpcOptions): RpcAnswer<void> =>
    submit(ctx, node, request, options)
  return {
    getNodeInfo: (options) =>
      call(options, () => {
        const { height, hash } = ctx.chain.tip
        return ok({
          nodeId: node.nodeId,
          network: 'regtest',
          bestBlock: { height, hash },
          lightningSyncedAtSeconds: Math.floor(ctx.state.now / 1000),
          version: node.behaviour.version,
        })
      }),
    listChannels: (options) =>
      call(options, () => ok(open(node).map((channel) => shownChannel(ctx, node, channel)))),
    listPeers: (options) =>
      call(options, () =>
        ok(node.peers.map(({ nodeId, address, connected }) => ({ nodeId, address, connected }))),
      ),
    getBalances: (options) =>
      call(options, () =>
        ok({
          spendableOnchainSats: spendableSats(ctx, node),
          claimable: open(node).map((channel) => ({ channelId: channel.channelId, ...claimable(channel) })),
        }),
      ),
    getPayment: (paymentId, options) =>
      call(options, () => {
        const payment = node.disk.payments.find(({ id }) => id === paymentId)
        return ok(payment === undefined ? null : shownPayment(node, payment))
      }),
    listPayments: (options) =>
      call(options, () => ok(node.disk.payments.map((payment) => shownPayment(node, payment)))),
    onchainReceive: (options) => call(options, () => ok(newAddress(ctx, node.name).address)),
    connectPeer: (nodeId, _address, options) => call(options, () => connected(ctx, node, nodeId)),
    spliceIn: async (request, options) => splice({ ...request, kind: 'splice_in', address: null }, options),
    spliceOut: async (request, options) => {
      const answer = splice({ ...request, kind: 'splice_out' }, options)
      return answer.ok ? ok({ address: request.address }) : answer
    },
  }
}

/** A splice request with whatever fault is next; what reaches the node is in the journal, executed or not. */
function submit(ctx: Context, node: NodeState, request: SpliceRequest, options: RpcOptions): RpcAnswer<void> {
  if (options.signal.aborted) return noAnswer('aborted')
  const signedAt = options.signedAt ?? ctx.state.now
  const fault = standing(node) ?? nextFault(node)
  const channel = requested(node, request)
  const received = ctx.note(
    'request_received',
    { node, ...(channel === null ? {} : { channel }) },
    {
      method: request.kind,
      amountSats: request.amountSats,
      address: request.address,
      signedAt,
      fault: fault?.type ?? null,
    },
  )
  const execute = (): RpcAnswer<void> => {
    const { status } = executeSplice(ctx, node, request, signedAt, received)
    return status === 0 ? ok(undefined) : refusal(status)
  }
  switch (fault?.type) {
    case undefined:
      return execute()
    case 'lose_reply':
      execute()
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

/** What keeps a call from being answered; null: nothing. */
function barred(ctx: Context, node: NodeState, options: RpcOptions): ReturnType<typeof noAnswer> | null {
  if (options.signal.aborted) return noAnswer('aborted')
  const fault = standing(node)
  if (fault?.type === 'down') return noAnswer('the node does not answer')
  const signedAt = options.signedAt ?? ctx.state.now
  const stale = Math.abs(ctx.state.now - signedAt) > node.behaviour.authWindowMs
  return fault !== null || stale ? refusal(UNAUTHENTICATED) : null
}

/** The fault that bars all calls, if any. */
export function standing(node: NodeState): RequestFault | null {
  const { always } = node.faults
  return (
    always.find(({ type }) => type === 'down') ??
    always.find(({ type }) => type === 'unauthenticated') ??
    null
  )
}

function nextFault(node: NodeState): RequestFault | null {
  return node.faults.queue.shift() ?? node.faults.always[0] ?? null
}

function connected(ctx: Context, node: NodeState, nodeId: string): RpcAnswer<void> {
  const peer = node.peers.find((candidate) => candidate.nodeId === nodeId)
  if (peer?.reachable !== true) return refusal(FAILED_PRECONDITION)
  connect(ctx, node, peer)
  return ok(undefined)
}

function open(node: NodeState): Channel[] {
  return node.disk.channels.filter((channel) => channel.status !== 'closed')
}

function shownChannel(ctx: Context, node: NodeState, channel: Channel): LdkChannel {
  return {
    channelId: channel.channelId,
    userChannelId: channel.userChannelId,
    counterpartyNodeId: channel.peerId,
    funding: fundingOutpoint(channel.funding),
    valueSats: channel.funding.valueSats,
    ...capacities(channel),
    confirmationsRequired: channel.lockDepth,
    confirmations: ctx.chain.confirmations(channel.funding.txid) ?? 0,
    isReady: true,
    isUsable: channel.status === 'open' && isConnected(node, channel),
  }
}

function refusal(status: number): { readonly ok: false; readonly error: RpcFault } {
  return err({ status, message: `status ${status}` })
}

function noAnswer(message: string): { readonly ok: false; readonly error: RpcFault } {
  return err({ status: null, message })
}
