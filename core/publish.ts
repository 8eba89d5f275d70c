import { eventIdOf } from './ids.ts'
import type { Policy } from './policy.ts'
import type { Ports } from './ports.ts'
import type { Splice } from './splice.ts'

/** Clocks of two writers may differ by this much; the search of the log starts so much earlier. */
const CLOCK_SKEW_MS = 60_000

/**
 * Appends a splice's unpublished events to its tenant's log and answers the splice that says so, not yet saved. An event
 * that a dead process may have appended already is searched for first; its id is the same in any case (P7).
 */
export async function publish(splice: Splice, ports: Ports, policy: Policy): Promise<Splice> {
  if (splice.publishedThrough === splice.eventSerial) return splice
  for (const event of splice.events.filter(({ n }) => n > splice.publishedThrough)) {
    const id = eventIdOf(splice.id, event.n)
    const old = ports.clock.now() - event.at > policy.publishTakeoverMs
    const there =
      old && (await ports.store.eventsSince(splice.tenant, event.at - CLOCK_SKEW_MS)).some((e) => e.id === id)
    if (there) continue
    const { type, at, epoch } = event
    await ports.store.appendEvent(splice.tenant, { id, type, spliceId: splice.id, epoch, at })
    ports.telemetry.count(type)
  }
  return { ...splice, publishedThrough: splice.eventSerial }
}
