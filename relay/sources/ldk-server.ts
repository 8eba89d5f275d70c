import { ldkClient, type LdkClient } from '../../adapters/node/ldk/client.ts'
import type { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { subscribeEvents } from '../../adapters/node/ldk/events.ts'
import { isIdentityFault } from '../../adapters/net/tls-pinning.ts'
import type { LdkEvent, RpcFault } from '../../adapters/node/ldk/rpc.ts'
import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { isOver, type RelayPorts } from '../ports.ts'
import { lasting, passing, type Listener, type Source, type SourceEnd, type ReportedEvent } from '../source.ts'

/** How often to list the channels: ldk-server streams nothing about peers. */
const LIST_EVERY_MS = 3_000
const LIST_WITHIN_MS = 10_000
/**
 * More changed channels at once mean a restart or a network failure. Naming each would cost the service one
 * write per event.
 */
const NAMED_MAX = 20

/**
 * An ldk-server: SubscribeEvents, plus the channel list for what the stream lacks, a peer that goes or
 * returns (docs/reference/ldk.md 6.5). Needs `events:read` and `channels:read`.
 */
export function ldkServerSource(config: LdkConfig, ports: RelayPorts): Source {
  // Whether each channel was usable. Kept between subscriptions, to notice what changed in the meantime.
  const usable = new Map<string, boolean>()
  return {
    what: 'ldk-server',
    async listen(listener, signal) {
      const over = new AbortController()
      const both = AbortSignal.any([signal, over.signal])
      const client = ldkClient(config, ports.clock)
      let watching: Promise<void> = Promise.resolve()
      const opened = (): void => {
        listener.opened()
        watching = watchPeers(client, usable, listener, ports, both)
      }
      const heard = (event: LdkEvent): void => listener.reported(eventOf(event))
      const fault = await subscribeEvents(config, ports.clock, { opened, heard }, signal)
      over.abort()
      await watching
      client.close()
      return endOf(fault)
    },
  }
}

function eventOf(event: LdkEvent): ReportedEvent {
  const { type, channelId } = event
  if (type === 'splice_negotiation_failed' || event.funding === null) return { type, channelId }
  return { type, channelId, txid: splitOutpoint(event.funding).txid }
}

async function watchPeers(
  client: LdkClient,
  usable: Map<string, boolean>,
  listener: Listener,
  ports: RelayPorts,
  signal: AbortSignal,
): Promise<void> {
  while (!isOver(signal)) {
    const list = await client.listChannels({
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIST_WITHIN_MS)]),
    })
    if (isOver(signal)) return
    if (list.ok) for (const event of changesIn(list.value, usable)) listener.reported(event)
    else if (list.error.status === 7 || list.error.status === 12 || list.error.status === 16)
      listener.warned(
        'the credential does not allow ListChannels (channels:read): the return of a peer is not reported',
      )
    await ports.sleep(LIST_EVERY_MS, signal)
  }
}

/**
 * The changes since the last list; a channel seen for the first time has none. Many changes become one event
 * for the whole node.
 */
export function changesIn(
  channels: readonly { readonly channelId: string; readonly isUsable: boolean }[],
  usable: Map<string, boolean>,
): ReportedEvent[] {
  const changed = channels.filter(({ channelId, isUsable }) => usable.get(channelId) === !isUsable)
  usable.clear()
  for (const { channelId, isUsable } of channels) usable.set(channelId, isUsable)
  return [true, false].flatMap((came) => {
    const type = came ? 'peer_connected' : 'peer_disconnected'
    const ids = changed.filter(({ isUsable }) => isUsable === came).map(({ channelId }) => channelId)
    return ids.length > NAMED_MAX ? [{ type }] : ids.map((channelId) => ({ type, channelId }))
  })
}

function endOf(fault: RpcFault): SourceEnd {
  if (isIdentityFault(fault)) return lasting('the server does not have the pinned certificate')
  switch (fault.status) {
    case 7:
      return lasting('the credential does not allow SubscribeEvents (events:read)')
    case 12:
      return lasting('it is too old: it has no SubscribeEvents')
    case 16:
      return lasting('it refuses our credential, or its clock and ours differ by more than a minute')
    default:
      return passing(fault.status === null ? 'no connection' : `the stream ended (gRPC status ${fault.status})`)
  }
}
