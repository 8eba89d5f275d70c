import type {
  LdkBalances,
  LdkChannel,
  LdkNodeInfo,
  LdkPayment,
  LdkPeer,
  LdkRpc,
  RpcAnswer,
  RpcOptions,
} from '../../adapters/node/ldk/rpc.ts'
import type { BumpRequest, SubmitRequest } from '../../core/ports/node.ts'
import { ok } from '../../core/values/result.ts'

/** The time of tests that stand still. */
export const NOW = Date.UTC(2026, 8, 1)

export const txidOf = (digit: string): string => digit.repeat(64)
export const peerId = `02${'b'.repeat(64)}`

export const info: LdkNodeInfo = {
  nodeId: `03${'a'.repeat(64)}`,
  network: 'regtest',
  bestBlock: { height: 120, hash: txidOf('c') },
  lightningSyncedAtSeconds: NOW / 1000 - 30,
  version: '0.1.0 (7f3276a)',
}

export const channel: LdkChannel = {
  channelId: txidOf('d'),
  userChannelId: '340282366920938463463374607431768211455',
  counterpartyNodeId: peerId,
  funding: `${txidOf('e')}:1`,
  valueSats: 10_000_000,
  outboundMsat: 6_000_000_000,
  inboundMsat: 3_900_000_000,
  confirmationsRequired: 6,
  confirmations: 20,
  isReady: true,
  isUsable: true,
}

export const peer: LdkPeer = { nodeId: peerId, address: '127.0.0.1:9735', connected: true }

export const payment: LdkPayment = {
  id: 'f0'.repeat(32),
  txid: '0f'.repeat(32),
  amountMsat: 100_002_000,
  feePaidMsat: 310_000,
  direction: 'outbound',
  status: 'pending',
  channelIds: [channel.channelId],
}

export const balances: LdkBalances = {
  spendableOnchainSats: 5_000_000,
  claimable: [{ channelId: channel.channelId, amountSats: 6_000_000, closeFeeSats: 183 }],
}

/** What ldk-server is asked in the tests: a splice-out of its one channel, and the bump of it. */
export const request: SubmitRequest = {
  attemptId: 'attempt-1',
  channelId: channel.channelId,
  userChannelId: channel.userChannelId,
  peerId,
  submittedOn: `${txidOf('e')}:1`,
  kind: 'splice_out',
  amountSats: 50_000,
  address: 'bcrt1qout',
  feeRateSatPerKw: null,
  signedAt: NOW,
  maxFeeRateSatPerKw: null,
  maxFeeSats: null,
}
export const bump: BumpRequest = { ...request, txid: txidOf('f'), feeRateSatPerKw: null }

/** One call that a fake got. */
export type SeenCall = {
  readonly method: keyof LdkRpc
  readonly options: RpcOptions
  readonly request: unknown
}

/** An ldk-server with canned answers, some of them replaced, and what it was asked. */
export function fakeRpc(answers: Partial<LdkRpc> = {}): { rpc: LdkRpc; seen: SeenCall[] } {
  const seen: SeenCall[] = []
  const answer = async <T>(
    method: keyof LdkRpc,
    request: unknown,
    options: RpcOptions,
    canned: T,
    given: Promise<RpcAnswer<T>> | undefined,
  ): Promise<RpcAnswer<T>> => {
    seen.push({ method, request, options })
    return given ?? ok(canned)
  }
  const rpc: LdkRpc = {
    getNodeInfo: (o) => answer('getNodeInfo', null, o, info, answers.getNodeInfo?.(o)),
    listChannels: (o) => answer('listChannels', null, o, [channel], answers.listChannels?.(o)),
    listPeers: (o) => answer('listPeers', null, o, [peer], answers.listPeers?.(o)),
    getBalances: (o) => answer('getBalances', null, o, balances, answers.getBalances?.(o)),
    getPayment: (id, o) => answer('getPayment', id, o, null, answers.getPayment?.(id, o)),
    listPayments: (o) => answer('listPayments', null, o, [payment], answers.listPayments?.(o)),
    onchainReceive: (o) => answer('onchainReceive', null, o, 'bcrt1qfresh', answers.onchainReceive?.(o)),
    connectPeer: (nodeId, address, o) =>
      answer('connectPeer', { nodeId, address }, o, undefined, answers.connectPeer?.(nodeId, address, o)),
    spliceIn: (splice, o) => answer('spliceIn', splice, o, undefined, answers.spliceIn?.(splice, o)),
    spliceOut: (splice, o) =>
      answer('spliceOut', splice, o, { address: splice.address }, answers.spliceOut?.(splice, o)),
    bumpFee: (bump, o) => answer('bumpFee', bump, o, undefined, answers.bumpFee?.(bump, o)),
  }
  return { rpc, seen }
}
