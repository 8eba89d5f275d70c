import { Webhook } from 'standardwebhooks'
import type { WebhookPort } from '../../core/webhooks/delivery.ts'
import type { Delivered } from '../../core/webhooks/endpoint.ts'
import { httpSender } from '../net/http.ts'
import { TargetRefused, checkedLookup, systemResolve, type Resolve } from './lookup.ts'
import { targetProblem, type TargetRules } from './target.ts'

/** How much of an answer is read, and discarded: only its status counts. */
const ANSWER_BYTES = 16 * 1024

export type WebhookOptions = {
  readonly rules: TargetRules
  readonly resolve?: Resolve
  /** The only certificate authority to trust (PEM). Default: Node's. */
  readonly ca?: string
}

/**
 * Sends webhooks by the Standard Webhooks specification: `webhook-id`, `webhook-timestamp`, and a
 * `webhook-signature` with one signature per valid secret. Anything but a 2xx is a failure, including a
 * redirect, which is not followed. Each delivery has its own connection, to a checked address.
 */
export function webhookSender(options: WebhookOptions): WebhookPort {
  const { rules, resolve = systemResolve, ca } = options
  const lookup = checkedLookup(rules.isAllowed, resolve)
  const send = httpSender({ keepAlive: false, lookup, ...(ca === undefined ? {} : { ca }) })
  return {
    async deliver({ url, secrets, id, at, body }, { signal }) {
      // Checked again here: a socket does not look up literal addresses, and the rules may have changed since
      // the URL was accepted.
      if (targetProblem(url, rules) !== null) return refused
      const signatures = secrets.map((secret) => new Webhook(secret).sign(id, new Date(at), body))
      const headers = {
        'Content-Type': 'application/json',
        'User-Agent': 'Splicekeeper',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at / 1000)),
        'webhook-signature': signatures.join(' '),
      }
      try {
        const { status } = await send(url, { method: 'POST', headers, body, maxBytes: ANSWER_BYTES, signal })
        return status >= 200 && status < 300 ? { ok: true, status } : { ok: false, fault: 'status', status }
      } catch (error) {
        return error instanceof TargetRefused ? refused : { ok: false, fault: 'no_answer', status: null }
      }
    },
  }
}

const refused: Delivered = { ok: false, fault: 'target_refused', status: null }
