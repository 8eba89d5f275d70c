import type { Advance } from './advance.ts'
import { advance, differs, dueAfter } from './advance.ts'
import { REORGANISED } from './ending.ts'
import { freezeSlot, giveWay, leaveSlot, thawSlot } from './line.ts'
import type { NodeFault, NodeLook } from './node.ts'
import { observe, slotKeyOf } from './observe.ts'
import type { Observation } from './observation.ts'
import type { Slot, Versioned } from './items.ts'
import type { Policy } from './policy.ts'
import type { Ports } from './ports.ts'
import { publish } from './publish.ts'
import { paymentIdOf } from './ids.ts'
import type { Result } from './result.ts'
import { isReleased } from './slot.ts'
import type { Splice } from './splice.ts'
import { Splice as SpliceSchema } from './splice.ts'
import type { Action } from './step.ts'
import { submit } from './submit.ts'
import { hasEnded } from './transitions.ts'
import { livingAttempts } from './budget.ts'

/** How a splice is driven: with which bounds, whether commands may be sent, and a look that a sweep shares. */
export type DriveOptions = {
  readonly policy: Policy
  readonly mayAct: boolean
  readonly look: Result<NodeLook, NodeFault> | null
  /** A block of its candidate left the chain: it is looked at although nothing of it is due. */
  readonly reorged?: boolean
}

/** What one drive came to. `busy`: another writer was faster; the next hint or sweep goes on. */
export type Driven = 'missing' | 'busy' | 'changed_since_look' | 'driven' | 'submitted'

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
  if (options.look?.ok && options.look.value.observedAt < splice.updatedAt) return 'changed_since_look'
  if (isIdle(splice) && options.reorged !== true) return 'driven'
  const observation = await observe(splice, ports, options.look)
  const advanced = advance(splice, observation, { now: ports.clock.now(), policy: options.policy })
  for (const row of new Set(advanced.rowsTaken)) ports.telemetry.count(`decision.${row}`)
  await freeze(splice, advanced.actions, observation, ports)
  const saved = await commit(splice, advanced.splice, ports, options.policy)
  if (saved === null) return 'busy'
  await carryOut(advanced.actions, saved, ports)
  const finished = await finish(saved, splice.eventSerial, observation, ports, options.policy)
  if (finished === null) return 'busy'
  return proceed(finished, observation, advanced, ports, options)
}

/** Ended, published, slot given back, and nothing to watch: no look is owed. */
function isIdle(splice: Splice): boolean {
  return hasEnded(splice.state) && splice.dueAt === null
}

async function proceed(
  splice: Splice,
  observation: Observation,
  { decision }: Advance,
  ports: Ports,
  options: DriveOptions,
): Promise<Driven> {
  if (decision.submit && options.mayAct) return submit(splice, observation, ports, options.policy)
  if (decision.submit) {
    await ports.queue.hint(splice.id, 0)
    return 'driven'
  }
  await standAside(splice, slotKeyOf(splice, observation.node), observation.slot, ports)
  return 'driven'
}

/**
 * A head of the line, or a queued holder with nothing alive, whose own gates are shut leaves and enlists again later. The
 * record is written first: a worker that journals an attempt from an older read fails, and one that reads later writes the
 * slot before it journals, which this leaving then fails at.
 */
export async function standAside(
  splice: Splice,
  key: string,
  slot: Versioned<Slot> | null,
  ports: Ports,
): Promise<void> {
  const first = slot !== null && (slot.value.holder === splice.id || slot.value.waiting[0] === splice.id)
  if (!first || splice.state !== 'queued' || livingAttempts(splice).length > 0) return
  if ((await ports.store.save(splice)) === null) return
  await giveWay(key, splice.id, slot.version, ports)
}

/**
 * Saves what a step changed, and nothing where only time went by. New candidates get their pointers first, so that any
 * txid finds its payment for ever (design section 7).
 */
export async function commit(
  before: Splice,
  after: Splice,
  ports: Ports,
  policy: Policy,
): Promise<Splice | null> {
  const now = ports.clock.now()
  const due = { ...after, dueAt: dueAfter(after, now, policy, ports.chance.fraction()) }
  if (!differs(before, due)) return before
  for (const { txid } of after.candidates.filter(
    (c) => !before.candidates.some((known) => known.txid === c.txid),
  )) {
    if (!(await claim(txid, paymentIdOf(after.id), ports))) return null
  }
  return ports.store.save(SpliceSchema.parse({ ...due, updatedAt: now }))
}

/** Writes the pointer of a transaction; false: another splice was first, and the next look will see that. */
async function claim(txid: string, paymentId: string, ports: Ports): Promise<boolean> {
  if (await ports.store.putItem('tx', txid, { paymentId }, 0)) return true
  return (await ports.store.item('tx', txid))?.value.paymentId === paymentId
}

/** Before the save: a step that freezes is taken once, and a crash after it would leave the channel open. */
async function freeze(
  splice: Splice,
  actions: readonly Action[],
  { node }: Observation,
  ports: Ports,
): Promise<void> {
  for (const action of actions) {
    if (action.type === 'freeze_channel')
      await freezeSlot(slotKeyOf(splice, node), action.cause, splice.id, ports)
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

/** Marks a node paused: its credential or configuration is refused. The next sweep that it answers lifts it. */
export async function pauseNode(node: string, message: string, ports: Ports): Promise<void> {
  const item = await ports.store.item('node', node)
  if (item === null || item.value.paused !== null) return
  const paused = { at: ports.clock.now(), message: message.slice(0, 300) }
  await ports.store.putItem('node', node, { ...item.value, paused }, item.version)
  ports.telemetry.alarm('node paused', { node })
}

/** After a save: events are published, and an ended splice's slot is given back; then the record says so. */
async function finish(
  splice: Splice,
  loadedSerial: number,
  observation: Observation,
  ports: Ports,
  policy: Policy,
): Promise<Splice | null> {
  const published = await publish(splice, loadedSerial, ports)
  const release = hasEnded(splice.state) && isReleased(splice) && (splice.slotHeld || published !== splice)
  if (release) await leaveSlot(slotKeyOf(splice, observation.node), splice.id, ports)
  if (release && splice.epoch > 0)
    await thawSlot(slotKeyOf(splice, observation.node), REORGANISED, splice.id, ports)
  return commit(splice, { ...published, slotHeld: release ? false : published.slotHeld }, ports, policy)
}

/** Applies a change to a splice and saves it, again from what is stored where somebody was faster. */
export async function amend(
  id: string,
  change: (splice: Splice) => { readonly splice: Splice; readonly actions: readonly Action[] },
  ports: Ports,
  policy: Policy,
): Promise<{ readonly splice: Splice; readonly actions: readonly Action[] } | null> {
  for (let round = 0; round < 5; round++) {
    const splice = await ports.store.load(id)
    if (splice === null) return null
    const changed = change(splice)
    const saved = await commit(splice, changed.splice, ports, policy)
    if (saved !== null) return { splice: saved, actions: changed.actions }
  }
  throw new Error('the splice is contended; the change is not saved')
}
