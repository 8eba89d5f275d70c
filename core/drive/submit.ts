import { decodeAddress } from '../bitcoin/address.ts'
import { balanceSignalsOf } from '../decision/balance-signals.ts'
import { saveSplice } from './save.ts'
import { acquireLease, yieldLease, type LeaseOutcome } from './channel-lease.ts'
import { WAITING_FOR_TURN } from '../splice/due.ts'
import type { ChannelSnapshot, NodeLook, SubmitRequest } from '../ports/node.ts'
import { leaseKeyOf } from './observe.ts'
import type { Observation } from '../decision/observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import { send } from './send.ts'
import type { Attempt, Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'

const WAITING: Readonly<Record<Exclude<LeaseOutcome, 'mine' | 'duplicate'>, Waiting>> = {
  waiting: WAITING_FOR_TURN,
  full: {
    code: 'channel_queue_full',
    message: 'Too many splices are queued on this channel; this one will be tried again later.',
  },
  frozen: {
    code: 'frozen',
    message: 'The channel is frozen: nothing is sent until the cause is gone or an operator lifts it.',
  },
}

type Waiting = NonNullable<Splice['waitingFor']>

/**
 * A splice as stored, and as the look changed it. The change is saved with the attempt, or with `waitingFor`.
 */
export type Standing = { readonly stored: Splice; readonly splice: Splice }

/** `idle`: nothing was sent. `busy`: another writer was faster; the next hint or sweep continues. */
export type Submitted = 'submitted' | 'idle' | 'busy'

/**
 * Submits a splice whose own gates are open: takes the lease (gate `lease`), journals the attempt with a
 * conditional write, and only then sends the command. Without a clear answer its result stays `unknown`.
 */
export async function submit(
  standing: Standing,
  observation: Observation,
  ports: Ports,
  policy: Policy,
): Promise<Submitted> {
  const { splice } = standing
  const { node, channel } = observation
  const configured = ports.nodes.get(splice.node)
  if (node === null || channel === null || configured === undefined) return 'idle'
  if (observation.generation.stored !== observation.generation.configured) {
    const message = 'The table was restored from a backup; an operator has to confirm it.'
    return wait(standing, { code: 'generation', message }, ports, policy)
  }
  const addressed = await withAddress(standing, configured, ports, policy)
  if (addressed === null) return 'busy'
  const lease = await acquireLease(leaseKeyOf(splice), addressed.splice, observation.lease, ports)
  if (lease === 'duplicate') return endAsDuplicate(addressed, ports, policy)
  if (lease !== 'mine') return wait(addressed, WAITING[lease], ports, policy)
  // The look behind the gates must be fresh when the attempt is journalled; after slow writes, look again.
  if (ports.clock.now() - observation.at > policy.sendWithinMs) {
    await ports.queue.hint(splice.id, 0)
    return 'idle'
  }
  const journalled = await journal(addressed, node, channel, ports, policy)
  if (journalled === null) return 'busy'
  const feeRateSatPerKw = observation.chain?.feeRateSatPerKw ?? null
  const request = requestOf(journalled.splice, journalled.attempt, feeRateSatPerKw)
  const { overlapGuard } = node.capabilities
  const { id } = journalled.attempt
  const answered = await send(
    {
      ...journalled,
      command: (journal) => configured.port.submit(request, ports.call('command'), journal),
      answered: (result, jitter) => ({ type: 'attempt_answered', id, result, overlapGuard, jitter }),
    },
    ports,
    policy,
  )
  // Refused for now, and no attempt is unresolved: others on the channel go first while it backs off.
  if (answered?.state === 'queued') {
    const key = leaseKeyOf(splice)
    await yieldLease(answered, key, await ports.store.item('lease', key), undefined, ports)
  }
  // Only time ends a backoff, and a sweep may notice that up to a minute late. Hence a delayed hint.
  if (answered !== null && answered.nextAttemptAt !== null)
    await ports.queue.hint(splice.id, answered.nextAttemptAt - ports.clock.now())
  return 'submitted'
}

async function wait(
  { stored, splice }: Standing,
  waitingFor: Waiting,
  ports: Ports,
  policy: Policy,
): Promise<Submitted> {
  const saved = await saveSplice(stored, { ...splice, waitingFor }, ports, policy)
  return saved === null ? 'busy' : 'idle'
}

/**
 * A splice that lost its place in the queue before it was ever submitted, and finds an equal one there, ends: the two could not
 * be told apart on chain.
 */
async function endAsDuplicate({ stored, splice }: Standing, ports: Ports, policy: Policy): Promise<Submitted> {
  const message = 'an equal splice on this channel was accepted first'
  const event = { type: 'given_up', code: 'duplicate_output', message, proof: 'never_taken' } as const
  const ended = step(splice, event, { now: ports.clock.now(), policy })
  if ((await saveSplice(stored, ended.splice, ports, policy)) === null) return 'busy'
  await ports.queue.hint(splice.id, 0)
  return 'idle'
}

/**
 * A splice-out without an address asks the node for one and saves it, so that every attempt pays the same
 * script.
 */
async function withAddress(
  standing: Standing,
  configured: ConfiguredNode,
  ports: Ports,
  policy: Policy,
): Promise<Standing | null> {
  const { stored, splice } = standing
  if (splice.kind !== 'splice_out' || splice.script !== null) return standing
  const address = await configured.port.newAddress(ports.call())
  if (!address.ok) return null
  const decoded = decodeAddress(address.value, splice.network)
  if (!decoded.ok) return null
  const context = { now: ports.clock.now(), policy }
  const event = { type: 'address_given' as const, address: address.value, script: decoded.value.script }
  const saved = await saveSplice(stored, step(splice, event, context).splice, ports, policy)
  return saved === null ? null : { stored: saved, splice: saved }
}

async function journal(
  { stored, splice }: Standing,
  node: NodeLook,
  channel: ChannelSnapshot,
  ports: Ports,
  policy: Policy,
): Promise<{ splice: Splice; attempt: Attempt } | null> {
  if (channel.funding === null) return null
  const id = ports.chance.id()
  const started = step(
    splice,
    {
      type: 'attempt_started',
      id,
      submittedOn: channel.funding,
      fenceMs: node.capabilities.fenceMs,
      baseline: balanceSignalsOf(channel),
    },
    { now: ports.clock.now(), policy },
  )
  const saved = await saveSplice(stored, { ...started.splice, waitingFor: null }, ports, policy)
  const attempt = saved?.attempts.find((candidate) => candidate.id === id)
  return saved === null || attempt === undefined ? null : { splice: saved, attempt }
}

/** What a node is asked for by an attempt. A fee bump adds the txid that it replaces. */
export function requestOf(splice: Splice, attempt: Attempt, feeRateSatPerKw: number | null): SubmitRequest {
  return {
    attemptId: attempt.id,
    channelId: splice.channelId,
    userChannelId: splice.userChannelId,
    peerId: splice.peerId,
    submittedOn: attempt.submittedOn,
    kind: splice.kind,
    amountSats: splice.amountSats,
    address: splice.address,
    feeRateSatPerKw,
    signedAt: attempt.startedAt,
    maxFeeRateSatPerKw: splice.budget.maxFeeRateSatPerKw,
    maxFeeSats: splice.budget.maxFeeSats,
  }
}
