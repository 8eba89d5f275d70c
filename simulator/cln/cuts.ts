import { codes, refused, type Outcome } from './answer.ts'
import { peerFinishes } from './broadcast.ts'
import { forceClose } from './closing.ts'
import { disconnect, stop } from './connection.ts'
import { note, peerNamed, type Own } from './own.ts'
import type { ClnAct, ClnChannel, ClnMessage, ClnPoint } from './state.ts'

/**
 * What a connection loss at a point does to a splice-in, as observed on a real node: how the call ends (`goes_on`: as
 * if nothing happened), and what remains in our database. A `stubborn` splice needs abort_channels twice.
 */
type Cut = {
  readonly answer: 'hangs' | 'disconnected' | 'aborted' | 'goes_on'
  readonly leaves: 'nothing' | 'unsigned' | 'stubborn'
}

const HANGS: Cut = { answer: 'hangs', leaves: 'nothing' }
const UNNOTICED: Cut = { answer: 'goes_on', leaves: 'nothing' }
const LOST: Cut = { answer: 'aborted', leaves: 'nothing' }
const STUBBORN: Cut = { answer: 'aborted', leaves: 'stubborn' }

const CUTS: Readonly<Record<ClnMessage, Readonly<Record<'us' | 'peer', readonly [before: Cut, after: Cut]>>>> = {
  STFU: { us: [HANGS, HANGS], peer: [HANGS, HANGS] },
  SPLICE: { us: [HANGS, HANGS], peer: [HANGS, HANGS] },
  SPLICE_ACK: { us: [HANGS, HANGS], peer: [HANGS, { answer: 'disconnected', leaves: 'nothing' }] },
  TX_ADD_INPUT: { us: [HANGS, HANGS], peer: [HANGS, HANGS] },
  TX_ADD_OUTPUT: { us: [HANGS, HANGS], peer: [HANGS, HANGS] },
  TX_COMPLETE: { us: [HANGS, LOST], peer: [LOST, LOST] },
  COMMITMENT_SIGNED: { us: [STUBBORN, LOST], peer: [STUBBORN, LOST] },
  TX_SIGNATURES: {
    us: [UNNOTICED, UNNOTICED],
    peer: [LOST, { answer: 'goes_on', leaves: 'unsigned' }],
  },
  BROADCAST: { us: [UNNOTICED, UNNOTICED], peer: [UNNOTICED, UNNOTICED] },
  SPLICE_LOCKED: { us: [HANGS, HANGS], peer: [HANGS, HANGS] },
}

const STUBBORN_ABORTS = 2

/** Takes the act that is set for a point; each runs once. */
export function actAt(own: Own, channel: ClnChannel, point: ClnPoint): ClnAct | null {
  const { node } = own
  const at = node.traps.findIndex(
    ({ point: { by, when, message } }) => by === point.by && when === point.when && message === point.message,
  )
  const [trap] = at < 0 ? [] : node.traps.splice(at, 1)
  if (trap === undefined) return null
  note(own, 'round_phase', { channel }, { act: trap.act.type, ...point })
  return trap.act
}

/** One message of the exchange; `then` runs once it is sent. */
export type Step = {
  readonly by: ClnPoint['by']
  readonly message: ClnMessage
  readonly then?: () => void
}

/** Exchanges messages until one is interrupted; null if all went through or the call does not notice. */
export function exchange(own: Own, channel: ClnChannel, steps: readonly Step[]): Outcome | null {
  for (const { by, message, then } of steps) {
    for (const when of ['before', 'after'] as const) {
      const point = { by, when, message }
      const act = actAt(own, channel, point)
      const outcome = act === null ? null : interrupt(own, channel, point, act)
      if (outcome !== null) return outcome
      if (when === 'before') then?.()
    }
  }
  return null
}

function interrupt(own: Own, channel: ClnChannel, point: ClnPoint, act: ClnAct): Outcome | null {
  const peer = peerNamed(own.node, channel.peerId)
  switch (act.type) {
    case 'freeze_peer':
      return null
    case 'hang':
      return hang(own, channel)
    case 'force_close':
      forceClose(own, channel, 'Interactive splicing error: Received invalid message from peer: 259', 'protocol')
      return refused(codes.disconnected, 'Channel is disconnected')
    case 'kill_node':
      if (
        point.by === 'us' &&
        (point.message === 'BROADCAST' || (point.message === 'TX_SIGNATURES' && point.when === 'after'))
      )
        peerFinishes(own, channel)
      stop(own)
      return { type: 'died' }
    case 'kill_peer':
      peer.reachable = false
      return cut(own, channel, point, () => disconnect(own, peer, null))
    case 'drop':
      return cut(own, channel, point, () => disconnect(own, peer, own.node.behaviour.reconnectMs))
  }
}

function cut(own: Own, channel: ClnChannel, point: ClnPoint, lose: () => void): Outcome | null {
  const { answer, leaves } = CUTS[point.message][point.by][point.when === 'before' ? 0 : 1]
  const txid = channel.negotiation?.committedTxid ?? null
  const inflight = channel.inflights.find(({ funding }) => funding.txid === txid)
  const bothCommitted = inflight?.resumes === true && inflight.peerHas
  lose()
  // A splice-out that both sides committed to continues once the peer is back.
  if (bothCommitted) return answer === 'goes_on' ? null : refused(codes.disconnected, 'Channel is disconnected')
  if (inflight !== undefined && leaves === 'stubborn') inflight.abortsLeft = STUBBORN_ABORTS
  if (inflight !== undefined && leaves === 'nothing' && answer !== 'goes_on') {
    channel.inflights = channel.inflights.filter((one) => one !== inflight)
    note(own, 'inflight_dropped', { channel, txid: inflight.funding.txid }, { why: 'the peer aborted' })
  }
  switch (answer) {
    case 'hangs':
      return hang(own, channel)
    case 'disconnected':
      return refused(codes.disconnected, 'Channel is disconnected')
    case 'aborted':
      return refused(codes.aborted, 'next_funding_txid not recognized.')
    case 'goes_on':
      return null
  }
}

/** The call never ends and blocks every command that starts a splice. */
export function hang(own: Own, channel: ClnChannel): Outcome {
  channel.blocked = true
  channel.negotiation = null
  note(own, 'blocked', { channel })
  return { type: 'hangs' }
}
