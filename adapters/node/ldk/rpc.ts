import type { Call } from '../../../core/ports/ports.ts'
import type { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Result } from '../../../core/values/result.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import type { Instant } from '../../../core/values/instant.ts'

/** Why a call has no answer: the gRPC status that the server sent, or null where no status arrived at all. */
export type RpcFault = { readonly status: number | null; readonly message: string }
export type RpcAnswer<T> = Result<T, RpcFault>

/** How a call is made: its deadline and, where the fence matters, the time that it is signed with. */
export type RpcOptions = Call & { readonly signedAt?: Instant }

/** GetNodeInfo, the fields that we use. */
export type LdkNodeInfo = {
  readonly nodeId: string
  readonly network: Network
  readonly bestBlock: { readonly height: number; readonly hash: string }
  /** Unix seconds of the last sync of the Lightning wallet; null: never. */
  readonly lightningSyncedAtSeconds: number | null
  /** `<cargo version> (<git commit>)`; null on servers that do not tell. */
  readonly version: string | null
}

/** One channel of ListChannels. Until promotion funding, value and confirmations describe the old funding. */
export type LdkChannel = {
  readonly channelId: string
  readonly userChannelId: string
  readonly counterpartyNodeId: string
  readonly funding: Outpoint | null
  readonly valueSats: number
  readonly outboundMsat: number
  readonly inboundMsat: number
  readonly confirmationsRequired: number | null
  readonly confirmations: number | null
  readonly isReady: boolean
  /** Ready, peer connected, and not shutting down. */
  readonly isUsable: boolean
}

export type LdkPeer = { readonly nodeId: string; readonly address: string; readonly connected: boolean }

/** GetBalances. `claimable` has one entry per open channel; the newest candidate counts. */
export type LdkBalances = {
  readonly spendableOnchainSats: number
  readonly claimable: readonly {
    readonly channelId: string
    readonly amountSats: number
    readonly closeFeeSats: number
  }[]
}

/** An on-chain payment record. For splices: splice-out amount includes the fee, splice-in is the value added. */
export type LdkPayment = {
  readonly id: string
  readonly txid: string
  readonly amountMsat: number | null
  readonly feePaidMsat: number | null
  readonly direction: 'inbound' | 'outbound'
  readonly status: 'pending' | 'succeeded' | 'failed'
  /** Channels of an interactive funding; empty where the server does not tell. */
  readonly channelIds: readonly string[]
}

export type LdkSpliceIn = {
  readonly userChannelId: string
  readonly counterpartyNodeId: string
  readonly amountSats: number
}
export type LdkSpliceOut = LdkSpliceIn & { readonly address: string }
export type LdkBump = { readonly userChannelId: string; readonly counterpartyNodeId: string }

/**
 * What SubscribeEvents tells of channels. It carries no reason and no attempt, and is not replayed: a wake-up
 * (docs/reference/ldk.md 6.6). Servers before September 2026 tell of no negotiations.
 */
export type LdkEvent =
  | {
      readonly type: 'channel_state_changed'
      readonly channelId: string
      /** The new one after a lock; null where the server names none. */
      readonly funding: Outpoint | null
    }
  | { readonly type: 'splice_negotiated'; readonly channelId: string; readonly funding: Outpoint }
  | { readonly type: 'splice_negotiation_failed'; readonly channelId: string }

/**
 * The calls of an ldk-server that Splicekeeper makes (reference: ldk-server `api.LightningNode`). The gRPC client and the
 * simulated node both implement it, so that one mapping to the node port serves both.
 */
export interface LdkRpc {
  getNodeInfo(options: RpcOptions): Promise<RpcAnswer<LdkNodeInfo>>
  listChannels(options: RpcOptions): Promise<RpcAnswer<readonly LdkChannel[]>>
  listPeers(options: RpcOptions): Promise<RpcAnswer<readonly LdkPeer[]>>
  getBalances(options: RpcOptions): Promise<RpcAnswer<LdkBalances>>
  /** Reads the node's own payment store, on-chain records of splices included; null: none with that id. */
  getPayment(paymentId: string, options: RpcOptions): Promise<RpcAnswer<LdkPayment | null>>
  /** On-chain payments of all pages (at most 10 pages). */
  listPayments(options: RpcOptions): Promise<RpcAnswer<readonly LdkPayment[]>>
  onchainReceive(options: RpcOptions): Promise<RpcAnswer<string>>
  connectPeer(nodeId: string, address: string, options: RpcOptions): Promise<RpcAnswer<void>>
  /** Hands a contribution over, in memory only. Nothing is negotiated or durable when it answers. */
  spliceIn(request: LdkSpliceIn, options: RpcOptions): Promise<RpcAnswer<void>>
  spliceOut(request: LdkSpliceOut, options: RpcOptions): Promise<RpcAnswer<{ readonly address: string }>>
  /** Hands a fee bump of the pending splice over; the node chooses the feerate. Servers before September 2026 answer 12. */
  bumpFee(request: LdkBump, options: RpcOptions): Promise<RpcAnswer<void>>
}
