import { fundingOutpoint } from '../ldk/splice-transaction.ts'
import type { Funding, SpliceCandidate } from '../world/funding-state.ts'
import type { Channel, SimulatedNode, World } from '../world/world.ts'

/** Eclair's channel state, which depends on whether the peer is connected. */
function stateOf(channel: Channel, connected: boolean): string {
  if (channel.status === 'closed') return 'CLOSING'
  if (!connected) return 'OFFLINE'
  return channel.status === 'shutting_down' ? 'SHUTDOWN' : 'NORMAL'
}

export function infoOf(world: World, node: SimulatedNode) {
  return {
    version: node.behaviour.version ?? '0.14.0-5b765e0',
    nodeId: node.nodeId,
    alias: node.name,
    network: 'regtest',
    blockHeight: world.chain.tip.height,
    publicAddresses: [],
    instanceId: '01234567-0123-4567-89ab-0123456789ab',
  }
}

/** How many splices of a channel have locked, which is the index of its funding. */
function indexOf(world: World, { channelId }: Channel): number {
  return world.journal.entries.filter((entry) => entry.type === 'promoted' && entry.channelId === channelId).length
}

function commitmentOf(world: World, fundingTxIndex: number, funding: Funding, oursMsat: number, locked: boolean) {
  const confirmed = (world.chain.confirmations(funding.txid) ?? 0) > 0
  return {
    fundingTxIndex,
    fundingInput: fundingOutpoint(funding),
    fundingAmount: funding.valueSats,
    localFunding: confirmed
      ? { status: 'confirmed', shortChannelId: '1x1x1' }
      : { status: 'unconfirmed', txid: funding.txid },
    remoteFunding: { status: locked ? 'locked' : 'not-locked' },
    commitmentFormat: 'anchor_outputs',
    localCommitParams: { dustLimit: 354 },
    remoteCommitParams: { dustLimit: 354 },
    localCommit: {
      index: 0,
      spec: {
        htlcs: [],
        commitTxFeerate: 253,
        toLocal: oursMsat,
        toRemote: funding.valueSats * 1000 - oursMsat,
      },
      txId: funding.txid,
    },
  }
}

/** A channel as `channel` and `channels` show it (docs/reference/eclair.md 3). A negotiation is not visible. */
export function channelOf(world: World, channel: Channel, connected: boolean) {
  const index = indexOf(world, channel)
  const pending = (candidate: SpliceCandidate) =>
    commitmentOf(world, index + 1, candidate.funding, channel.oursMsat + candidate.oursNetSats * 1000, false)
  const closing = channel.status === 'closed' ? 'DATA_CLOSING' : 'DATA_SHUTDOWN'
  return {
    nodeId: channel.peerId,
    channelId: channel.channelId,
    state: stateOf(channel, connected),
    data: {
      type: channel.status === 'open' ? 'DATA_NORMAL' : closing,
      commitments: {
        channelParams: {
          channelId: channel.channelId,
          channelFeatures: ['option_dual_fund', ...(channel.lockDepth === 0 ? ['option_zeroconf'] : [])],
        },
        active: [
          ...channel.candidates.toReversed().map(pending),
          commitmentOf(world, index, channel.funding, channel.oursMsat, true),
        ],
        inactive: [],
      },
    },
  }
}
