import type { Advance } from '../decision/advance.ts'
import { advance } from '../decision/advance.ts'
import { isLongUnknown } from '../splice/budget.ts'
import { submitFeeBump } from './submit-fee-bump.ts'
import { abortUnsigned } from './abort-unsigned.ts'
import { saveSplice } from './save.ts'
import { REORGANISED } from '../splice/outcomes.ts'
import { recordForeignSpends } from '../ledger/record-foreign.ts'
import {
  freezeChannel,
  reenterQueue,
  releaseLease,
  unfreezeChannel,
  withoutGone,
  yieldLease,
} from './channel-lease.ts'
import type { Observation } from '../decision/observation.ts'
import { observe, leaseKeyOf } from './observe.ts'
import type { SharedView } from './observe.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import { publish } from './publish.ts'
import { hintEndpoints } from '../webhooks/delivery.ts'
import { rawTransactionsIn, rebroadcast } from './rebroadcast.ts'
import { isBehind, isReleased } from './lease.ts'
import type { ChannelLease, Versioned } from '../ports/records.ts'
import { WAITING_FOR_TURN } from '../splice/due.ts'
import type { Splice } from '../splice/splice.ts'
import type { Action } from '../splice/action.ts'
import type { Submitted } from './submit.ts'
import { submit } from './submit.ts'
import { pauseNode } from '../nodes/node-state.ts'
import { hasEnded } from '../splice/transitions.ts'

/** How a splice is driven: with which bounds, whether commands may be sent, and what a sweep shares. */
export type DriveOptions = {
  readonly policy: Policy
  readonly mayAct: boolean
  readonly shared: SharedView | null
  /** A block of its candidate left the chain: it is looked at although nothing of it is due. */
  readonly reorged?: boolean
}

/**
 * What one drive came to. `busy`: another writer was faster; the next hint or sweep goes on. `blind`: the chain could not be seen,
 * so that nothing is known of a block that it waits for.
 */
export type Driven = 'missing' | 'changed_since_look' | 'blind' | Submitted

/**
 * Carries one splice as far as it can go now: load, observe, decide, save, act (design section 3). Everything that a crash
 * between two lines leaves undone is done by the next drive.
 */
export async function drive(id: string, ports: Ports, options: DriveOptions): Promise<Driven> {
  const splice = await ports.store.load(id)
  return splice === null ? 'missing' : driveLoaded(splice, ports, options)
}

/** The same for a splice that was just read, consistently: a sweep reads many at once. */
export async function driveLoaded(splice: Splice, ports: Ports, options: DriveOptions): Promise<Driven> {
  const look = options.shared?.look
  if (look?.ok && look.value.observedAt < splice.updatedAt) return 'changed_since_look'
  if (isIdle(splice) && options.reorged !== true) return 'driven'
  const lease = isInQueue(splice, ports) ? await leaseOf(splice, ports) : undefined
  if (lease && isBehind(lease.value, splice.id) && !isChannelGone(splice, options))
    return waitBehind(splice, ports, options)
  const observation = await observe(splice, ports, options.shared, lease)
  const advanced = advance(splice, observation, { now: ports.clock.now(), policy: options.policy })
  for (const row of new Set(advanced.rulesTaken)) ports.telemetry.count(`decision.${row}`)
  if (isForgotten(advanced.splice, observation)) ports.telemetry.count('splice.long_unknown')
  // What an earlier save left to be told is told first, and the next one says so.
  const earlier = hasEnded(splice.state) ? splice : await publish(splice, splice.eventSerial, ports)
  const told = earlier === splice ? null : tell(splice, ports, options)
  const after = { ...advanced.splice, publishedThrough: earlier.publishedThrough }
  const driven = await follow(splice, { ...advanced, splice: after }, observation, ports, options)
  await told
  return driven === 'driven' && observation.chain === null ? 'blind' : driven
}

/** Whether all that a splice waits for may be its turn: it was never submitted, and nothing of its own is due. */
function isInQueue(splice: Splice, { clock, generation }: Ports): boolean {
  const { state, attempts, candidates, stopped, cancelRequestedAt, budget } = splice
  const fresh = state === 'queued' && attempts.length === 0 && candidates.length === 0
  const wanted = stopped === null && cancelRequestedAt === null && clock.now() < budget.deadline
  return fresh && wanted && splice.generation === generation
}

/** Its channel's lease; what keeps it waiting and has ended, or was never written, is removed. */
async function leaseOf(splice: Splice, ports: Ports): Promise<Versioned<ChannelLease> | null> {
  const key = leaseKeyOf(splice)
  const item = await ports.store.item('lease', key)
  if (item === null || item.value.holder !== null || !isBehind(item.value, splice.id)) return item
  const left = await withoutGone(item.value, splice.id, ports)
  if (left === item.value) return item
  const written = await ports.store.putItem('lease', key, left, item.version)
  return written ? { value: left, version: item.version + 1 } : ports.store.item('lease', key)
}

/** Whether a sweep sees that the channel is closing, or gone: then it is looked at, whoever goes first. */
function isChannelGone({ channelId }: Splice, { shared }: DriveOptions): boolean {
  return shared?.look.ok === true && shared.channels.get(channelId)?.closing !== false
}

/** Another splice goes first: neither node nor chain is asked for this one. */
async function waitBehind(splice: Splice, ports: Ports, options: DriveOptions): Promise<Driven> {
  const published = await publish(splice, splice.eventSerial, ports)
  const told = published === splice ? null : tell(splice, ports, options)
  const waiting = { ...published, waitingFor: WAITING_FOR_TURN }
  const saved = await saveSplice(splice, waiting, ports, options.policy)
  await told
  return saved === null ? 'busy' : 'driven'
}

/** Whoever listens is hinted at once by a worker; a sweep does it at its end for all (core/webhooks/delivery.ts). */
async function tell({ tenant }: Splice, ports: Ports, { shared }: DriveOptions): Promise<void> {
  if (shared === null) await hintEndpoints(tenant, ports)
}

/** Saves what a look led to, and does what follows from it. */
async function follow(
  splice: Splice,
  advanced: Advance,
  observation: Observation,
  ports: Ports,
  options: DriveOptions,
): Promise<Driven> {
  if (advanced.decision.act === 'submit' && options.mayAct && isQuiet(splice, advanced)) {
    await recordForeignSpends(advanced.splice, observation, ports)
    const standing = { stored: splice, splice: advanced.splice }
    return submit(standing, observation, ports, options.policy)
  }
  await freeze(splice, advanced.actions, ports)
  // Before the save, as a freeze: a crash after it would leave a live splice out of the queue.
  if (advanced.splice.epoch > splice.epoch) await reenterQueue(leaseKeyOf(splice), advanced.splice, ports)
  const saved = await saveSplice(
    splice,
    advanced.splice,
    ports,
    options.policy,
    rawTransactionsIn(observation),
  )
  if (saved === null) return 'busy'
  await carryOut(advanced.actions, saved, ports)
  // Nothing but time ends a quiet (gate `quiet`): a sweep alone would find its end up to a period late.
  if (saved.quietSince !== null && saved.quietSince !== splice.quietSince)
    await ports.queue.hint(splice.id, saved.quietSince + options.policy.quietMs - ports.clock.now())
  const finished = await finish(saved, splice.eventSerial, ports, options)
  if (finished === null) return 'busy'
  await recordForeignSpends(finished, observation, ports)
  return proceed(finished, observation, advanced, ports, options)
}

/** Nothing follows from a look but what is submitted: the journal's save is the only one that is owed. */
function isQuiet(before: Splice, { splice, actions }: Advance): boolean {
  return actions.length === 0 && splice.eventSerial === before.eventSerial && before.attempts.length === 0
}

/** It waits, and what became of an attempt has been unknown for long. */
function isForgotten(splice: Splice, { at }: Observation): boolean {
  return !hasEnded(splice.state) && splice.candidates.length === 0 && isLongUnknown(splice, at)
}

/** Ended, published, lease given back, and nothing to watch: no look is owed. */
function isIdle(splice: Splice): boolean {
  return hasEnded(splice.state) && splice.dueAt === null
}

async function proceed(
  splice: Splice,
  observation: Observation,
  { decision, verdict }: Advance,
  ports: Ports,
  options: DriveOptions,
): Promise<Driven> {
  if (decision.act !== null && !options.mayAct) {
    await ports.queue.hint(splice.id, 0)
    return 'driven'
  }
  if (decision.act === 'submit') return submit({ stored: splice, splice }, observation, ports, options.policy)
  if (decision.act === 'bump') return submitFeeBump(splice, observation, verdict, ports, options.policy)
  if (decision.act === 'abort') return abortUnsigned(splice, observation, ports, options.policy)
  const configured = ports.nodes.get(splice.node)
  // Never of one that was given up: its client was told that it does not happen.
  if (verdict.name === 'unseen' && !hasEnded(splice.state) && configured !== undefined)
    await rebroadcast(splice, configured, ports)
  const first = decision.gates.find(({ shut }) => shut !== null)
  await yieldLease(splice, leaseKeyOf(splice), observation.lease, first, ports)
  return 'driven'
}

/** Before the save: a step that freezes is taken once, and a crash after it would leave the channel open. */
async function freeze(splice: Splice, actions: readonly Action[], ports: Ports): Promise<void> {
  for (const action of actions) {
    if (action.type === 'freeze_channel')
      await freezeChannel(leaseKeyOf(splice), action.cause, splice.id, ports)
  }
}

async function carryOut(actions: readonly Action[], splice: Splice, ports: Ports): Promise<void> {
  for (const action of actions) {
    switch (action.type) {
      case 'freeze_channel':
        break
      case 'pause_node':
        await pauseNode(splice.node, action.message, ports)
        break
      case 'alarm':
        ports.telemetry.alarm(action.message, { spliceId: splice.id, node: splice.node })
        break
      case 'ignored':
        ports.telemetry.count(`ignored.${action.event}`)
        break
    }
  }
}

/** After a save: events are published, and an ended splice's lease is given back; then the record says so. */
async function finish(
  splice: Splice,
  loadedSerial: number,
  ports: Ports,
  options: DriveOptions,
): Promise<Splice | null> {
  const published = await publish(splice, loadedSerial, ports)
  // Beside what follows: whoever is told of it must not slow the splice down.
  const told = published === splice ? null : tell(splice, ports, options)
  const release = hasEnded(splice.state) && isReleased(splice) && (splice.leaseHeld || published !== splice)
  if (release) await releaseLease(leaseKeyOf(splice), splice.id, ports)
  if (release && splice.epoch > 0) await unfreezeChannel(leaseKeyOf(splice), REORGANISED, splice.id, ports)
  const leaseHeld = release ? false : published.leaseHeld
  // The next save of a splice that waits for its confirmation says that it was told.
  const saved =
    splice.state === 'pending' && !release
      ? splice
      : await saveSplice(splice, { ...published, leaseHeld: leaseHeld }, ports, options.policy)
  await told
  return saved
}
