import { Agent, WebSocket } from 'undici'
import * as z from 'zod'
import { isIdentityError, pinned } from '../../adapters/net/tls-pinning.ts'
import { Txid } from '../../core/bitcoin/outpoint.ts'
import { isOver, type RelayPorts } from '../ports.ts'
import { lasting, passing, type Source, type SourceEnd, type ReportedEvent } from '../source.ts'

/** Shorter than the minute of silence after which Eclair's server closes the connection. */
const HEARTBEAT_MS = 20_000
const PROBE_MS = 10_000

/** Eclair's API address, its password, and a certificate (PEM) if a proxy provides one. */
export type EclairConfig = {
  readonly url: string
  readonly password: string
  readonly certificate?: string | undefined
}

const ChannelId = z.string().regex(/^[0-9a-f]{64}$/)

/** The WebSocket messages of Eclair that concern splices (docs/reference/nodes.md 2.4). */
const Message = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('channel-funding-created'),
    channelId: ChannelId,
    fundingTxId: Txid.optional(),
  }),
  z.object({ type: z.literal('channel-confirmed'), channelId: ChannelId, fundingTxId: Txid.optional() }),
  z.object({
    type: z.literal('channel-state-changed'),
    channelId: ChannelId,
    previousState: z.string(),
    currentState: z.string(),
  }),
  z.object({ type: z.literal('channel-closed'), channelId: ChannelId }),
])

/** The event in a message; null when it is unknown or not about a splice. */
export function eclairEvent(text: string): ReportedEvent | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const message = Message.safeParse(value).data
  if (message === undefined) return null
  const { channelId } = message
  switch (message.type) {
    case 'channel-funding-created':
      return { type: 'splice_negotiated', channelId, ...txidOf(message.fundingTxId) }
    case 'channel-confirmed':
      return { type: 'channel_state_changed', channelId, ...txidOf(message.fundingTxId) }
    case 'channel-state-changed':
      if (message.currentState === 'OFFLINE') return { type: 'peer_disconnected', channelId }
      if (['OFFLINE', 'SYNCING'].includes(message.previousState)) return { type: 'peer_connected', channelId }
      return { type: 'channel_state_changed', channelId }
    case 'channel-closed':
      return { type: 'channel_state_changed', channelId }
  }
}

const txidOf = (txid: string | undefined): { txid?: string } => (txid === undefined ? {} : { txid })

/** Eclair: its WebSocket with its API password. It reports no failed splice and replays nothing. */
export function eclairSource({ url, password, certificate }: EclairConfig, ports: RelayPorts): Source {
  const headers = { Authorization: `Basic ${Buffer.from(`:${password}`).toString('base64')}` }
  return {
    what: 'Eclair',
    async listen({ opened, reported }, signal) {
      if (signal.aborted) return passing('not tried')
      const dispatcher = new Agent(certificate === undefined ? {} : { connect: pinned(certificate) })
      const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { headers, dispatcher })
      const ended = Promise.withResolvers<undefined>()
      const over = new AbortController()
      const open = new AbortController()
      socket.addEventListener('open', () => {
        open.abort()
        opened()
        void beat(socket, ports, AbortSignal.any([signal, over.signal]))
      })
      socket.addEventListener('message', ({ data }) => {
        const event = typeof data === 'string' ? eclairEvent(data) : null
        if (event !== null) reported(event)
      })
      socket.addEventListener('error', () => ended.resolve(undefined))
      socket.addEventListener('close', () => ended.resolve(undefined))
      const stop = (): void => ended.resolve(undefined)
      signal.addEventListener('abort', stop, { once: true })
      await ended.promise
      signal.removeEventListener('abort', stop)
      over.abort()
      // A WebSocket does not reveal the HTTP status of its refusal.
      const end = isOver(open.signal)
        ? passing('the WebSocket closed')
        : await refusalOf(url, headers, dispatcher, signal)
      await dispatcher.destroy()
      return end
    },
  }
}

async function beat(socket: WebSocket, ports: RelayPorts, signal: AbortSignal): Promise<void> {
  for (;;) {
    await ports.sleep(HEARTBEAT_MS, signal)
    if (isOver(signal) || socket.readyState !== WebSocket.OPEN) return
    // Eclair ignores client messages, but any message keeps the connection open.
    socket.send('heartbeat')
  }
}

async function refusalOf(
  url: string,
  headers: Record<string, string>,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<SourceEnd> {
  if (isOver(signal)) return passing('not tried')
  try {
    const { origin, pathname } = new URL(`${url}/getinfo`)
    const { statusCode, body } = await dispatcher.request({
      origin,
      path: pathname,
      method: 'POST',
      headers,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
    })
    await body.dump()
    if (statusCode === 401) return lasting('it refuses our password')
    return passing(`it refuses a WebSocket and answers a request with HTTP ${statusCode}`)
  } catch (error) {
    return isIdentityError(error)
      ? lasting('the server does not have the pinned certificate')
      : passing('no connection')
  }
}
