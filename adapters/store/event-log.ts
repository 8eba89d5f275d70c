import * as z from 'zod'
import type { LogEvent, Store } from '../../core/ports/ports.ts'
import { LogEventType, SpliceThen } from '../../core/splice/log-event.ts'
import { recordIn, withMetadataText } from './metadata-text.ts'
import { numberedLog } from './numbered-log.ts'
import type { Rows } from './rows.ts'

/** A stored event. `latestAt` is the latest `at` up to here, so that a search backwards can stop at an instant. */
const StoredEvent = z.object({
  sequence: z.int().positive(),
  id: z.string().min(1),
  type: LogEventType,
  spliceId: z.string().nullable(),
  epoch: z.int().nonnegative(),
  at: z.number().nonnegative(),
  endpointId: z.string().optional(),
  snapshot: SpliceThen.extend({ metadata: z.string() }).optional(),
  latestAt: z.number().nonnegative(),
})
type StoredEvent = z.infer<typeof StoredEvent>

/** The tenants' event logs. */
export function eventLog(
  rows: Rows,
  ids: { id(): string },
): Pick<Store, 'appendEvent' | 'appendOnce' | 'eventsAfter' | 'endOfLog'> {
  const log = numberedLog(rows, ids, { name: 'EV', schema: StoredEvent })
  return {
    async appendEvent(tenant, event) {
      return (await log.append(tenant, event.id, (last) => following(last, event))).sequence
    },

    async appendOnce(tenant, event, since) {
      const isBefore = (line: StoredEvent): boolean => line.latestAt < since
      return (await log.append(tenant, event.id, (last) => following(last, event), isBefore)).isNew
    },

    eventsAfter: async (tenant, after, limit) => (await log.after(tenant, after, limit)).map(lineOf),

    endOfLog: (tenant) => log.end(tenant),
  }
}

function following(last: StoredEvent | null, event: Omit<LogEvent, 'sequence'>): StoredEvent {
  const latestAt = Math.max(last?.latestAt ?? 0, event.at)
  const { snapshot, ...rest } = event
  const stored = snapshot === undefined ? {} : { snapshot: withMetadataText(snapshot) }
  return { ...rest, ...stored, sequence: (last?.sequence ?? 0) + 1, latestAt }
}

function lineOf({ sequence, id, type, spliceId, epoch, at, endpointId, snapshot }: StoredEvent): LogEvent {
  return {
    ...{ sequence, id, type, spliceId, epoch, at },
    ...(endpointId === undefined ? {} : { endpointId }),
    ...(snapshot === undefined ? {} : { snapshot: SpliceThen.parse(recordIn(snapshot)) }),
  }
}
