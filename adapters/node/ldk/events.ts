import * as z from 'zod'
import { Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Clock } from '../../../core/ports/ports.ts'
import { ChannelId, type Codec } from './codecs.ts'
import type { LdkConfig } from './config.ts'
import { faultOf, openSession } from './connection.ts'
import { streamNamed } from './messages.ts'
import type { LdkEvent, RpcFault } from './rpc.ts'

/** How often to ping on an idle stream, to notice a server that is gone. */
const PING_MS = 30_000

const Envelope = z.object({
  channelStateChanged: z.object({ channelId: ChannelId, fundingTxo: Outpoint.optional() }).optional(),
  spliceNegotiated: z.object({ channelId: ChannelId, newFundingTxo: Outpoint }).optional(),
  spliceNegotiationFailed: z.object({ channelId: ChannelId }).optional(),
})

/** One message of the stream; null for payments and unknown messages. */
export const Event: Codec<LdkEvent | null> = z.codec(Envelope, z.custom<LdkEvent | null>(), {
  decode({ channelStateChanged, spliceNegotiated, spliceNegotiationFailed }): LdkEvent | null {
    if (channelStateChanged !== undefined) {
      const { channelId, fundingTxo } = channelStateChanged
      return { type: 'channel_state_changed', channelId, funding: fundingTxo ?? null }
    }
    if (spliceNegotiated !== undefined) {
      const { channelId, newFundingTxo } = spliceNegotiated
      return { type: 'splice_negotiated', channelId, funding: newFundingTxo }
    }
    if (spliceNegotiationFailed !== undefined)
      return { type: 'splice_negotiation_failed', channelId: spliceNegotiationFailed.channelId }
    return null
  },
  encode(event) {
    switch (event?.type) {
      case 'channel_state_changed':
        return {
          channelStateChanged: { channelId: event.channelId, fundingTxo: event.funding ?? undefined },
        }
      case 'splice_negotiated':
        return { spliceNegotiated: { channelId: event.channelId, newFundingTxo: event.funding } }
      case 'splice_negotiation_failed':
        return { spliceNegotiationFailed: { channelId: event.channelId } }
      case undefined:
        return {}
    }
  },
})

/** The callbacks of a subscription. */
export type LdkListener = {
  /** The server has accepted the subscription: from now on no event is missed while the stream lasts. */
  readonly opened: () => void
  readonly heard: (event: LdkEvent) => void
}

/**
 * Subscribes to the server's events on its own connection, until the stream or the signal ends; returns why
 * it ended. Never throws, never resubscribes: that is up to the caller. Skips unreadable messages, since a
 * newer server may send more kinds.
 */
export async function subscribeEvents(
  config: LdkConfig,
  clock: Clock,
  { opened, heard }: LdkListener,
  signal: AbortSignal,
): Promise<RpcFault> {
  const ended = { status: null, message: 'the stream was ended by us' }
  const isOver = (): boolean => signal.aborted
  if (isOver()) return ended
  const { manager, transport } = openSession(config, clock, PING_MS)
  try {
    const method = streamNamed('SubscribeEvents')
    const stream = await transport.stream(method, signal, undefined, undefined, once({}))
    opened()
    for await (const message of stream.message) {
      const event = Event.safeParse(message)
      if (event.success && event.data !== null) heard(event.data)
    }
    return { status: null, message: 'the server ended the stream' }
  } catch (error) {
    return isOver() ? ended : faultOf(error)
  } finally {
    manager.abort()
  }
}

async function* once<T>(message: T): AsyncIterable<T> {
  yield message
}
