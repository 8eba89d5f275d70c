import { createHash } from 'node:crypto'
import { isOver } from './ports.ts'
import type { Notice, RelayPorts } from './ports.ts'
import type { Outbox } from './outbox.ts'
import { askHealth } from './post.ts'
import type { Target } from './post.ts'
import type { ProcessPort, SeenProcess } from './process.ts'
import type { RemoteTime } from './remote-time.ts'
import type { Link } from './subscription.ts'

const LOOK_MS = 1_000
/** How old the service's last word on its time may be. */
const TIME_MAX_AGE_MS = 60_000
/** Looks after which "our connection is older than this process" is no race any more. */
const CONTRADICTIONS = 5

/** The id of a start: the same whoever tells it how often, another for every start. */
export function startId(node: string, { bootId, pid, startTicks }: SeenProcess): string {
  return createHash('sha256').update([node, bootId, pid, startTicks].join('\n')).digest('hex')
}

/** What the watch on the process works with. */
export type ProcessWatch = {
  readonly process: ProcessPort
  readonly link: Link
  readonly outbox: Outbox
  readonly target: Target
  readonly time: RemoteTime
}

/**
 * Looks for starts of the node's process and puts each into the outbox once, dated on the service's clock, until the signal
 * ends. A start proves that what the node held in memory is gone (design section 6), so it is told only if it is
 * certain: one process, older than our connection to the node, on clocks that agree. Else it is said why not.
 */
export async function watchProcess(
  watch: ProcessWatch,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<string>()
  let contradictions = 0
  while (!isOver(signal)) {
    const look = await watch.process.look()
    const { openedAt } = watch.link
    if (look.type === 'hidden') return notice('process', `${look.why}; no start is reported`)
    if (look.type !== 'seen') notice('process', `${look.why}; no start is reported`)
    else if (!told.has(startId(watch.target.node, look.process))) {
      const isYounger = openedAt !== null && look.process.startedAt > openedAt
      contradictions = isYounger ? contradictions + 1 : 0
      if (openedAt !== null && !isYounger) await tell(watch, look.process, told, ports, notice, signal)
      else if (openedAt === null)
        notice('process', `${look.process.pid} runs; waiting for the node to answer`)
      else if (contradictions >= CONTRADICTIONS)
        notice(
          'process',
          `${look.process.pid} is younger than our connection to the node: not the node's; not reported`,
        )
    }
    await ports.sleep(LOOK_MS, signal)
  }
}

async function tell(
  { outbox, target, time }: ProcessWatch,
  seen: SeenProcess,
  told: Set<string>,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> {
  const sentAt = ports.sinceBoot()
  if (time.sampledAt === null || sentAt - time.sampledAt > TIME_MAX_AGE_MS) {
    const { status, date } = await askHealth(target, signal)
    if (isOver(signal)) return
    if (status !== 200) return notice('process', `${seen.pid} runs; waiting for the service to tell its time`)
    time.note({ sentAt, receivedAt: ports.sinceBoot(), date })
  }
  const at = time.dated(seen.startedAt, ports.clock.now(), ports.sinceBoot())
  if (typeof at !== 'number')
    return notice('process', `${seen.pid} runs, but ${at.unsure}; its start is not reported`)
  const id = startId(target.node, seen)
  told.add(id)
  outbox.add({ id, type: 'process_started', at })
  notice('process', `${seen.pid} was started at ${new Date(at).toISOString()}`)
}
