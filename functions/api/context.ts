import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { ApiKey } from '../../core/ports/records.ts'
import type { Policy } from '../../core/splice/policy.ts'
import type { WebhookPort } from '../../core/webhooks/delivery.ts'
import type { Ports } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import type { Effects } from './effects.ts'
import type { KeyTraffic } from './key-traffic.ts'
import { refuseInvalid } from './validation.ts'

/** What the gates would say to a splice now, and the figures behind it. null: not known. */
export type Preview = {
  readonly gates: readonly {
    readonly name: string
    readonly open: boolean
    /** One sentence on why it is closed; null where it is open. */
    readonly message: string | null
  }[]
  readonly estimatedFeeSats: number | null
  readonly feeRateSatPerKw: number | null
  readonly outboundSats: number | null
  readonly spendableSats: number | null
}

/** Everything that the API may touch. */
export type ApiDeps = {
  readonly ports: Ports
  readonly policy: Policy
  /** Keys beside those of the table, by their hash. */
  readonly keys: ReadonlyMap<string, ApiKey>
  /** How often keys may ask, and when they last did; left out: as often as they like, and nobody notes it. */
  readonly traffic?: KeyTraffic
  /** What is known of splices that never changes; left out: each splice of a channel is read for each order on it. */
  readonly effects?: Effects
  /** Evaluates the gates for a splice that is not in the table, and changes nothing. */
  readonly preview: (draft: Splice) => Promise<Preview>
  /** Puts one event of a node on the failures queue. */
  readonly nodeEvents: (message: NodeEventMessage) => Promise<void>
  /** Sends a test to an endpoint. */
  readonly webhook: WebhookPort
  /** Whether endpoints may have addresses that are not public, and plain http. */
  readonly privateWebhooks: boolean
  /** Where the dashboard links transactions to, with `{txid}` in it; null: nowhere. */
  readonly explorer: string | null
}

/** What the handlers find in their context; `key` and `keyId` behind authentication only. */
export type ApiEnv = { Variables: { deps: ApiDeps; key: ApiKey; keyId: string } }

export type ApiContext = Context<ApiEnv>

/** An app for some routes, whose validation answers with problems. */
export function router(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
}
