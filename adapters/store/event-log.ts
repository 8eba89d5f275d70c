import * as z from 'zod'
import type { LogEvent, Store } from '../../core/ports.ts'
import { LogEventType } from '../../core/log-event.ts'
import { assertFilled } from './assertions.ts'
import { logPk } from './keys.ts'
import { numberedLog } from './numbered-log.ts'
import type { Rows } from './rows.ts'

/** Lines read at a time when going back. */
const CHUNK = 100

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

/** The tenants' event logs. */
export function eventLog(
  rows: Rows,
  ids: { id(): string },
): Pick<Store, 'appendEvent' | 'eventsAfter' | 'endOfLog' | 'eventsSince'> {
  const log = numberedLog(rows, ids, { name: 'EV', schema: StoredEvent })
  return {
    appendEvent: (tenant, event) => log.append(tenant, event.id, (last) => following(last, event)),

    eventsAfter: async (tenant, after, limit) => (await log.after(tenant, after, limit)).map(lineOf),

    endOfLog: (tenant) => log.end(tenant),

    async eventsSince(tenant, since) {
      assertFilled({ tenant })
      const lines: LogEvent[] = []
      let after: string | null = null
      for (;;) {
        const chunk = await rows.slice({ pk: logPk('EV', tenant), after, descending: true, limit: CHUNK })
        for (const row of chunk) {
          const event = log.lineIn(row)
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
  const latestAt = Math.max(last?.latestAt ?? 0, event.at)
  return { ...event, sequence: (last?.sequence ?? 0) + 1, latestAt }
}

function lineOf({ sequence, id, type, spliceId, epoch, at, endpointId }: StoredEvent): LogEvent {
  return { sequence, id, type, spliceId, epoch, at, ...(endpointId === undefined ? {} : { endpointId }) }
}
