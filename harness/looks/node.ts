import type { Capabilities, ChannelSnapshot, NodeLook } from '../../core/ports/node.ts'
import { CHANNEL_ID, FUNDING, NODE_ID, NOW, PEER_ID, TIP, aTxid } from '../values.ts'

export function aChannel(overrides: Partial<ChannelSnapshot> = {}): ChannelSnapshot {
  return {
    channelId: CHANNEL_ID,
    userChannelId: null,
    peerId: PEER_ID,
    peerConnected: true,
    ready: true,
    closing: false,
    funding: FUNDING,
    capacitySats: 1_000_000,
    outboundMsat: 600_000_000,
    inboundMsat: 400_000_000,
    claimableSats: 600_000,
    closeFeeSats: 0,
    lockDepth: 6,
    candidates: null,
    negotiation: 'unknown',
    ...overrides,
  }
}

export function capabilities(overrides: Partial<Capabilities> = {}): Capabilities {
  return {
    software: 'ldk-server',
    spliceIn: true,
    spliceOut: true,
    toAddress: true,
    bump: false,
    setsFeeRate: false,
    feeCap: 'gated',
    overlapGuard: true,
    queuesOffline: true,
    reportsCandidates: false,
    checksFunding: false,
    fenceMs: 120_000,
    nonExecutionProofs: ['process_restarted', 'overlap_guard', 'quiet_absence'],
    leaseScope: 'channel',
    ...overrides,
  }
}

export function aLook(overrides: Partial<NodeLook> = {}): NodeLook {
  return {
    observedAt: NOW,
    nodeId: NODE_ID,
    network: 'regtest',
    version: null,
    tipHeight: TIP,
    tipHash: aTxid('e'),
    synced: true,
    capabilities: capabilities(),
    channels: [aChannel()],
    spendableSats: 1_000_000,
    feeRateSatPerKw: null,
    ...overrides,
  }
}
