import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SQSClient } from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import dynalite from 'dynalite'
import { buildApp } from 'fauxqs'
import { createTableInput } from '../adapters/store/table.ts'

/** Something that listens on 127.0.0.1 until it is closed. */
export type Emulator = { readonly endpoint: string; close(): Promise<void> }

/** Any credentials do; without them the SDK goes looking for some. */
const LOCAL = { region: 'eu-central-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
const START_LIMIT_MS = 10_000

/** DynamoDB in this process, in memory. */
export async function startDynalite(): Promise<Emulator> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${portOf(server)}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}

/** The path of dynoxide's binary; null where the platform or the package is not there. */
export function dynoxidePath(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  try {
    return createRequire(import.meta.url).resolve('@dynoxide/linux-x64/dynoxide')
  } catch {
    return null
  }
}

/** DynamoDB as a process of its own, in memory. Throws where {@link dynoxidePath} is null. */
export async function startDynoxide(): Promise<Emulator> {
  const path = dynoxidePath()
  if (path === null) throw new Error('dynoxide is not installed here')
  const port = await freePort()
  const child = spawn(path, ['serve', '--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' })
  const end = () => void child.kill()
  process.once('exit', end)
  await untilListening(port, child)
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      process.off('exit', end)
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** SQS in this process, in memory; queues are made with CreateQueue. */
export async function startSqs(): Promise<Emulator> {
  const app = buildApp({ logger: false, defaultRegion: LOCAL.region })
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  return { endpoint, close: () => app.close() }
}

/** A client of an emulator with the SDK's own retries, and a fresh table. */
export async function openTable(
  endpoint: string,
  table: string,
): Promise<{ client: DynamoDBDocumentClient; table: string }> {
  const client = dynamoClient(endpoint)
  await client.send(new CreateTableCommand(createTableInput(table)))
  return { client, table }
}

/** A client of an emulator, or of a proxy before one, with the SDK's own retries if no other number of tries is named. */
export function dynamoClient(endpoint: string, maxAttempts?: number): DynamoDBDocumentClient {
  const tries = maxAttempts === undefined ? {} : { maxAttempts }
  return DynamoDBDocumentClient.from(new DynamoDBClient({ ...LOCAL, ...tries, endpoint }))
}

/** A client of {@link startSqs}. */
export function sqsClient(endpoint: string): SQSClient {
  return new SQSClient({ ...LOCAL, endpoint })
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  return portOfAddress(server.address())
}

function portOfAddress(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address.port
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`dynoxide ended with ${child.exitCode}`)
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error('dynoxide does not listen')
    }
    await pause(5)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
