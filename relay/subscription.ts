import { backoffMs } from './backoff.ts'
import { isOver, type Notice, type RelayPorts } from './ports.ts'
import type { Source, SourceEnd, ReportedEvent } from './source.ts'

const BACKOFF = { baseMs: 500, capMs: 30_000 }
/** A connection that is not open within this time is given up. */
const OPEN_WITHIN_MS = 20_000
/** A stream that lasted this long did not fail: the next wait is short again. */
const STEADY_MS = 30_000

/** Whether the node's events arrive, and since when. */
export type Link = {
  /** Milliseconds since boot; null: no subscription. */
  openedAt: number | null
}

/** A source and the receivers of its events. */
export type Subscription = {
  readonly source: Source
  readonly link: Link
  readonly reported: (event: ReportedEvent) => void
}

/** Subscribes repeatedly, with growing pauses, until the signal ends. */
export async function subscribe(
  subscription: Subscription,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> {
  const { source, link } = subscription
  let failures = 0
  while (!isOver(signal)) {
    const since = ports.sinceBoot()
    const { end, opened } = await listenOnce(subscription, ports, notice, signal)
    link.openedAt = null
    if (isOver(signal)) return
    const steady = opened && ports.sinceBoot() - since >= STEADY_MS
    failures = steady ? 1 : failures + 1
    notice('node', `${source.what}: ${end.why}${end.needsOperator ? ' (needs your attention)' : ''}; trying again`)
    await ports.sleep(backoffMs(BACKOFF, failures, ports.chance), signal)
  }
}

async function listenOnce(
  { source, link, reported }: Subscription,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<{ readonly end: SourceEnd; readonly opened: boolean }> {
  const late = new AbortController()
  const over = new AbortController()
  let opened = false
  void ports.sleep(OPEN_WITHIN_MS, AbortSignal.any([signal, over.signal])).then(() => {
    if (!opened) late.abort()
  })
  const end = await source.listen(
    {
      opened() {
        opened = true
        over.abort()
        link.openedAt = ports.sinceBoot()
        notice('node', `${source.what}: its events arrive`)
      },
      reported,
      warned: (why) => notice('peers', why),
    },
    AbortSignal.any([signal, late.signal]),
  )
  over.abort()
  return { end, opened }
}
