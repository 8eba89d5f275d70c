import { RelayEvent } from '../core/nodes/relay-event.ts'
import { deliver } from './delivery.ts'
import { Outbox } from './outbox.ts'
import { noticesOver, type RelayPorts } from './ports.ts'
import type { Target } from './post.ts'
import { watchProcess } from './process-start.ts'
import type { ProcessPort } from './process.ts'
import { RemoteTime } from './remote-time.ts'
import type { Source, ReportedEvent } from './source.ts'
import { subscribe, type Link } from './subscription.ts'

/** A relay connects one node, its process, and the service. */
export type Relay = { readonly source: Source; readonly process: ProcessPort; readonly target: Target }

/**
 * Forwards a node's events and its process starts until the signal ends. Every failure is retried.
 * Undelivered events are lost when the relay ends, which costs only time: a sweep finds the changes, and the
 * next relay reports the process again.
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
  const reported = (event: ReportedEvent): void => {
    // The arrival time on this machine's clock; the service corrects dates from a clock that is ahead.
    outbox.add(RelayEvent.parse({ ...event, id: `${life}-${(serial += 1)}`, at: ports.clock.now() }))
  }
  await Promise.all([
    subscribe({ source, link, reported }, ports, notice, signal),
    watchProcess({ process, link, outbox, target, time }, ports, notice, signal),
    deliver({ outbox, target, time }, ports, notice, signal),
  ])
}
