import { ldkClient } from '../../adapters/node/ldk/client.ts'
import type { LdkClient } from '../../adapters/node/ldk/client.ts'
import type { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { subscribeEvents } from '../../adapters/node/ldk/events.ts'
import { isIdentityFault } from '../../adapters/net/tls-pinning.ts'
import type { LdkEvent, RpcFault } from '../../adapters/node/ldk/rpc.ts'
import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { isOver } from '../ports.ts'
import type { RelayPorts } from '../ports.ts'
import { lasting, passing } from '../source.ts'
import type { Listener, Source, SourceEnd, Told } from '../source.ts'

/** How often the channels are listed: ldk-server streams nothing about peers. */
const LIST_EVERY_MS = 3_000
const LIST_WITHIN_MS = 10_000
/** More channels at once are a restart or a network that fails: each event is a write to one item of the service. */
const NAMED_MAX = 20

/**
 * An ldk-server: SubscribeEvents, and the list of channels for what that stream does not tell, a peer that goes or comes
 * back (docs/reference/ldk.md 6.5). Needs `events:read` and `channels:read`.
 */
export function ldkServerSource(config: LdkConfig, ports: RelayPorts): Source {
  // Whether each channel was usable: kept between subscriptions, so that what happened in between is told.
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
      const heard = (event: LdkEvent): void => listener.told(toldOf(event))
      const fault = await subscribeEvents(config, ports.clock, { opened, heard }, signal)
      over.abort()
      await watching
      client.close()
      return endOf(fault)
    },
  }
}

function toldOf(event: LdkEvent): Told {
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
    if (list.ok) for (const told of changesIn(list.value, usable)) listener.told(told)
    else if (list.error.status === 7 || list.error.status === 12 || list.error.status === 16)
      listener.warned(
        'the credential does not allow ListChannels (channels:read): no return of a peer is reported',
      )
    await ports.sleep(LIST_EVERY_MS, signal)
  }
}

/** What changed since the last list; of a channel that is seen first, nothing. Of many at once, one event of the whole node. */
export function changesIn(
  channels: readonly { readonly channelId: string; readonly isUsable: boolean }[],
  usable: Map<string, boolean>,
): Told[] {
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
  if (isIdentityFault(fault)) return lasting('whoever answers does not hold the pinned certificate')
  switch (fault.status) {
    case 7:
      return lasting('the credential does not allow SubscribeEvents (events:read)')
    case 12:
      return lasting('it is too old to have SubscribeEvents')
    case 16:
      return lasting('it refuses our credential, or its clock and ours differ by more than a minute')
    default:
      return passing(
        fault.status === null ? 'no connection' : `the stream ended (gRPC status ${fault.status})`,
      )
  }
}
