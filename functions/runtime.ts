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

/** Time before the end of an invocation in which no call is open any more: what was learnt is saved in it. */
const SAVING_MS = 5_000
/** A read: one node that hangs leaves time for the others. */
const CALL_MS = 10_000
/**
 * A command with all its calls. A splice takes about ten messages each way between the node and its peer, one more for every
 * input: a few milliseconds to a peer nearby, ten seconds and more over Tor. It ends well before the fence of an attempt.
 */
const COMMAND_MS = 30_000
/** A request to the table or a queue that takes longer is given up, and repeated by the SDK. */
export const REQUEST = { connectionTimeout: 2_000, requestTimeout: 4_000, throwOnRequestTimeout: true }

/** Who tells of an event waits no longer for the queue: the sweep makes good what was not sent. */
const NOTICE_REQUEST = { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true }

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

const noticeSender = sqsSender<DeliveryHint>({
  client: new SQSClient({ requestHandler: NOTICE_REQUEST, maxAttempts: 1 }),
  queueUrl: configuration.webhooksQueueUrl,
})
const webhooks: DeliveryQueue = { hint: (notice, delayMs) => noticeSender.send(notice, delayMs) }

/** What an invocation knows of its end. */
export type Invocation = Pick<Context, 'getRemainingTimeInMillis'>

/** The ports of this process. Their calls end in time for the invocation that makes them, see {@link within}. */
export const ports: Ports = {
  store: dynamoStore({ client: dynamo, table: configuration.tableName, ids: chance }),
  queue: sqsQueue({ client: sqs, queueUrl: configuration.workQueueUrl }),
  webhooks: webhooks,
  clock,
  chance,
  telemetry,
  nodes: new Map(configuration.nodes.map((entry) => [entry.name, configuredNode(entry, clock)])),
  call: (of) => {
    const signals = [AbortSignal.timeout(of === 'command' ? COMMAND_MS : CALL_MS), deadline.getStore()]
    return { signal: AbortSignal.any(signals.filter((signal) => signal !== undefined)) }
  },
  generation: configuration.generation,
}

export const { policy, backupAt, keys, explorer, privateWebhooks, requestsPerSecond } = configuration

/** Sends webhooks. */
export const webhook = webhookSender({ rules: targetRules(privateWebhooks) })

/** What the consumer of notices touches. */
export const deliveryPorts: DeliveryPorts = { ...ports, webhooks: webhooks, webhook }

for (const entry of configuration.nodes)
  for (const warning of warningsOf(entry)) telemetry.info(warning, { node: entry.name })

/** The failures queue: what relays reported. */
export const nodeEvents = sqsSender<NodeEventMessage>({
  client: sqs,
  queueUrl: configuration.nodeEventsQueueUrl,
})

/** Runs an invocation: its calls end some seconds before it does, and what it counted is published. */
export async function within<T>(invocation: Invocation, run: () => Promise<T>): Promise<T> {
  const leftMs = Math.max(0, invocation.getRemainingTimeInMillis() - SAVING_MS)
  try {
    return await deadline.run(AbortSignal.timeout(leftMs), run)
  } finally {
    telemetry.flush()
  }
}
