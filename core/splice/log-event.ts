import * as z from 'zod'
import { EventType } from './splice.ts'

/** The event types of a tenant's log: those of its splices, and that a webhook endpoint was disabled. */
export const LogEventType = z.enum([...EventType.options, 'webhook.disabled'])
export type LogEventType = z.infer<typeof LogEventType>
