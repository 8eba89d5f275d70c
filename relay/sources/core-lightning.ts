import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { io } from 'socket.io-client'
import * as z from 'zod'
import { isIdentityError, pinned } from '../../adapters/net/tls-pinning.ts'
import { lasting, passing, type Source, type SourceEnd, type ReportedEvent } from '../source.ts'

const MAX_MESSAGE_BYTES = 1024 * 1024
/** A name that clnrest puts into every certificate that it makes (docs/reference/nodes.md 1.6). */
const OWN_NAME = 'cln'

/**
 * clnrest's address, a rune that allows `listclnrest-notifications`, and for https clnrest's certificate
 * authority (ca.pem).
 */
export type CoreLightningConfig = {
  readonly url: string
  readonly rune: string
  readonly certificate?: string | undefined
}

const ChannelId = z.string().regex(/^[0-9a-f]{64}$/)

/** A notification by topic. There are many more topics: a busy node constantly reports forwarded payments. */
const Notification = z.object({
  channel_state_changed: z.object({ channel_id: ChannelId, new_state: z.string() }).optional(),
  connect: z.object({}).optional(),
  disconnect: z.object({}).optional(),
})

/** The event in a notification; null when it is unknown or not about a splice. */
export function coreLightningEvent(value: unknown): ReportedEvent | null {
  const { channel_state_changed: changed, connect, disconnect } = Notification.safeParse(value).data ?? {}
  if (changed !== undefined) {
    const signed = changed.new_state === 'CHANNELD_AWAITING_SPLICE'
    return { type: signed ? 'splice_negotiated' : 'channel_state_changed', channelId: changed.channel_id }
  }
  if (connect !== undefined) return { type: 'peer_connected' }
  return disconnect === undefined ? null : { type: 'peer_disconnected' }
}

/** Trusts clnrest's own authority, for the address in use or for the name that clnrest always includes. */
function trusting(certificate: string) {
  const { ca, checkServerIdentity: check } = pinned(certificate)
  return {
    ca,
    checkServerIdentity: (host: string, presented: PeerCertificate): Error | undefined =>
      check(host, presented) === undefined ? undefined : checkServerIdentity(OWN_NAME, presented),
  }
}

/** Core Lightning: clnrest's notifications over Socket.IO. They are not replayed. */
export function coreLightningSource({ url, rune, certificate }: CoreLightningConfig): Source {
  const tls = certificate === undefined ? {} : trusting(certificate)
  return {
    what: 'clnrest',
    async listen({ opened, reported }, signal) {
      if (signal.aborted) return passing('not tried')
      const limits = { maxPayload: MAX_MESSAGE_BYTES }
      const socket = io(url, {
        ...tls,
        ...limits,
        extraHeaders: { rune },
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        autoConnect: false,
      })
      const ended = Promise.withResolvers<SourceEnd>()
      socket.on('connect', opened)
      socket.on('message', (value: unknown) => {
        const event = coreLightningEvent(value)
        if (event !== null) reported(event)
      })
      // A middleware of the server refused us; the only thing it checks is the rune.
      socket.on('connect_error', (error) => ended.resolve(socket.active ? brokenBy(error) : refused))
      socket.on('disconnect', () => ended.resolve(passing('the connection closed')))
      const stop = (): void => ended.resolve(passing('we ended it'))
      signal.addEventListener('abort', stop, { once: true })
      socket.connect()
      const end = await ended.promise
      signal.removeEventListener('abort', stop)
      socket.disconnect()
      return end
    },
  }
}

const refused = lasting('it refuses our rune, or the rune does not allow listclnrest-notifications')

/** Socket.IO wraps the socket's error in its own events. */
const Wrapped = z.object({ description: z.object({ error: z.instanceof(Error) }) })

function brokenBy(error: Error): SourceEnd {
  const cause = Wrapped.safeParse(error).data?.description.error ?? error
  return isIdentityError(cause)
    ? lasting('the server has no certificate from the pinned authority')
    : passing('no connection')
}
