import { takeNotice } from '../core/webhooks/delivery.ts'
import { Notice } from '../core/ports/endpoint.ts'
import { batchHandler } from './batch.ts'
import { noticePorts, policy } from './runtime.ts'

/** The queue of notices: tells webhook endpoints what they have not had, each in order. */
export const handler = batchHandler(Notice, (notice) => takeNotice(notice, noticePorts, policy))
