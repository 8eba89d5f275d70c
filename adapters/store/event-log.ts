import * as z from 'zod'
import type { LogEvent, Store } from '../../core/ports.ts'
import { LogEventType } from '../../core/log-event.ts'
import { StoreAssertion, assertFilled, assertLimit, checkedItem } from './assertions.ts'
import { eventKey, eventPk } from './keys.ts'
import type { Row, Rows } from './rows.ts'

/** Appenders that may win before us: far above what a tenant's workers can be, so that a fault cannot loop for ever. */
const MAX_RACES = 1_000
/** Lines read at a time when going back. */
const CHUNK = 100
/** Last lines in which an event of two writers at once, or of a try whose answer was lost, is recognised. */
const TAIL = 16

/** A line as stored: `latestAt` is the latest `at` of the log so far, so that going back can stop at an instant. */
const StoredEvent = z.object({
  sequence: z.int().positive(),
  id: z.string().min(1),
  type: LogEventType,
  spliceId: z.string().nullable(),
  epoch: z.int().nonnegative(),
  at: z.number().nonnegative(),
  endpointId: z.string().optional(),
  latestAt: z.number().nonnegative(),
})
type StoredEvent = z.infer<typeof StoredEvent>

/**
 * The tenants' event logs: put if absent at last + 1, hence gap-free (design section 9). An event id that stands in the
 * last lines, or wins the place that we wanted, was appended by another writer of the same event: its sequence is answered.
 */
export function eventLog(
  rows: Rows,
  ids: { id(): string },
): Pick<Store, 'appendEvent' | 'eventsAfter' | 'endOfLog' | 'eventsSince'> {
  return {
    async appendEvent(tenant, event) {
      assertFilled({ tenant })
      let tail = await tailOf(rows, tenant)
      for (let race = 0; race < MAX_RACES; race += 1) {
        const known = tail.find((line) => line.id === event.id)
        if (known !== undefined) return known.sequence
        const next = following(tail[0] ?? null, event)
        const row = {
          ...eventKey(tenant, next.sequence),
          version: 1,
          writeId: ids.id(),
          body: next,
          index: null,
        }
        if (await rows.put(row, 'absent')) return next.sequence
        const winner = await rows.get(row)
        if (winner !== null && storedEvent(winner).id === event.id) return next.sequence
        tail = await tailOf(rows, tenant)
      }
      throw new Error(`event ${event.id} lost ${MAX_RACES} races for the end of a log`)
    },

    async eventsAfter(tenant, after, limit) {
      assertFilled({ tenant })
      assertLimit(limit)
      const { pk, sk } = eventKey(tenant, after)
      const slice = await rows.slice({ pk, after: sk, descending: false, limit })
      return slice.map((row) => lineOf(storedEvent(row)))
    },

    async endOfLog(tenant) {
      assertFilled({ tenant })
      const [last] = await rows.slice({ pk: eventPk(tenant), after: null, descending: true, limit: 1 })
      return last === undefined ? 0 : storedEvent(last).sequence
    },

    async eventsSince(tenant, since) {
      assertFilled({ tenant })
      const lines: LogEvent[] = []
      let after: string | null = null
      for (;;) {
        const chunk = await rows.slice({ pk: eventPk(tenant), after, descending: true, limit: CHUNK })
        for (const row of chunk) {
          const event = storedEvent(row)
          if (event.latestAt < since) return lines
          if (event.at >= since) lines.push(lineOf(event))
        }
        after = chunk.at(-1)?.sk ?? null
        if (chunk.length < CHUNK) return lines
      }
    },
  }
}

function following(last: StoredEvent | null, event: Omit<LogEvent, 'sequence'>): StoredEvent {
  const sequence = (last?.sequence ?? 0) + 1
  const latestAt = Math.max(last?.latestAt ?? 0, event.at)
  return checkedItem(StoredEvent, { ...event, sequence, latestAt }, `event ${event.id}`)
}

async function tailOf(rows: Rows, tenant: string): Promise<StoredEvent[]> {
  const slice = await rows.slice({ pk: eventPk(tenant), after: null, descending: true, limit: TAIL })
  return slice.map(storedEvent)
}

function storedEvent(row: Row): StoredEvent {
  const event = checkedItem(StoredEvent, row.body, `${row.pk} ${row.sk}`)
  if (Number(row.sk) !== event.sequence)
    throw new StoreAssertion(`${row.pk} ${row.sk} holds ${event.sequence}`)
  return event
}

function lineOf({ sequence, id, type, spliceId, epoch, at, endpointId }: StoredEvent): LogEvent {
  return { sequence, id, type, spliceId, epoch, at, ...(endpointId === undefined ? {} : { endpointId }) }
}
