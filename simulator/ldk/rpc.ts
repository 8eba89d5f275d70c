import { ok } from '../../core/values/result.ts'
import type { LdkChannel, LdkRpc, RpcAnswer, RpcOptions } from '../../adapters/node/ldk/rpc.ts'
import { barred, refusal, submit } from './arrival.ts'
import { capacities, claimable } from './balance.ts'
import { isUsable, type Context } from '../world/context.ts'
import { shownPayment } from './payments.ts'
import { connect } from './peers.ts'
import { FAILED_PRECONDITION } from './requests.ts'
import { fundingOutpoint } from './splice-transaction.ts'
import type { Channel, NodeState } from '../world/state.ts'
import { newAddress, spendableSats } from './wallet.ts'

/** An ldk-server's calls over a simulated node, at the world's current time, with the node's faults. */
export function simulatedRpc(ctx: Context, node: NodeState): LdkRpc {
  const call = async <T>(options: RpcOptions, handle: () => RpcAnswer<T>): Promise<RpcAnswer<T>> =>
    barred(ctx, node, options) ?? handle()
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
    listChannels: (options) => call(options, () => ok(open(node).map((channel) => shownChannel(ctx, node, channel)))),
    listPeers: (options) =>
      call(options, () => ok(node.peers.map(({ nodeId, address, connected }) => ({ nodeId, address, connected })))),
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
    spliceIn: async (request, options) => submit(ctx, node, { ...request, kind: 'splice_in', address: null }, options),
    spliceOut: async (request, options) => {
      const answer = submit(ctx, node, { ...request, kind: 'splice_out' }, options)
      return answer.ok ? ok({ address: request.address }) : answer
    },
    bumpFee: async (request, options) => submit(ctx, node, { ...request, kind: 'bump' }, options),
  }
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
    isReady: channel.opening === null,
    isUsable: isUsable(node, channel),
  }
}
