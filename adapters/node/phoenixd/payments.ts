import type { NodeFault } from '../../../core/ports/node.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { Instant } from '../../../core/values/instant.ts'
import { type Payment, Payments, PAYMENTS_PAGE } from './answers.ts'
import type { PhoenixdClient } from './client.ts'

const MAX_PAGES = 20

/**
 * All outgoing payments created since an instant. phoenixd promises no order, and in practice lists the
 * oldest first. A full page would hide the newest payments, so a list that does not end is a fault.
 */
export async function paymentsSince(
  client: PhoenixdClient,
  from: Instant,
  call: Call,
): Promise<Result<readonly Payment[], NodeFault>> {
  let payments: readonly Payment[] = []
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = {
      all: 'true',
      from: `${Math.max(0, from)}`,
      limit: `${PAYMENTS_PAGE}`,
      offset: `${page * PAYMENTS_PAGE}`,
    }
    const answer = await client.read('payments/outgoing', asked, Payments, call)
    if (!answer.ok) return answer
    payments = [...payments, ...answer.value]
    if (answer.value.length < PAYMENTS_PAGE) return ok(payments)
  }
  return err({ class: 'unreachable', message: 'payments/outgoing: too many to read' })
}
