import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { ApiKey } from '../../core/ports/records.ts'
import type { Policy } from '../../core/splice/policy.ts'
import type { WebhookPort } from '../../core/webhooks/delivery.ts'
import type { Ports } from '../../core/ports/ports.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import type { Admission } from './admission.ts'
import type { KeyTraffic } from './key-traffic.ts'
import { refuseInvalid } from './validation.ts'

/** The gates of a splice as they are now, and the figures behind them. null: not known. */
export type Preview = {
  readonly gates: readonly {
    readonly name: string
    readonly open: boolean
    /** Why the gate is closed, in one sentence. null: it is open. */
    readonly message: string | null
  }[]
  readonly estimatedFeeSats: number | null
  readonly feeRateSatPerKw: number | null
  readonly outboundSats: number | null
  readonly spendableSats: number | null
}

/** Everything that the API depends on. */
export type ApiDeps = {
  readonly ports: Ports
  readonly policy: Policy
  /** Keys besides those in the table, by hash. */
  readonly keys: ReadonlyMap<string, ApiKey>
  /** Rate limits keys and records their last use. Left out: neither is done. */
  readonly traffic?: KeyTraffic
  /** Bounds how many orders are under way. Left out: nothing does. */
  readonly admission?: Admission
  /** Evaluates the gates for a splice that is not stored. Changes nothing. */
  readonly preview: (draft: Splice, ports: Ports) => Promise<Preview>
  /** Sends an event of a node to the node events queue. */
  readonly nodeEvents: (message: NodeEventMessage) => Promise<void>
  /** Delivers test events to endpoints. */
  readonly webhook: WebhookPort
  /** Whether endpoints may have private addresses and use plain http. */
  readonly privateWebhooks: boolean
  /** A block explorer's URL of a transaction, with `{txid}` in it. null: transactions are not linked. */
  readonly explorer: string | null
}

/**
 * The variables in a handler's context. All but `deps` are set behind authentication only. `recheckKey` throws if the
 * key is not valid any more; only a route behind `requireScopeAgain` has to call it.
 */
export type ApiEnv = {
  Variables: {
    deps: ApiDeps
    key: ApiKey
    keyId: string
    recheckKey: () => Promise<void>
    /** The headers that tell the rate limit; none: there is no limit. */
    rateLimit?: Readonly<Record<string, string>>
  }
}

export type ApiContext = Context<ApiEnv>

/** A router whose validation errors are problems. */
export function router(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
}
