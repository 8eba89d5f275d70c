import { eventIdOf } from './ids.ts'
import type { Ports } from './ports.ts'
import type { Splice } from './splice.ts'

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
  const old = first.n <= loadedSerial
  const lines = old ? await ports.store.eventsSince(splice.tenant, first.at - CLOCK_SKEW_MS) : []
  for (const event of unpublished) {
    const id = eventIdOf(splice.id, event.n)
    if (lines.some((line) => line.id === id)) continue
    const { type, at, epoch } = event
    await ports.store.appendEvent(splice.tenant, { id, type, spliceId: splice.id, epoch, at })
    ports.telemetry.count(type)
  }
  return { ...splice, publishedThrough: splice.eventSerial }
}
