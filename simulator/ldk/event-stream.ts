import type { ServerHttp2Stream } from 'node:http2'
import { outpointOf } from '../../core/bitcoin/outpoint.ts'
import { encodeMessage } from '../../adapters/node/ldk/calls.ts'
import { Event } from '../../adapters/node/ldk/events.ts'
import { grpcFrame, streamNamed } from '../../adapters/node/ldk/messages.ts'
import type { LdkEvent } from '../../adapters/node/ldk/rpc.ts'
import type { SimulatedNode, World } from '../world/steering.ts'
import type { RelayEvent } from '../world/state.ts'

/** gRPC's UNAVAILABLE, with which ldk-server ends its streams when it shuts down. */
const SHUTTING_DOWN = 14

export type Subscriber = {
  readonly heard: (event: LdkEvent) => void
  /** Called when the process, and with it the stream, ends. */
  readonly ended: () => void
}

/** Subscribes to events and returns the function that unsubscribes. */
export type EventFeed = (subscriber: Subscriber) => () => void

/**
 * A simulated node's events as ldk-server streams them (docs/reference/ldk.md 6.5 and 6.6): events of channels and
 * splices, without reasons, and none of peers or of the process. Without a subscriber, events are lost.
 */
export function eventsOf(world: World, node: SimulatedNode): EventFeed {
  return ({ heard, ended }) =>
    world.onRelayEvent((event, name) => {
      if (name !== node.name) return
      if (event.type === 'process_started') return ended()
      const told = streamed(event, node)
      if (told !== null) heard(told)
    })
}

function streamed({ type, channelId, txid }: RelayEvent, node: SimulatedNode): LdkEvent | null {
  if (channelId === undefined) return null
  const { candidates, funding } = node.channel(channelId)
  const fundings = [funding, ...candidates.map((candidate) => candidate.funding)]
  const found = fundings.find((each) => each.txid === txid)
  const outpoint = found === undefined ? null : outpointOf(found.txid, found.vout)
  switch (type) {
    case 'channel_state_changed':
      return { type, channelId, funding: outpoint }
    case 'splice_negotiated':
      return outpoint === null ? null : { type, channelId, funding: outpoint }
    case 'splice_negotiation_failed':
      return { type, channelId }
    default:
      return null
  }
}

/** Answers a subscription: headers at once, then one frame per event, until the client or process ends. */
export function streamEvents(stream: ServerHttp2Stream, feed: EventFeed): void {
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'identity' },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': SHUTTING_DOWN, 'grpc-message': 'server shutting down' })
  })
  const { output } = streamNamed('SubscribeEvents')
  const leave = feed({
    heard: (event) => void stream.write(grpcFrame(encodeMessage(output, Event, event))),
    ended: () => void stream.end(),
  })
  stream.once('close', leave)
}
