import { eventIdOf } from '../splice/ids.ts'
import type { Ports } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'

/** Clocks of two writers may differ by this much; the search of the log starts so much earlier. */
const CLOCK_SKEW_MS = 10_000

/**
 * Appends a splice's unpublished events to its tenant's log and answers the splice that says so, not yet saved. What was
 * unpublished already when the splice was loaded may have been appended by a process that died: it is searched for first.
 * Its id is the same in any case (P7).
 */
export async function publish(splice: Splice, loadedSerial: number, ports: Ports): Promise<Splice> {
  const unpublished = splice.events.filter(({ n }) => n > splice.publishedThrough)
  const first = unpublished[0]
  if (first === undefined) return splice
  const since = first.at - CLOCK_SKEW_MS
  for (const { n, type, at, epoch } of unpublished) {
    const id = eventIdOf(splice.id, n)
    const event = { id, type, spliceId: splice.id, epoch, at }
    if (n > loadedSerial) await ports.store.appendEvent(splice.tenant, event)
    else if (!(await ports.store.appendOnce(splice.tenant, event, since))) continue
    ports.telemetry.count(type)
  }
  return { ...splice, publishedThrough: splice.eventSerial }
}
