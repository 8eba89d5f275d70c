import { shut, type GateFacts, type Shut } from './gate.ts'
import { mayPickAnother, type Observation } from './observation.ts'
import type { ChannelSnapshot, NodeLook, Obstacles } from '../ports/node.ts'
import { unresolvedAttempts } from '../splice/budget.ts'
import type { Splice } from '../splice/splice.ts'
import { payerOf, shortageText } from './shortage.ts'
import { worstFeeSats } from './worst-fee.ts'

/** Confirmations of the funding before a Core Lightning is asked to splice. By then the last splice is announced. */
const SPLICEABLE_DEPTH = 6

/** The gate `channel`: the channel can be spliced now, and the money is there. */
export function channelGate(facts: GateFacts): Shut | null {
  const { splice, observation } = facts
  const { channel, node } = observation
  if (node === null || channel === null) return shut('channel_missing', 'The node does not list the channel.')
  if (channel.closing) return shut('channel_closing', 'The channel is closing and can no longer be spliced.')
  if (!channel.ready) return shut('channel_not_ready', 'The channel is not ready for payments yet.')
  if (mayPickAnother(node, channel.channelId))
    return shut(
      'several_channels',
      'The node has several channels and picks one itself, so it cannot be told to use this one.',
    )
  const hasUnresolved = unresolvedAttempts(splice).length > 0
  if (channel.funding === null || (hasUnresolved && channel.funding !== splice.submittedOn))
    return shut(
      'funding_moved',
      'The channel has moved to another funding transaction than the one this splice was submitted on.',
    )
  const needsNoPeer = splice.attempts.length === 0 && node.capabilities.queuesOffline
  if (!channel.peerConnected && !needsNoPeer)
    return shut('peer_away', 'Waiting for the node on the other side of the channel to connect.')
  const obstacle = obstacleGate(channel)
  if (obstacle !== null) return obstacle
  return canPay(splice, node, channel, observation)
}

/** The conditions under which a splice would break on this node. A fee bump only waits for payments. */
function obstacleGate({ obstacles }: ChannelSnapshot): Shut | null {
  if (obstacles === undefined) return null
  const { fundingDepth, announced } = obstacles
  if (fundingDepth < SPLICEABLE_DEPTH)
    return shut('funding_shallow', "Waiting for the channel's funding transaction to have six confirmations.")
  if (announced === false)
    return shut('not_announced', 'Waiting for both nodes to announce the channel after its last splice.')
  return paymentsGate(obstacles)
}

/** An unsettled payment holds up the negotiation until the connection is dropped. */
export function paymentsGate(obstacles: Obstacles | undefined): Shut | null {
  return (obstacles?.unsettledPayments ?? 0) === 0
    ? null
    : shut('payments', 'Waiting for payments on the channel to settle.')
}

function canPay(splice: Splice, node: NodeLook, channel: ChannelSnapshot, observation: Observation): Shut | null {
  const needed = splice.amountSats + (worstFeeSats(splice.kind, observation) ?? 0)
  const available = splice.kind === 'splice_in' ? node.spendableSats : Math.floor(channel.outboundMsat / 1_000)
  if (available >= needed) return null
  const missing = shortageText(available, splice.amountSats)
  return shut('balance', `Waiting for funds: ${payerOf(splice.kind)} cannot pay the amount and the fee. ${missing}`)
}
