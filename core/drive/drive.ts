import { advance, type Advance } from '../decision/advance.ts'
import { submitFeeBump } from './submit-fee-bump.ts'
import { abortUnsigned } from './abort-unsigned.ts'
import { saveSplice } from './save.ts'
import { REORGANISED } from '../splice/outcomes.ts'
import { recordForeignSpends } from '../ledger/record-foreign.ts'
import { freezeChannel, reenterQueue, releaseLease, unfreezeChannel, withoutGone, yieldLease } from './channel-lease.ts'
import type { Observation } from '../decision/observation.ts'
import { observe, leaseKeyOf, type SharedView } from './observe.ts'
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
import { submit, type Standing, type Submitted } from './submit.ts'
import { pauseNode } from '../nodes/node-state.ts'
import { hasEnded } from '../splice/transitions.ts'

/** How to drive a splice. */
export type DriveOptions = {
  readonly policy: Policy
  /** Whether commands may be sent to the node; a sweep only hints a worker that may. */
  readonly mayAct: boolean
  /** What a sweep has read for all splices; null: everything is read anew. */
  readonly shared: SharedView | null
  /** A reorg removed the block of its candidate: look at the splice even if it is not due. */
  readonly reorged?: boolean
}

/**
 * The outcome of one drive. `missing`: there is no such splice. `changed_since_look`: the splice is newer than the
 * sweep's look at its node. `blind`: the chain source did not answer, so a block that the splice waits for went unseen.
 */
export type Driven = 'missing' | 'changed_since_look' | 'blind' | Submitted

/**
 * Drives one splice as far as it can go now: load, observe, decide, save, act. Whatever a crash between two
 * steps leaves undone, the next drive does.
 */
export async function drive(id: string, ports: Ports, options: DriveOptions): Promise<Driven> {
  const splice = await ports.store.load(id)
  return splice === null ? 'missing' : driveLoaded(splice, ports, options)
}

/** Drives a splice that was just read consistently: a sweep reads many at once. */
export async function driveLoaded(splice: Splice, ports: Ports, options: DriveOptions): Promise<Driven> {
  const look = options.shared?.look
  if (look?.ok && look.value.observedAt < splice.updatedAt) return 'changed_since_look'
  if (needsNoLook(splice) && options.reorged !== true) return 'idle'
  const lease = isInQueue(splice, ports) ? await leaseOf(splice, ports) : undefined
  if (lease && isBehind(lease.value, splice.id) && !isChannelGone(splice, options))
    return waitBehind(splice, ports, options)
  const observation = await observe(splice, ports, options.shared, lease)
  const advanced = advance(splice, observation, { now: ports.clock.now(), policy: options.policy })
  for (const rule of new Set(advanced.rulesTaken)) ports.telemetry.count(`decision.${rule}`)
  if (advanced.isLongUnknown) ports.telemetry.count('splice.long_unknown')
  // Publish the events of an earlier save first; the next save records that.
  const earlier = hasEnded(splice.state) ? splice : await publish(splice, splice.eventSerial, ports)
  const hinted = earlier === splice ? null : hintListeners(splice, ports, options)
  const after = { ...advanced.splice, publishedThrough: earlier.publishedThrough }
  const outcome = await saveAndAct(splice, { ...advanced, splice: after }, observation, ports, options)
  await hinted
  return outcome === 'idle' && observation.chain === null ? 'blind' : outcome
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
  const hinted = published === splice ? null : hintListeners(splice, ports, options)
  const waiting = { ...published, waitingFor: WAITING_FOR_TURN }
  const saved = await saveSplice(splice, waiting, ports, options.policy)
  await hinted
  return saved === null ? 'busy' : 'idle'
}

/** A worker hints the tenant's webhook endpoints at once; a sweep hints all endpoints at its end. */
async function hintListeners({ tenant }: Splice, ports: Ports, { shared }: DriveOptions): Promise<void> {
  if (shared === null) await hintEndpoints(tenant, ports)
}

/** Saves the result of a look and acts on it. A submission saves it together with its attempt. */
async function saveAndAct(
  splice: Splice,
  advanced: Advance,
  observation: Observation,
  ports: Ports,
  options: DriveOptions,
): Promise<Driven> {
  const saved = onlySubmits(splice, advanced, options)
    ? { stored: splice, splice: advanced.splice }
    : await save(splice, advanced, observation, ports, options)
  if (saved === null) return 'busy'
  await recordForeignSpends(saved.splice, observation, ports)
  return proceed(saved, observation, advanced, ports, options)
}

/** Saves the result of a look and carries out what it asks for besides a command; null: another writer was faster. */
async function save(
  splice: Splice,
  advanced: Advance,
  observation: Observation,
  ports: Ports,
  options: DriveOptions,
): Promise<Standing | null> {
  await freeze(splice, advanced.actions, ports)
  // Before the save, as a freeze: a crash after it would leave a live splice out of the queue.
  if (advanced.splice.epoch > splice.epoch) await reenterQueue(leaseKeyOf(splice), advanced.splice, ports)
  const saved = await saveSplice(splice, advanced.splice, ports, options.policy, rawTransactionsIn(observation))
  if (saved === null) return null
  await carryOut(advanced.actions, saved, ports)
  // Only time opens gate `quiet`, and a sweep may notice that up to a minute late. Hence a delayed hint.
  if (saved.quietSince !== null && saved.quietSince !== splice.quietSince)
    await ports.queue.hint(splice.id, saved.quietSince + options.policy.quietMs - ports.clock.now())
  const finished = await finish(saved, splice.eventSerial, ports, options)
  return finished === null ? null : { stored: finished, splice: finished }
}

/** Whether nothing but the submission has to be saved, so that the journalled attempt's save suffices. */
function onlySubmits(before: Splice, { splice, actions, decision }: Advance, { mayAct }: DriveOptions): boolean {
  const isQuiet = actions.length === 0 && splice.eventSerial === before.eventSerial && before.attempts.length === 0
  return decision.act === 'submit' && mayAct && isQuiet
}

/** Whether no look is needed: ended, published, lease released, and nothing to watch. */
function needsNoLook(splice: Splice): boolean {
  return hasEnded(splice.state) && splice.dueAt === null
}

/** Sends the command that was decided, or makes room for others. */
async function proceed(
  standing: Standing,
  observation: Observation,
  { decision, verdict }: Advance,
  ports: Ports,
  options: DriveOptions,
): Promise<Driven> {
  const { splice } = standing
  if (decision.act !== null && !options.mayAct) {
    await ports.queue.hint(splice.id, 0)
    return 'idle'
  }
  if (decision.act === 'submit') return submit(standing, observation, ports, options.policy)
  if (decision.replacement !== null)
    return submitFeeBump(splice, observation, decision.replacement, ports, options.policy)
  if (decision.act === 'abort') return abortUnsigned(splice, observation, ports, options.policy)
  const configured = ports.nodes.get(splice.node)
  // Never for a splice that was given up: its client was told that it will not happen.
  if (verdict.name === 'unseen' && !hasEnded(splice.state) && configured !== undefined)
    await rebroadcast(splice, configured, ports)
  const first = decision.gates.find(({ shut }) => shut !== null)
  await yieldLease(splice, leaseKeyOf(splice), observation.lease, first, ports)
  return 'idle'
}

/**
 * Runs before the save: the step that freezes is taken once, so a crash after the save would leave the
 * channel unfrozen.
 */
async function freeze(splice: Splice, actions: readonly Action[], ports: Ports): Promise<void> {
  for (const action of actions) {
    if (action.type === 'freeze_channel') await freezeChannel(leaseKeyOf(splice), action.cause, splice.id, ports)
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

/** Runs after a save: publishes events, releases an ended splice's lease, and then records both. */
async function finish(
  splice: Splice,
  loadedSerial: number,
  ports: Ports,
  options: DriveOptions,
): Promise<Splice | null> {
  const published = await publish(splice, loadedSerial, ports)
  // Runs concurrently: hints must not slow the splice down.
  const hinted = published === splice ? null : hintListeners(splice, ports, options)
  const release = hasEnded(splice.state) && isReleased(splice) && (splice.leaseHeld || published !== splice)
  if (release) await releaseLease(leaseKeyOf(splice), splice.id, ports)
  if (release && splice.epoch > 0) await unfreezeChannel(leaseKeyOf(splice), REORGANISED, splice.id, ports)
  const leaseHeld = release ? false : published.leaseHeld
  // For a splice that waits for its confirmation, the next save records the publication.
  const saved =
    splice.state === 'pending' && !release
      ? splice
      : await saveSplice(splice, { ...published, leaseHeld }, ports, options.policy)
  await hinted
  return saved
}
