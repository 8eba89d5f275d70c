import * as z from 'zod'
import { EventType } from './splice.ts'

/** What stands in a tenant's log: what happened to its splices, and that a webhook endpoint was given up. */
export const LogEventType = z.enum([...EventType.options, 'webhook.disabled'])
export type LogEventType = z.infer<typeof LogEventType>
