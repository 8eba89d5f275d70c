import type { Capabilities, ChannelSnapshot, NodeFault, NodeLook } from '../../../core/ports/node.ts'
import type { Call, Clock } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { nodeFaultOf } from './error-codes.ts'
import type { LdkBalances, LdkChannel, LdkNodeInfo, LdkPeer, LdkRpc } from './rpc.ts'

/** Options of the node port. */
export type LdkNodeOptions = {
  readonly clock: Clock
  /** How far the server lets a request's time be from its clock; default 60. */
  readonly authWindowSeconds?: number
  /** How far the server's clock may be from ours; default 60. */
  readonly clockSkewSeconds?: number
  /** Whether the server's LDK has the overlap guard; default false. */
  readonly overlapGuard?: boolean
  /** How recent the Lightning wallet's last sync must be for the node to count as synced; default 120. */
  readonly syncedWithinSeconds?: number
}

export function capabilitiesOf(options: LdkNodeOptions): Capabilities {
  const overlapGuard = options.overlapGuard ?? false
  const { authWindowSeconds = 60, clockSkewSeconds = 60 } = options
  return {
    software: 'ldk-server',
    spliceIn: true,
    spliceOut: true,
    toAddress: true,
    // Without the guard, a bump that is still queued when its candidate locks would run as a second splice.
    bump: overlapGuard,
    setsFeeRate: false,
    feeCap: 'gated',
    overlapGuard,
    queuesOffline: true,
    reportsCandidates: false,
    checksFunding: false,
    fenceMs: (authWindowSeconds + clockSkewSeconds) * 1000,
    nonExecutionProofs: [
      'refused',
      'channel_closed',
      'operator',
      'process_restarted',
      ...(overlapGuard ? (['overlap_guard'] as const) : []),
      'quiet_absence',
    ],
    leaseScope: 'channel',
  }
}

function snapshotOf(channel: LdkChannel, peers: readonly LdkPeer[], balances: LdkBalances): ChannelSnapshot {
  const { counterpartyNodeId: peerId, isReady, isUsable } = channel
  const peerConnected = isUsable || peers.some((peer) => peer.nodeId === peerId && peer.connected)
  // The server does not report a shutdown: a ready channel with its peer connected that is still unusable is
  // shutting down.
  const closing = isReady && peerConnected && !isUsable
  const claimable = balances.claimable.find(({ channelId }) => channelId === channel.channelId)
  return {
    channelId: channel.channelId,
    userChannelId: channel.userChannelId,
    peerId,
    peerConnected,
    ready: isReady && !closing,
    closing,
    funding: channel.funding,
    capacitySats: channel.valueSats,
    outboundMsat: channel.outboundMsat,
    inboundMsat: channel.inboundMsat,
    claimableSats: claimable?.amountSats ?? null,
    closeFeeSats: claimable?.closeFeeSats ?? null,
    lockDepth: channel.confirmationsRequired,
    candidates: null,
    negotiation: 'unknown',
  }
}

function lookOf(info: LdkNodeInfo, observedAt: number, options: LdkNodeOptions) {
  const { nodeId, network, version, bestBlock, lightningSyncedAtSeconds: syncedAtSeconds } = info
  const oldestSyncSeconds = observedAt / 1000 - (options.syncedWithinSeconds ?? 120)
  return {
    observedAt,
    nodeId,
    network,
    version,
    tipHeight: bestBlock.height,
    tipHash: bestBlock.hash,
    synced: syncedAtSeconds !== null && syncedAtSeconds >= oldestSyncSeconds,
    capabilities: capabilitiesOf(options),
    // ldk-server has no call that reports the feerate of a splice.
    feeRateSatPerKw: null,
  }
}

/**
 * Reads GetNodeInfo, ListChannels, ListPeers and GetBalances into one look, as old as its first request. One
 * failed read fails the look: without balances it would have no balance signals.
 */
export async function look(rpc: LdkRpc, options: LdkNodeOptions, call: Call): Promise<Result<NodeLook, NodeFault>> {
  const observedAt = options.clock.now()
  const [info, channels, peers, balances] = await Promise.all([
    rpc.getNodeInfo(call),
    rpc.listChannels(call),
    rpc.listPeers(call),
    rpc.getBalances(call),
  ])
  if (info.ok && channels.ok && peers.ok && balances.ok) {
    return ok({
      ...lookOf(info.value, observedAt, options),
      channels: channels.value.map((channel) => snapshotOf(channel, peers.value, balances.value)),
      spendableSats: balances.value.spendableOnchainSats,
    })
  }
  const faults = [info, channels, peers, balances].flatMap((answer) => (answer.ok ? [] : [nodeFaultOf(answer.error)]))
  // A configuration fault is more useful than a temporary one.
  const worst = faults.find((fault) => fault.class === 'config') ?? faults[0]
  return err(worst ?? { class: 'unreachable', message: 'no answer' })
}
