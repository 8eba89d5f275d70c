import { eventIdOf } from '../splice/ids.ts'
import { spliceThen } from '../splice/log-event.ts'
import type { Ports } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'

/** By how much the clocks of two writers may differ. The search of the log starts that much earlier. */
const CLOCK_SKEW_MS = 10_000

/**
 * Appends a splice's unpublished events to its tenant's log, and returns the splice that records this, not
 * yet saved. An event that was already unpublished when the splice was loaded (`loadedSerial`) may have been
 * appended by a process that died, so the log is searched for it first. Either way an event keeps its id.
 */
export async function publish(splice: Splice, loadedSerial: number, ports: Ports): Promise<Splice> {
  const unpublished = splice.events.filter(({ n }) => n > splice.publishedThrough)
  const first = unpublished[0]
  if (first === undefined) return splice
  const since = first.at - CLOCK_SKEW_MS
  for (const { n, type, at, epoch, snapshot } of unpublished) {
    const id = eventIdOf(splice.id, n)
    const then = snapshot === undefined ? {} : { snapshot: spliceThen(splice, snapshot) }
    const event = { id, type, spliceId: splice.id, epoch, at, ...then }
    if (n > loadedSerial) await ports.store.appendEvent(splice.tenant, event)
    else if (!(await ports.store.appendOnce(splice.tenant, event, since))) continue
    ports.telemetry.count(type)
  }
  return { ...splice, publishedThrough: splice.eventSerial }
}
