import type { BumpRequest, ChannelSnapshot, Contribution, NodeFault, SubmitRequest } from '../../../core/ports/node.ts'
import type { Call, AbortRequest, CommandAnswer, Journal, NodePort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import * as z from 'zod'
import { NewAddress, PeerChannels } from './answers.ts'
import { ask } from './ask.ts'
import { nodeFaultOf, refusal } from './error-codes.ts'
import { abortUnsigned } from './abort-unsigned.ts'
import { attemptMs, type ClnNodeOptions, isPluginOnly, look } from './look.ts'
import { orderOf } from './order.ts'
import { pluginSpliceIn } from './plugin.ts'
import type { ClnFault, ClnRpc } from './rpc.ts'
import { splice } from './splice.ts'

export type { ClnNodeOptions } from './look.ts'

/** The default journal fails every write, so that no call that needs a journalled step is made. */
const NO_JOURNAL: Journal = () => Promise.resolve(false)

function command(rpc: ClnRpc, options: ClnNodeOptions) {
  return async (
    request: SubmitRequest | BumpRequest,
    call: Call,
    journal: Journal = NO_JOURNAL,
  ): Promise<CommandAnswer> => {
    const order = orderOf(request, options.network)
    if (!order.ok) return order.error
    const { permissions } = options
    const flow = {
      rpc,
      order: order.value,
      options: { signal: call.signal, until: order.value.signedAt + attemptMs(options) },
      journal,
      mayAbort: permissions.abort,
    }
    if (isPluginOnly(permissions)) return pluginSpliceIn(flow)
    const allowed = order.value.kind === 'splice_in' ? permissions.spliceIn : permissions.spliceOut
    return allowed ? splice(flow) : refusal({ class: 'invalid' }, 'not sent: the rune does not allow it')
  }
}

function read<T>(answer: Result<T, ClnFault>): Result<T, NodeFault> {
  return answer.ok ? answer : err(nodeFaultOf(answer.error))
}

async function newAddress(rpc: ClnRpc, call: Call): Promise<Result<string, NodeFault>> {
  const made = await ask(rpc, 'newaddr', { addresstype: 'p2tr' }, NewAddress, call)
  if (!made.ok) return err(nodeFaultOf(made.error))
  const address = made.value.p2tr ?? made.value.bech32
  return address === undefined ? err({ class: 'unreachable', message: 'the node gave no address' }) : ok(address)
}

async function connectPeer(rpc: ClnRpc, { peerId }: ChannelSnapshot, call: Call): Promise<Result<void, NodeFault>> {
  const connected = await ask(rpc, 'connect', { id: peerId }, z.unknown(), call)
  return connected.ok ? ok(undefined) : err(nodeFaultOf(connected.error))
}

/** The candidate's `splice_amount`, available while it is in flight. */
async function contribution(
  rpc: ClnRpc,
  channelId: string,
  txid: string,
  call: Call,
): Promise<Result<Contribution | null, NodeFault>> {
  const listed = await ask(rpc, 'listpeerchannels', { channel_id: channelId }, PeerChannels, call)
  if (!listed.ok) return err(nodeFaultOf(listed.error))
  const inflight = listed.value.channels.flatMap((channel) => channel.inflight ?? [])
  const ours = inflight.find(({ funding_txid }) => funding_txid === txid)
  return ok(ours === undefined ? null : { amountSats: ours.splice_amount })
}

async function clear(
  rpc: ClnRpc,
  options: ClnNodeOptions,
  request: AbortRequest,
  call: Call,
): Promise<Result<void, NodeFault>> {
  if (!options.permissions.abort)
    return err({ class: 'unreachable', message: 'the rune does not allow abort_channels' })
  return read(await abortUnsigned(rpc, request, call))
}

/** A Core Lightning as a node port, over clnrest or its socket (docs/nodes/core-lightning.md). */
export function clnNode(rpc: ClnRpc, options: ClnNodeOptions): NodePort {
  const run = command(rpc, options)
  return {
    look: (call) => look(rpc, options, call),
    submit: run,
    bump: run,
    newAddress: (call) => newAddress(rpc, call),
    connectPeer: (channel, call) => connectPeer(rpc, channel, call),
    contribution: (channelId, txid, call) => contribution(rpc, channelId, txid, call),
    abortUnsigned: (request, call) => clear(rpc, options, request, call),
  }
}
