import { capacities } from '../ldk/balance.ts'
import type { Funding } from '../world/funding-state.ts'
import { fundingOutpoint } from '../ldk/splice-transaction.ts'
import type { Channel, SimulatedNode, World } from '../world/world.ts'

const PACKAGE = 'fr.acinq.lightning.channel.states'
const MSAT_PER_SAT = 1_000

function stateOf({ status }: Channel): string {
  if (status === 'open') return 'Normal'
  return status === 'shutting_down' ? 'ShuttingDown' : 'Closing'
}

const listed = (node: SimulatedNode): Channel[] => node.channels().filter(({ status }) => status !== 'closed')

/** `getinfo` of phoenixd. A channel shows its newest funding, confirmed or not. */
export function infoOf(world: World, node: SimulatedNode, connected: readonly string[]) {
  return {
    nodeId: node.nodeId,
    channels: listed(node).map((channel) => ({
      state: connected.includes(channel.peerId) ? stateOf(channel) : 'Offline',
      channelId: channel.channelId,
      balanceSat: Math.floor(capacities(channel).outboundMsat / MSAT_PER_SAT),
      inboundLiquiditySat: Math.floor(capacities(channel).inboundMsat / MSAT_PER_SAT),
      capacitySat: channel.funding.valueSats,
      fundingTxId: (channel.candidates.at(-1)?.funding ?? channel.funding).txid,
    })),
    chain: 'regtest',
    blockHeight: world.chain.tip.height,
    version: node.behaviour.version ?? '0.8.0-402c2ea',
  }
}

function commitmentOf(fundingTxIndex: number, funding: Funding) {
  return {
    fundingTxIndex,
    fundingInput: fundingOutpoint(funding),
    fundingAmount: funding.valueSats,
    localFundingStatus: { status: 'unconfirmed', txId: funding.txid },
    remoteFundingStatus: { status: 'not-locked' },
  }
}

/** A splice's status as lightning-kmp names it. Only a splice that waits for signatures survives a disconnect. */
function spliceStatusOf({ queued, negotiation }: Channel): string {
  if (negotiation === null) return queued === null ? 'None' : 'QuiescenceRequested'
  if (negotiation.phase === 'awaiting_signatures') return 'WaitingForSigs'
  return negotiation.phase === 'constructing' ? 'InProgress' : 'Requested'
}

/** `listchannels` of phoenixd. While the peer is away, the state is nested in another one. */
export function listedOf(world: World, node: SimulatedNode, connected: readonly string[]) {
  return listed(node).map((channel) => {
    const { channelId, peerId, candidates, funding } = channel
    const locked = world.journal.entries.filter(
      (entry) => entry.type === 'promoted' && entry.channelId === channelId,
    ).length
    const state = {
      type: `${PACKAGE}.${stateOf(channel)}`,
      commitments: {
        channelParams: { channelId, remoteParams: { nodeId: peerId } },
        active: [
          ...candidates.toReversed().map((candidate) => commitmentOf(locked + 1, candidate.funding)),
          commitmentOf(locked, funding),
        ],
        inactive: [],
      },
      spliceStatus: { status: spliceStatusOf(channel) },
    }
    return connected.includes(peerId) ? state : { type: `${PACKAGE}.Offline`, state }
  })
}

/** `payments/outgoing` of phoenixd: signed splices, oldest first, without their address. */
export function paymentsOf(world: World, node: SimulatedNode, fields: URLSearchParams) {
  const from = Number(fields.get('from') ?? 0)
  const offset = Number(fields.get('offset') ?? 0)
  const limit = Number(fields.get('limit') ?? 20)
  return world.journal.entries
    .filter((entry) => entry.type === 'candidate_signed' && entry.node === node.name)
    .filter(({ at, detail }) => at >= from && Number(detail['oursNetSats']) < 0)
    .slice(offset, offset + limit)
    .map(({ at, txid, serial, detail }) => ({
      type: 'outgoing_payment',
      subType: 'splice_out',
      paymentId: `payment-${serial}`,
      txId: txid,
      isPaid: true,
      sent: 0 - Number(detail['oursNetSats']),
      fees: Number(detail['oursFeeSats']) * MSAT_PER_SAT,
      completedAt: at,
      createdAt: at,
    }))
}
