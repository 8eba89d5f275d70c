import { DeliveryHint } from '../../core/ports/endpoint.ts'
import type { Delivered } from '../../core/webhooks/endpoint.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const START = Date.UTC(2026, 10, 30)
export const TENANT = 'acme'
export const ID = 'whk_1'
export const OK: Delivered = { ok: true, status: 204 }
export const DOWN: Delivered = { ok: false, fault: 'no_answer', status: null }
export const BROKEN: Delivered = { ok: false, fault: 'status', status: 500 }
export const notice: DeliveryHint = { tenant: TENANT, endpointId: ID }
