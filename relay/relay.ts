import { RelayEvent } from '../core/nodes/relay-event.ts'
import { deliver } from './delivery.ts'
import { Outbox } from './outbox.ts'
import type { RelayPorts } from './ports.ts'
import { noticesOver } from './ports.ts'
import type { Target } from './post.ts'
import { watchProcess } from './process-start.ts'
import type { ProcessPort } from './process.ts'
import { RemoteTime } from './remote-time.ts'
import type { Source, Told } from './source.ts'
import { subscribe } from './subscription.ts'
import type { Link } from './subscription.ts'

/** What a relay connects: one node, its process, and the service. */
export type Relay = { readonly source: Source; readonly process: ProcessPort; readonly target: Target }

/**
 * Passes a node's events and the starts of its process on until the signal ends (design section 4). Whatever fails is tried
 * again; what it has not delivered when it ends is lost, which costs time: the sweep finds it, and the next relay
 * tells of the process again.
 */
export async function runRelay(
  { source, process, target }: Relay,
  ports: RelayPorts,
  signal: AbortSignal,
): Promise<void> {
  const notice = noticesOver(ports.say)
  const outbox = new Outbox()
  const time = new RemoteTime()
  const link: Link = { openedAt: null }
  const life = ports.chance.id()
  let serial = 0
  const told = (event: Told): void => {
    // When it got here, on this machine's clock: the service brings back what a clock that is ahead dates.
    outbox.add(RelayEvent.parse({ ...event, id: `${life}-${(serial += 1)}`, at: ports.clock.now() }))
  }
  await Promise.all([
    subscribe({ source, link, told }, ports, notice, signal),
    watchProcess({ process, link, outbox, target, time }, ports, notice, signal),
    deliver({ outbox, target, time }, ports, notice, signal),
  ])
}
