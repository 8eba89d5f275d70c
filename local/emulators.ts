import { once } from 'node:events'
import type { Server } from 'node:http'
import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import dynalite from 'dynalite'
import { buildApp } from 'fauxqs'
import * as z from 'zod'
import { createTableInput } from '../adapters/store/table.ts'
import { Parts } from './parts.ts'
import type { Part } from './thread.ts'
import { writeWholeItems } from './whole-writes.ts'
import { wiring, type QueueName, type QueueWiring } from '../functions/wiring.ts'

const REGION = 'eu-central-1'
/** The name of the table. */
export const TABLE = 'splicekeeper'
const TABLE_WAIT_SECONDS = 10

/** The SDK clients' defaults here: a region, and credentials that any emulator accepts. */
export const identity = { region: REGION, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }

/** An emulator on 127.0.0.1. */
export type Emulator<T> = T & { readonly endpoint: string; close(): Promise<void> }

/** DynamoDB in a folder, with the table created. A write is complete or absent, whenever the process is killed. */
export async function startTable(path: string): Promise<Emulator<{ readonly name: string }>> {
  writeWholeItems()
  const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = addressOf(server)
  const client = new DynamoDBClient({ ...identity, endpoint })
  try {
    await client.send(new CreateTableCommand(createTableInput(TABLE)))
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error
  }
  await waitUntilTableExists({ client, maxWaitTime: TABLE_WAIT_SECONDS, minDelay: 0.1 }, { TableName: TABLE })
  client.destroy()
  return {
    name: TABLE,
    endpoint,
    async close() {
      const closed = Promise.withResolvers<undefined>()
      server.close(() => closed.resolve(undefined))
      server.closeAllConnections()
      await closed.promise
    },
  }
}

const LocalQueue = z.object({ url: z.string(), arn: z.string(), batchSize: z.int().positive() })

/** A queue on this machine. */
export type LocalQueue = z.infer<typeof LocalQueue>

/** DynamoDB and SQS on this machine: where they are found. */
export const Emulators = z.object({
  table: z.object({ name: z.string(), endpoint: z.url() }),
  queues: z.object({
    endpoint: z.url(),
    queues: z.object({ work: LocalQueue, nodeEvents: LocalQueue, webhooks: LocalQueue }),
  }),
})
export type Emulators = z.infer<typeof Emulators>

/** Starts both emulators. */
export async function startEmulators({ path }: { readonly path: string }): Promise<Part<Emulators>> {
  const parts = new Parts()
  const table = parts.add(await startTable(path), (part) => part.close())
  const queues = parts.add(await startQueues(), (part) => part.close())
  return { says: Emulators.parse({ table, queues }), stop: () => parts.stop() }
}

/**
 * SQS in memory, which is enough because messages are only hints. Creates the queues of the wiring and their
 * dead-letter queues.
 */
export async function startQueues(): Promise<
  Emulator<{ readonly client: SQSClient; readonly queues: Readonly<Record<QueueName, QueueWiring & LocalQueue>> }>
> {
  const app = buildApp({ logger: false, defaultRegion: REGION })
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  const client = new SQSClient({ ...identity, endpoint })
  const { work, nodeEvents, webhooks } = wiring.queues
  return {
    endpoint,
    client,
    queues: {
      work: await createQueue(client, endpoint, 'work', work),
      nodeEvents: await createQueue(client, endpoint, 'node-events', nodeEvents),
      webhooks: await createQueue(client, endpoint, 'webhooks', webhooks),
    },
    async close() {
      client.destroy()
      await app.close()
    },
  }
}

async function createQueue(
  client: SQSClient,
  endpoint: string,
  name: string,
  queue: QueueWiring,
): Promise<QueueWiring & LocalQueue> {
  const notExecuted = await client.send(new CreateQueueCommand({ QueueName: queue.deadLetterQueue }))
  const redrive = {
    deadLetterTargetArn: await arnOf(client, z.string().parse(notExecuted.QueueUrl)),
    maxReceiveCount: queue.maxReceives,
  }
  const attributes = {
    VisibilityTimeout: String(queue.visibilitySeconds),
    RedrivePolicy: JSON.stringify(redrive),
  }
  const made = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))
  // The emulator's own host name resolves only on some machines.
  const { origin } = new URL(endpoint)
  const url = origin + new URL(z.string().parse(made.QueueUrl)).pathname
  return { ...queue, url, arn: await arnOf(client, url) }
}

async function arnOf(client: SQSClient, queueUrl: string): Promise<string> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] })
  return z.string().parse((await client.send(command)).Attributes?.['QueueArn'])
}

/** The URL that a server listens on. */
export function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return `http://${address.address}:${address.port}`
}

/**
 * Links the functions, which are imported afterwards, to the emulators, in the way deployed functions find
 * their resources.
 */
export function linkFunctions(
  { table, queues }: Emulators,
  nodes: unknown,
  policy: unknown,
  requestsPerSecond: number | null = null,
): void {
  // With a profile the SDK would use its credentials instead of these.
  delete process.env['AWS_PROFILE']
  Object.assign(process.env, {
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: identity.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: identity.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    SST_RESOURCE_App: JSON.stringify({ name: 'splicekeeper', stage: 'local' }),
    SST_RESOURCE_Table: JSON.stringify({ name: table.name }),
    SST_RESOURCE_WorkQueue: JSON.stringify({ url: queues.queues.work.url }),
    SST_RESOURCE_NodeEventsQueue: JSON.stringify({ url: queues.queues.nodeEvents.url }),
    SST_RESOURCE_WebhooksQueue: JSON.stringify({ url: queues.queues.webhooks.url }),
    SST_RESOURCE_Nodes: JSON.stringify({ value: JSON.stringify(nodes) }),
    SST_RESOURCE_Keys: JSON.stringify({ value: '[]' }),
    SPLICEKEEPER_POLICY: JSON.stringify(policy),
    SPLICEKEEPER_WEBHOOKS_PRIVATE: 'true',
    SPLICEKEEPER_REQUESTS_PER_SECOND: String(requestsPerSecond ?? ''),
    SPLICEKEEPER_LOG: 'readable',
  })
}
