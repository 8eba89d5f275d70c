import { backoffMs } from './backoff.ts'
import type { Outbox } from './outbox.ts'
import { isOver } from './ports.ts'
import type { Notice, RelayPorts } from './ports.ts'
import type { PostAnswer, Target } from './post.ts'
import { postEvents } from './post.ts'
import { differenceOf } from './remote-time.ts'
import type { RemoteTime } from './remote-time.ts'

const BACKOFF = { baseMs: 1_000, capMs: 60_000 }
/** As many as the API takes at a time. */
const BATCH = 100

/** What an answer means for the events that were posted. */
export type Delivered = {
  /** `taken`: done. `again`: later. `unfit`: the service will never take this request. */
  readonly then: 'taken' | 'again' | 'unfit'
  readonly why: string
}

/** Judges an answer; says what an operator can mend. `aheadMs`: how far our clock is from the service's, if known. */
export function deliveredOf(
  { status, code }: PostAnswer,
  { serviceUrl, node }: Target,
  aheadMs: number | null,
): Delivered {
  const again = (why: string): Delivered => ({ then: 'again', why })
  if (status === 202) return { then: 'taken', why: 'takes our events' }
  if (status === null) return again(`${serviceUrl} does not answer`)
  if (status === 401 && code === 'timestamp_stale') {
    const by = aheadMs === null ? 'too far from the service’s' : differenceOf(aheadMs)
    return again(`refuses us because this machine's clock is ${by}: set it (NTP)`)
  }
  if (status === 401)
    return again(
      `refuses our signature: the relay key is not the relayKey of the node ${node} in the service`,
    )
  if (status === 404 && code === 'node_not_found')
    return again(`knows no node ${node} with a relayKey: is the name right?`)
  if (status === 404) return again(`there is no Splicekeeper at ${serviceUrl}`)
  if (status >= 300 && status < 400)
    return again(`${serviceUrl} redirects, which is not followed: give the address that it leads to`)
  if ([400, 413, 415, 422].includes(status)) return { then: 'unfit', why: `cannot read us (HTTP ${status})` }
  return again(`answers HTTP ${status}`)
}

/** What the delivery works with. */
export type Delivery = {
  readonly outbox: Outbox
  readonly target: Target
  readonly time: RemoteTime
}

/** Posts what is in the outbox, oldest first, each event until it is taken, with growing pauses, until the signal ends. */
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
    // A refused clock still learns by how much it is wrong, and from nobody but the service.
    if (answer.status === 202 || answer.code !== null)
      time.note({ sentAt, receivedAt: ports.sinceBoot(), date: answer.date })
    const { then, why } = deliveredOf(answer, target, time.aheadMs(ports.clock.now(), ports.sinceBoot()))
    notice('service', then === 'again' ? `${why}; trying again` : why)
    if (outbox.dropped > 0) notice('queue', droppedOf(outbox.dropped))
    // One that does not fit must not hold up the others: they are sent one by one until it is found.
    if (then === 'taken' || (then === 'unfit' && batch.length === 1)) outbox.remove(batch)
    most = then === 'unfit' ? 1 : then === 'taken' && outbox.size === 0 ? BATCH : most
    failures = then === 'again' ? failures + 1 : 0
    if (failures > 0) await ports.sleep(backoffMs(BACKOFF, failures, ports.chance), signal)
  }
}

const droppedOf = (count: number): string =>
  `${count} wake-ups were dropped, since too many waited; the next sweep finds what they told of`
