import { ADDRESS } from '../../harness/values.ts'
import type { Action } from './client-actions.ts'
import { nameOf } from './laws-of-writes.ts'

/** Statuses after which the same request may be taken later. */
const FOR_NOW = [9, 9, 13, 14]

/** What happens to the node's process and to the requests that it gets. */
export const nodeActions = {
  loseReply: ({ node }) => node.fault({ type: 'lose_reply' }),
  drop: ({ node }) => node.fault({ type: 'drop' }),
  late: ({ node }, dice) => {
    const ms = dice.pick([5_000, 40_000, 55_000, 70_000, 100_000, 117_000])
    node.fault({ type: 'late', ms })
    return `${ms} ms`
  },
  refuse: ({ node, profile }, dice) => {
    const status = dice.pick(profile.theme === 'patient' ? FOR_NOW : [...FOR_NOW, 16, 12, 3])
    node.fault({ type: 'refuse', status })
    return `status ${status}`
  },
  refuseForNow: ({ node }) => node.fault({ type: 'refuse', status: 9 }),
  nodeDown: ({ node }) => node.fault({ type: 'down' }),
  credentialRefused: ({ node }) => node.fault({ type: 'unauthenticated' }),
  faultsLifted: ({ node }) => node.liftFaults(),
  restart: ({ node }) => node.restart(),
  nodeMute: ({ node }) => {
    node.behaviour.broadcasts = 'never'
  },
  nodeSpeaks: ({ node, profile }) => {
    node.behaviour.broadcasts = profile.node.broadcasts
    node.restart()
  },
  guardLost: (stage) => {
    stage.guardLost = true
  },
  nodeBackedUp: ({ node }) => node.saveBackup('backup'),
  nodeRestored: ({ node }) => node.restoreBackup('backup'),
} satisfies Record<string, Action>

/** What the peer does, and what others do on the channel. */
export const peerActions = {
  peerLeaves: ({ node }) => node.disconnectPeer(),
  peerBlinks: ({ node }, dice) => {
    const returnsAfterMs = dice.pick([1_000, 30_000, 200_000])
    node.disconnectPeer({ returnsAfterMs })
    return `for ${returnsAfterMs} ms`
  },
  peerReturns: ({ node }) => node.connectPeer(),
  peerAborts: (stage, dice) => {
    const phase = dice.pick(['awaiting_ack', 'constructing', 'awaiting_signatures'] as const)
    stage.node.abortNext(stage.channel(dice), phase)
    return phase
  },
  contributionStale: (stage, dice) => stage.node.staleNext(stage.channel(dice)),
  peerSplices: (stage, dice) => {
    const amountSats = dice.pick([100_000, -30_000, 50_000])
    // Ours joining the peer's round is one of the two interleavings that a node without the guard is known to lose.
    const mergeOurs = dice.chance(0.5) && stage.profile.overlapGuard
    const price = dice.chance(0.4) ? { feeRateSatPerKw: dice.pick([253, 500, 2_000]) } : {}
    stage.node.peerSplice(stage.channel(dice), { amountSats, mergeOurs, ...price })
    return `${amountSats} sat, ours ${mergeOurs ? 'joins' : 'stays out'}`
  },
  peerReplaces: (stage, dice) => {
    const mergeOurs = dice.chance(0.5) && stage.profile.overlapGuard
    stage.node.peerReplace(stage.channel(dice), { mergeOurs })
    return `ours ${mergeOurs ? 'joins' : 'stays out'}`
  },
  bumpedByHand: (stage, dice) => {
    // A bump by hand is the other one.
    if (!stage.profile.overlapGuard) return 'left out without the guard'
    const answer = stage.node.bump(stage.channel(dice))
    return answer.ok ? 'taken' : 'refused'
  },
  sameByHand: async (stage, dice) => {
    const outs = stage.posted.filter(({ request }) => request.kind === 'splice_out')
    if (outs.length === 0) return 'nothing to do'
    const { id, request } = dice.pick(outs)
    stage.memory.twins.add(id)
    const { userChannelId, peerId } = stage.node.channel(request.channel ?? '')
    const order = {
      userChannelId,
      counterpartyNodeId: peerId,
      amountSats: request.amountSats,
      address: ADDRESS,
    }
    const answer = await stage.node.rpc.spliceOut(order, {
      signal: new AbortController().signal,
      signedAt: stage.world.now(),
    })
    return `${nameOf(id)} ${answer.ok ? 'taken' : 'refused'}`
  },
  peerSlow: ({ world }, dice) => {
    const ms = dice.pick([200, 5_000, 15_000])
    world.setPhases({ quiescenceMs: ms, ackMs: ms, constructingMs: ms })
    return `${ms} ms`
  },
  // Each round of a channel has its failures, whoever began it; what the relay says of them names no splice.
  othersFail: async ({ keeper, world, node }, dice) => {
    const reason = dice.pick(['PeerDisconnected', 'CounterpartyAborted', 'NegotiationError'] as const)
    const event = {
      id: `others-${world.now()}`,
      type: 'splice_negotiation_failed' as const,
      at: world.now(),
      channelId: keeper.channelId,
      reason,
    }
    await keeper.events.send({ node: node.name, event })
    return reason
  },
  // Within the quiet that is waited for: an operator who waits for less than the peers take is wrong about them.
  signingSlow: ({ world, keeper }) => world.setPhases({ signingMs: Math.min(60_000, keeper.policy.quietMs / 2) }),
  payment: (stage, dice) => {
    const msat = dice.pick([-1, 1]) * dice.pick([10_000_001, 200_000_000, 333])
    stage.node.lightningPayment(stage.channel(dice), msat)
    return `${msat} msat`
  },
  peerKeepsLocks: (stage, dice) => stage.node.setPeerLocks(stage.channel(dice), false),
  peerSendsLocks: (stage, dice) => stage.node.setPeerLocks(stage.channel(dice), true),
  closeSlowly: ({ node, keeper }) => node.close(keeper.channelId, 'cooperative'),
  close: (stage, dice) => {
    const how = dice.pick(['cooperative', 'force'] as const)
    stage.node.close(stage.channel(dice), how)
    return how
  },
} satisfies Record<string, Action>
