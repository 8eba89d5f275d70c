import * as z from 'zod'
import { listOf } from '../../list.ts'
import { outpointOf, splitOutpoint, Txid } from '../../../core/bitcoin/outpoint.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import type { LdkBalances, LdkChannel, LdkNodeInfo, LdkPeer } from './rpc.ts'

/**
 * A two-way codec of a message. `decode` checks what came over the wire and yields the types of `rpc.ts`.
 * `encode` is the inverse: the client uses it for requests, the simulated server for responses.
 */
export type Codec<T> = z.ZodType<T, Record<string, unknown>>

/** An unsigned 64-bit number on the wire. Ours are safe integers; larger values are refused. */
export const uint64 = z.codec(z.bigint().nonnegative(), z.int().nonnegative(), {
  decode: Number,
  encode: BigInt,
})
const uint32 = z.int().nonnegative()
/** All channel names of a node are stored in one table item, which holds 400 KB. */
export const MAX_CHANNELS = 5_000
const MAX_PEERS = 20_000
const MAX_BALANCES = 50_000
const MAX_VERSION_CHARACTERS = 100
/** A host name of up to 253 characters, and a port. */
const MAX_ADDRESS_CHARACTERS = 260
export const SocketAddress = z.string().max(MAX_ADDRESS_CHARACTERS)
/** A 128-bit id in decimal. */
export const UserChannelId = z.string().regex(/^\d{1,39}$/)
export const NodeId = z.string().regex(/^[0-9a-f]{66}$/)
export const ChannelId = z.string().regex(/^[0-9a-f]{64}$/)

/** ldk-server's `Network` enumeration. */
const NETWORKS: ReadonlyMap<number, Network> = new Map([
  [0, 'bitcoin'],
  [1, 'testnet'],
  [2, 'testnet4'],
  [3, 'signet'],
  [4, 'regtest'],
])
const network = z.codec(z.int(), z.custom<Network>(), {
  decode(value, context) {
    const known = NETWORKS.get(value)
    if (known !== undefined) return known
    context.issues.push({ code: 'custom', message: 'unknown network', input: value })
    return z.NEVER
  },
  encode: (value) => [...NETWORKS].find(([, name]) => name === value)?.[0] ?? -1,
})

export const NodeInfo: Codec<LdkNodeInfo> = z.codec(
  z.object({
    nodeId: NodeId,
    currentBestBlock: z.object({ blockHash: Txid, height: uint32 }),
    latestLightningWalletSyncTimestamp: uint64.optional(),
    network,
    version: z.string().optional(),
  }),
  z.custom<LdkNodeInfo>(),
  {
    decode: (wire) => ({
      nodeId: wire.nodeId,
      network: wire.network,
      bestBlock: { height: wire.currentBestBlock.height, hash: wire.currentBestBlock.blockHash },
      lightningSyncedAtSeconds: wire.latestLightningWalletSyncTimestamp ?? null,
      // Only displayed and stored with the node's state.
      version: wire.version?.slice(0, MAX_VERSION_CHARACTERS) ?? null,
    }),
    encode: (info) => ({
      nodeId: info.nodeId,
      currentBestBlock: { blockHash: info.bestBlock.hash, height: info.bestBlock.height },
      latestLightningWalletSyncTimestamp: info.lightningSyncedAtSeconds ?? undefined,
      network: info.network,
      version: info.version ?? undefined,
    }),
  },
)

const Channel = z.codec(
  z.object({
    channelId: ChannelId,
    counterpartyNodeId: NodeId,
    fundingTxo: z.object({ txid: Txid, vout: uint32 }).optional(),
    userChannelId: UserChannelId,
    channelValueSats: uint64,
    outboundCapacityMsat: uint64,
    inboundCapacityMsat: uint64,
    confirmationsRequired: uint32.optional(),
    confirmations: uint32.optional(),
    isChannelReady: z.boolean(),
    isUsable: z.boolean(),
  }),
  z.custom<LdkChannel>(),
  {
    decode: (wire) => ({
      channelId: wire.channelId,
      userChannelId: wire.userChannelId,
      counterpartyNodeId: wire.counterpartyNodeId,
      funding: wire.fundingTxo ? outpointOf(wire.fundingTxo.txid, wire.fundingTxo.vout) : null,
      valueSats: wire.channelValueSats,
      outboundMsat: wire.outboundCapacityMsat,
      inboundMsat: wire.inboundCapacityMsat,
      confirmationsRequired: wire.confirmationsRequired ?? null,
      confirmations: wire.confirmations ?? null,
      isReady: wire.isChannelReady,
      isUsable: wire.isUsable,
    }),
    encode: (channel) => ({
      channelId: channel.channelId,
      counterpartyNodeId: channel.counterpartyNodeId,
      fundingTxo: channel.funding === null ? undefined : splitOutpoint(channel.funding),
      userChannelId: channel.userChannelId,
      channelValueSats: channel.valueSats,
      outboundCapacityMsat: channel.outboundMsat,
      inboundCapacityMsat: channel.inboundMsat,
      confirmationsRequired: channel.confirmationsRequired ?? undefined,
      confirmations: channel.confirmations ?? undefined,
      isChannelReady: channel.isReady,
      isUsable: channel.isUsable,
    }),
  },
)

export const ChannelList: Codec<readonly LdkChannel[]> = z.codec(
  z.object({ channels: listOf(Channel, { max: MAX_CHANNELS }) }),
  z.custom<readonly LdkChannel[]>(),
  { decode: (wire) => wire.channels, encode: (channels) => ({ channels: [...channels] }) },
)

const Peer = z.object({ nodeId: NodeId, address: SocketAddress, isConnected: z.boolean() })
export const PeerList: Codec<readonly LdkPeer[]> = z.codec(
  z.object({ peers: listOf(Peer, { max: MAX_PEERS }) }),
  z.custom<readonly LdkPeer[]>(),
  {
    decode: (wire) =>
      wire.peers.map(({ nodeId, address, isConnected }) => ({ nodeId, address, connected: isConnected })),
    encode: (peers) => ({
      peers: peers.map(({ nodeId, address, connected }) => ({ nodeId, address, isConnected: connected })),
    }),
  },
)

const ClaimableOnChannelClose = z.object({
  channelId: ChannelId,
  amountSatoshis: uint64,
  transactionFeeSatoshis: uint64,
})
export const Balances: Codec<LdkBalances> = z.codec(
  z.object({
    spendableOnchainBalanceSats: uint64,
    lightningBalances: listOf(z.object({ claimableOnChannelClose: ClaimableOnChannelClose.optional() }), {
      max: MAX_BALANCES,
    }),
  }),
  z.custom<LdkBalances>(),
  {
    decode: (wire) => ({
      spendableOnchainSats: wire.spendableOnchainBalanceSats,
      claimable: wire.lightningBalances
        .map(({ claimableOnChannelClose }) => claimableOnChannelClose)
        .filter((claimable) => claimable !== undefined)
        .map(({ channelId, amountSatoshis, transactionFeeSatoshis }) => ({
          channelId,
          amountSats: amountSatoshis,
          closeFeeSats: transactionFeeSatoshis,
        })),
    }),
    encode: (balances) => ({
      spendableOnchainBalanceSats: balances.spendableOnchainSats,
      lightningBalances: balances.claimable.map(({ channelId, amountSats, closeFeeSats }) => ({
        claimableOnChannelClose: {
          channelId,
          amountSatoshis: amountSats,
          transactionFeeSatoshis: closeFeeSats,
        },
      })),
    }),
  },
)
