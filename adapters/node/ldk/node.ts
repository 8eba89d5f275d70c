import type { BumpRequest, ChannelSnapshot, NodeFault, SubmitRequest } from '../../../core/ports/node.ts'
import type { Call, NodePort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { contribution } from './contribution.ts'
import { bumpResultOf, nodeFaultOf, resultOf } from './error-codes.ts'
import { look, type LdkNodeOptions } from './look.ts'
import type { LdkRpc, RpcAnswer } from './rpc.ts'

export type { LdkNodeOptions } from './look.ts'

const notSent = (why: string): CommandResult => ({
  type: 'refused',
  class: 'invalid',
  message: `not sent: ${why}`,
})

async function submit(rpc: LdkRpc, request: SubmitRequest, call: Call): Promise<CommandResult> {
  const { userChannelId, peerId: counterpartyNodeId, amountSats, address } = request
  if (userChannelId === null) return notSent('the request names no user channel id')
  const splice = { userChannelId, counterpartyNodeId, amountSats }
  const options = { signal: call.signal, signedAt: request.signedAt }
  if (request.kind === 'splice_in') return resultOf(await rpc.spliceIn(splice, options))
  // Without an address the server would pay a fresh one of its own, different at every attempt.
  if (address === null) return notSent('the request names no address')
  return resultOf(await rpc.spliceOut({ ...splice, address }, options))
}

async function bump(rpc: LdkRpc, request: BumpRequest, call: Call): Promise<CommandResult> {
  const { userChannelId, peerId: counterpartyNodeId, signedAt } = request
  if (userChannelId === null) return notSent('the request names no user channel id')
  // The server would ignore it and choose its own, and nobody could tell.
  if (request.feeRateSatPerKw !== null) return notSent('an ldk-server takes no feerate')
  const options = { signal: call.signal, signedAt }
  return bumpResultOf(await rpc.bumpFee({ userChannelId, counterpartyNodeId }, options))
}

function read<T>(answer: RpcAnswer<T>): Result<T, NodeFault> {
  return answer.ok ? answer : err(nodeFaultOf(answer.error))
}

async function connectPeer(rpc: LdkRpc, { peerId }: ChannelSnapshot, call: Call): Promise<Result<void, NodeFault>> {
  const peers = await rpc.listPeers(call)
  if (!peers.ok) return err(nodeFaultOf(peers.error))
  const peer = peers.value.find(({ nodeId }) => nodeId === peerId)
  if (peer === undefined) return err({ class: 'unreachable', message: 'the node knows no address of the peer' })
  return peer.connected ? ok(undefined) : read(await rpc.connectPeer(peerId, peer.address, call))
}

/**
 * An ldk-server as a node port, over the network client or an in-process simulated node. Its behaviour is
 * described in docs/reference/ldk.md 6 and 7. A `taken` splice is in the node's memory and nowhere else.
 */
export function ldkNode(rpc: LdkRpc, options: LdkNodeOptions): NodePort {
  return {
    look: (call) => look(rpc, options, call),
    submit: (request, call) => submit(rpc, request, call),
    bump: (request, call) => bump(rpc, request, call),
    newAddress: async (call) => read(await rpc.onchainReceive(call)),
    connectPeer: (channel, call) => connectPeer(rpc, channel, call),
    contribution: (channelId, txid, call) => contribution(rpc, channelId, txid, call),
  }
}
