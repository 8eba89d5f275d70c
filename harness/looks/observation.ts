import type { Observation } from '../../core/decision/observation.ts'
import { FIRST } from '../records/bumps.ts'
import { aChannelSeen, aHeldLease, aNodeSeen } from '../records/states.ts'
import { NOW, TIP, aTxid } from '../values.ts'
import { aChain, aChainWith } from './chain.ts'
import { aChannel, aLook, capabilities } from './node.ts'

/** Node and chain at rest: the funding outpoint is known unspent, nothing stirs. */
export function anObservation(overrides: Partial<Observation> = {}): Observation {
  return {
    at: NOW,
    node: aLook(),
    channel: aChannel(),
    nodeState: aNodeSeen(),
    channelState: aChannelSeen(),
    quietAbsenceMs: null,
    chain: aChain(),
    followed: { height: TIP, hash: aTxid('e'), seenAt: NOW, hashes: [], orphans: [] },
    lease: null,
    generation: { configured: 0, stored: 0 },
    ...overrides,
  }
}

/** A node that bumps fees, {@link FIRST} in the mempool, the lease ours: every gate of an open bump is open. */
export function aPendingObservation(overrides: Partial<Observation> = {}): Observation {
  return anObservation({
    node: aLook({ capabilities: capabilities({ bump: true }) }),
    chain: aChainWith(FIRST),
    lease: aHeldLease(),
    ...overrides,
  })
}
