import { backoffMs } from './backoff.ts'
import type { Outbox } from './outbox.ts'
import { isOver, type Notice, type RelayPorts } from './ports.ts'
import { postEvents, type PostAnswer, type Target } from './post.ts'
import { differenceOf, type RemoteTime } from './remote-time.ts'

const BACKOFF = { baseMs: 1_000, capMs: 60_000 }
/** The most events that the API accepts in one request. */
const BATCH = 100

/** What an answer means for the posted events. */
export type Delivered = {
  /** `taken`: done. `again`: retry later. `unfit`: the service will never accept this request. */
  readonly then: 'taken' | 'again' | 'unfit'
  readonly why: string
}

/**
 * Interprets an answer and tells the operator what to fix. `aheadMs`: how far our clock is ahead of the
 * service's, if known.
 */
export function deliveredOf(
  { status, code }: PostAnswer,
  { serviceUrl, node }: Target,
  aheadMs: number | null,
): Delivered {
  const again = (why: string): Delivered => ({ then: 'again', why })
  if (status === 202) return { then: 'taken', why: 'accepts our events' }
  if (status === null) return again(`${serviceUrl} does not answer`)
  if (status === 401 && code === 'timestamp_stale') {
    const by = aheadMs === null ? 'too far from the service’s' : differenceOf(aheadMs)
    return again(`refuses us because this machine's clock is ${by}: correct it (NTP)`)
  }
  if (status === 401)
    return again(`refuses our signature: the relay key differs from the relayKey of the node ${node} in the service`)
  if (status === 404 && code === 'node_not_found')
    return again(`knows no node ${node} with a relayKey: is the name right?`)
  if (status === 404) return again(`there is no Splicekeeper at ${serviceUrl}`)
  if (status >= 300 && status < 400)
    return again(`${serviceUrl} redirects, which the relay does not follow: configure the address that it leads to`)
  if ([400, 413, 415, 422].includes(status)) return { then: 'unfit', why: `cannot read our request (HTTP ${status})` }
  return again(`answers HTTP ${status}`)
}

/** The parts that the delivery uses. */
export type Delivery = {
  readonly outbox: Outbox
  readonly target: Target
  readonly time: RemoteTime
}

/**
 * Posts the events of the outbox, oldest first, each until it is accepted, with growing pauses, until the signal ends.
 */
export async function deliver(
  { outbox, target, time }: Delivery,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0
  let most = BATCH
  for (;;) {
    await outbox.filled(signal)
    if (isOver(signal)) return
    const batch = outbox.take(most)
    const sentAt = ports.sinceBoot()
    const answer = await postEvents(target, batch, ports.clock.now(), signal)
    if (isOver(signal)) return
    // Even an answer that refuses our clock shows the service's time, and no other source does.
    if (answer.status === 202 || answer.code !== null)
      time.note({ sentAt, receivedAt: ports.sinceBoot(), date: answer.date })
    const { then, why } = deliveredOf(answer, target, time.aheadMs(ports.clock.now(), ports.sinceBoot()))
    notice('service', then === 'again' ? `${why}; trying again` : why)
    if (outbox.dropped > 0) notice('queue', droppedOf(outbox.dropped))
    // An unfit event must not hold up the others: send them one by one until it is found.
    if (then === 'taken' || (then === 'unfit' && batch.length === 1)) outbox.remove(batch)
    most = then === 'unfit' ? 1 : then === 'taken' && outbox.size === 0 ? BATCH : most
    failures = then === 'again' ? failures + 1 : 0
    if (failures > 0) await ports.sleep(backoffMs(BACKOFF, failures, ports.chance), signal)
  }
}

const droppedOf = (count: number): string =>
  `${count} wake-ups were dropped because too many were waiting; the next sweep finds the same changes`
