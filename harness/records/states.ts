import { queueOf } from './queue.ts'
import type { Capabilities } from '../../core/ports/node.ts'
import { capabilities } from '../looks/node.ts'
import type { ChannelLease, ChannelState, NodeState, Versioned } from '../../core/ports/records.ts'
import { ACCEPTED_AT, CHANNEL_ID, FUNDING, NODE_ID, NOW, PEER_ID, aSpliceId } from '../values.ts'

/** A node that can do more, or less, than the ldk-server of {@link aNodeSeen}. */
export function aNodeThat(can: Partial<Capabilities>): NodeState {
  return aNodeSeen({ capabilities: can })
}

type NodeChanges = Partial<Omit<NodeState, 'capabilities'>> & {
  readonly capabilities?: Partial<Capabilities>
}

/** An ldk-server as the last sweep saw it. */
export function aNodeSeen({ capabilities: can, ...overrides }: NodeChanges = {}): NodeState {
  return {
    nodeId: NODE_ID,
    network: 'regtest',
    version: null,
    capabilities: capabilities({ nonExecutionProofs: [], ...can }),
    channelIds: [CHANNEL_ID],
    processStarts: [],
    paused: null,
    relayEvents: [],
    seenAt: NOW,
    ...overrides,
  }
}

/** Its channel, ready, with its peer connected. */
export function aChannelSeen(overrides: Partial<ChannelState> = {}): ChannelState {
  return {
    node: 'alice',
    channelId: CHANNEL_ID,
    userChannelId: null,
    peerId: PEER_ID,
    funding: FUNDING,
    fundingSince: ACCEPTED_AT,
    earlier: [],
    capacitySats: 1_000_000,
    outboundMsat: 600_000_000,
    inboundMsat: 400_000_000,
    peerConnected: true,
    connectedSince: NOW,
    ready: true,
    closing: false,
    lockDepth: 6,
    goneAt: null,
    ...overrides,
  }
}

/** The channel's lease, held by `aSplice()`. */
export function aHeldLease(overrides: Partial<ChannelLease> = {}): Versioned<ChannelLease> {
  return {
    version: 1,
    value: { holder: aSpliceId(1), queue: queueOf(aSpliceId(1)), frozen: null, ...overrides },
  }
}
