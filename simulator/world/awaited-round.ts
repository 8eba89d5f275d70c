import type { SimulatedNode, World } from './steering.ts'

const STEP_MS = 25
/** How long a disconnected peer stays away. */
const AWAY_MS = 5_000

/** A fault injected into the round that a command waits for. */
export type Trouble = 'disconnect' | 'restart' | 'abort' | 'abort_after_reply' | 'silent_peer'

/** How a command that waits for the end of the negotiation ends. */
export type AwaitedRound =
  | { readonly type: 'negotiated'; readonly txid: string }
  | { readonly type: 'failed'; readonly why: 'disconnected' | 'aborted' | 'canceled' }
  | { readonly type: 'restarted' }
  /** The round goes on, but the command stops waiting for it. */
  | { readonly type: 'timeout' }

/**
 * Advances the world's clock until our round on a channel is negotiated. Eclair and phoenixd answer at that
 * point, before anything is signed (docs/reference/eclair.md 2, phoenixd.md 1). These nodes queue nothing:
 * the request is canceled if the peer is away or runs a round of its own.
 */
export function awaitRound(
  world: World,
  node: SimulatedNode,
  channelId: string,
  trouble: Trouble | null,
  withinMs: number,
): AwaitedRound {
  if (trouble === 'abort') node.abortNext(channelId, 'constructing')
  if (trouble === 'abort_after_reply') node.abortNext(channelId, 'awaiting_signatures')
  const before = newest(node, channelId)
  const until = world.now() + withinMs
  for (;;) {
    const { negotiation, queued } = node.channel(channelId)
    const now = newest(node, channelId)
    if (now !== before) return { type: 'negotiated', txid: now }
    if (trouble === 'disconnect' && negotiation?.phase === 'constructing') {
      node.disconnectPeer({ returnsAfterMs: AWAY_MS })
      return { type: 'failed', why: 'disconnected' }
    }
    if (trouble === 'restart' && negotiation?.phase === 'constructing') {
      node.restart()
      return { type: 'restarted' }
    }
    if (negotiation?.initiator !== 'us' && queued !== null) {
      node.cancelQueued(channelId)
      return { type: 'failed', why: negotiation === null ? 'disconnected' : 'canceled' }
    }
    if (negotiation === null) return { type: 'failed', why: 'aborted' }
    const step = trouble === 'silent_peer' && negotiation.phase === 'quiescence' ? 0 : STEP_MS
    if (step === 0 || world.now() + step > until) return { type: 'timeout' }
    world.advance(step)
  }
}

/** The txid of our newest transaction: negotiated, else signed, else the funding. */
function newest(node: SimulatedNode, channelId: string): string {
  const { negotiation, candidates, funding } = node.channel(channelId)
  const signing = negotiation?.phase === 'awaiting_signatures' ? negotiation.candidate : null
  return (signing ?? candidates.at(-1))?.funding.txid ?? funding.txid
}
