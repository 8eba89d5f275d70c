import type { Call } from '../../../core/ports/ports.ts'
import type { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Result } from '../../../core/values/result.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import type { Instant } from '../../../core/values/instant.ts'

/** Why a call has no answer: the gRPC status from the server, or null when no status arrived. */
export type RpcFault = { readonly status: number | null; readonly message: string }
export type RpcAnswer<T> = Result<T, RpcFault>

/** A call's deadline and, where the fence matters, its time of signing. */
export type RpcOptions = Call & { readonly signedAt?: Instant }

/** GetNodeInfo, the fields that we use. */
export type LdkNodeInfo = {
  readonly nodeId: string
  readonly network: Network
  readonly bestBlock: { readonly height: number; readonly hash: string }
  /** Unix seconds of the Lightning wallet's last sync; null: never. */
  readonly lightningSyncedAtSeconds: number | null
  /** `<cargo version> (<git commit>)`; null on servers that do not report it. */
  readonly version: string | null
}

/** One channel of ListChannels. Until a splice locks, funding, value and confirmations are those of the old funding. */
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

/** GetBalances. `claimable` has one entry per open channel, for the newest candidate. */
export type LdkBalances = {
  readonly spendableOnchainSats: number
  readonly claimable: readonly {
    readonly channelId: string
    readonly amountSats: number
    readonly closeFeeSats: number
  }[]
}

/** An on-chain payment record. The amount of a splice-out includes the fee; that of a splice-in is the value added. */
export type LdkPayment = {
  readonly id: string
  readonly txid: string
  readonly amountMsat: number | null
  readonly feePaidMsat: number | null
  readonly direction: 'inbound' | 'outbound'
  readonly status: 'pending' | 'succeeded' | 'failed'
  /** The channels of an interactive funding; empty if the server does not report them. */
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
 * A channel event of SubscribeEvents. Events carry no reason and no attempt and are not replayed, so they
 * only wake us up (docs/reference/ldk.md 6.6). Servers before September 2026 send no negotiation events.
 */
export type LdkEvent =
  | {
      readonly type: 'channel_state_changed'
      readonly channelId: string
      /** The new funding outpoint after a lock; null if the server does not report it. */
      readonly funding: Outpoint | null
    }
  | { readonly type: 'splice_negotiated'; readonly channelId: string; readonly funding: Outpoint }
  | { readonly type: 'splice_negotiation_failed'; readonly channelId: string }

/**
 * The calls of an ldk-server that Splicekeeper makes (ldk-server's `api.LightningNode`). The gRPC client and
 * the simulated node implement it, so one mapping to the node port serves both.
 */
export interface LdkRpc {
  getNodeInfo(options: RpcOptions): Promise<RpcAnswer<LdkNodeInfo>>
  listChannels(options: RpcOptions): Promise<RpcAnswer<readonly LdkChannel[]>>
  listPeers(options: RpcOptions): Promise<RpcAnswer<readonly LdkPeer[]>>
  getBalances(options: RpcOptions): Promise<RpcAnswer<LdkBalances>>
  /** Reads the node's payment store, including on-chain records of splices; null: no payment with that id. */
  getPayment(paymentId: string, options: RpcOptions): Promise<RpcAnswer<LdkPayment | null>>
  /** The on-chain payments of all pages (at most 10). */
  listPayments(options: RpcOptions): Promise<RpcAnswer<readonly LdkPayment[]>>
  onchainReceive(options: RpcOptions): Promise<RpcAnswer<string>>
  connectPeer(nodeId: string, address: string, options: RpcOptions): Promise<RpcAnswer<void>>
  /** Hands over a contribution, which the node keeps in memory. When it answers, nothing is negotiated or durable. */
  spliceIn(request: LdkSpliceIn, options: RpcOptions): Promise<RpcAnswer<void>>
  spliceOut(request: LdkSpliceOut, options: RpcOptions): Promise<RpcAnswer<{ readonly address: string }>>
  /**
   * Requests a fee bump of the pending splice; the node chooses the feerate. Servers before September 2026 answer 12.
   */
  bumpFee(request: LdkBump, options: RpcOptions): Promise<RpcAnswer<void>>
}
