import { AsyncLocalStorage } from 'node:async_hooks'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SQSClient } from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { Context } from 'aws-lambda'
import { Resource } from 'sst'
import { ulid } from 'ulid'
import { powertoolsTelemetry } from '../adapters/log/powertools.ts'
import { readableTelemetry } from '../adapters/log/readable.ts'
import { configuredNode, warningsOf } from '../adapters/node/configured.ts'
import { sqsQueue, sqsSender } from '../adapters/queue/sqs.ts'
import { webhookSender } from '../adapters/webhook/sender.ts'
import { targetRules } from '../adapters/webhook/target.ts'
import { dynamoStore } from '../adapters/store/dynamo.ts'
import type { DeliveryPorts } from '../core/webhooks/delivery.ts'
import type { DeliveryHint, DeliveryQueue } from '../core/ports/endpoint.ts'
import type { Ports } from '../core/ports/ports.ts'
import { parseConfiguration } from './configuration.ts'
import type { NodeEventMessage } from '../core/nodes/relay-event.ts'

/** Calls end this long before the invocation does, so that their results can still be saved. */
const SAVING_MS = 5_000
/** The limit for a read: a node that hangs leaves time for the others. */
const CALL_MS = 10_000
/**
 * The limit for a command with all its calls. A splice takes about ten messages each way between the node and
 * its peer, and one more for every input: a few milliseconds to a peer nearby, ten seconds and more over Tor.
 * The limit is well below an attempt's fence.
 */
const COMMAND_MS = 30_000
/** The limits of a request to the table or a queue. The SDK gives up a slower one and retries it. */
export const REQUEST = { connectionTimeout: 2_000, requestTimeout: 4_000, throwOnRequestTimeout: true }

/** Shorter limits for a webhook hint, so that its sender is not held up. The sweep sends what was missed. */
const WEBHOOKS_REQUEST = { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true }

const configuration = parseConfiguration(Resource, process.env)
const telemetry =
  configuration.log === 'readable'
    ? readableTelemetry((line) => process.stderr.write(line))
    : powertoolsTelemetry(configuration.metrics)
const deadline = new AsyncLocalStorage<AbortSignal>()
const clock = { now: () => Date.now() }
const chance = { fraction: () => Math.random(), id: () => ulid() }
const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({ requestHandler: REQUEST }))
const sqs = new SQSClient({ requestHandler: REQUEST })

const webhooksSender = sqsSender<DeliveryHint>({
  client: new SQSClient({ requestHandler: WEBHOOKS_REQUEST, maxAttempts: 1 }),
  queueUrl: configuration.webhooksQueueUrl,
})
const webhooks: DeliveryQueue = { hint: (hint, delayMs) => webhooksSender.send(hint, delayMs) }

/** The part of Lambda's context that tells when the invocation ends. */
export type Invocation = Pick<Context, 'getRemainingTimeInMillis'>

/** The ports of this process. Their calls end before the invocation that makes them does; see {@link within}. */
export const ports: Ports = {
  store: dynamoStore({ client: dynamo, table: configuration.tableName, ids: chance }),
  queue: sqsQueue({ client: sqs, queueUrl: configuration.workQueueUrl }),
  webhooks,
  clock,
  chance,
  telemetry,
  nodes: new Map(configuration.nodes.map((entry) => [entry.name, configuredNode(entry, clock)])),
  call: (kind) => {
    const signals = [AbortSignal.timeout(kind === 'command' ? COMMAND_MS : CALL_MS), deadline.getStore()]
    return { signal: AbortSignal.any(signals.filter((signal) => signal !== undefined)) }
  },
  generation: configuration.generation,
}

export const { policy, backupAt, keys, explorer, privateWebhooks, requestsPerSecond } = configuration

/** Sends webhook deliveries. */
export const webhook = webhookSender({ rules: targetRules(privateWebhooks) })

/** The ports of the function that delivers webhooks. */
export const deliveryPorts: DeliveryPorts = { ...ports, webhooks, webhook }

for (const entry of configuration.nodes)
  for (const warning of warningsOf(entry)) telemetry.info(warning, { node: entry.name })

/** Sends to the node events queue what relays report. */
export const nodeEvents = sqsSender<NodeEventMessage>({
  client: sqs,
  queueUrl: configuration.nodeEventsQueueUrl,
})

/** Runs an invocation. Its calls end {@link SAVING_MS} before it does. Its metrics are published at the end. */
export async function within<T>(invocation: Invocation, run: () => Promise<T>): Promise<T> {
  const leftMs = Math.max(0, invocation.getRemainingTimeInMillis() - SAVING_MS)
  try {
    return await deadline.run(AbortSignal.timeout(leftMs), run)
  } finally {
    telemetry.flush()
  }
}
