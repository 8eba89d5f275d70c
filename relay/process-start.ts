import { createHash } from 'node:crypto'
import { isOver, type Notice, type RelayPorts } from './ports.ts'
import type { Outbox } from './outbox.ts'
import { askHealth, type Target } from './post.ts'
import type { ProcessPort, SeenProcess } from './process.ts'
import type { RemoteTime } from './remote-time.ts'
import type { Link } from './subscription.ts'

const LOOK_MS = 1_000
/** The maximum age of the service's last reported time. */
const TIME_MAX_AGE_MS = 60_000
/** The number of looks after which a process younger than our connection is no longer a race. */
const CONTRADICTIONS = 5

/** The id of a start: the same however often it is reported, different for every start. */
export function startId(node: string, { bootId, pid, startTicks }: SeenProcess): string {
  return createHash('sha256').update([node, bootId, pid, startTicks].join('\n')).digest('hex')
}

/** The parts that the process watch uses. */
export type ProcessWatch = {
  readonly process: ProcessPort
  readonly link: Link
  readonly outbox: Outbox
  readonly target: Target
  readonly time: RemoteTime
}

/**
 * Watches for starts of the node's process and puts each into the outbox once, dated on the service's clock,
 * until the signal ends. A start proves that everything the node held only in memory is gone, so it is
 * reported only when certain: exactly one process, older than our connection to the node, on clocks that
 * agree. Otherwise the operator is told the reason.
 */
export async function watchProcess(
  watch: ProcessWatch,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> {
  const reported = new Set<string>()
  let contradictions = 0
  while (!isOver(signal)) {
    const look = await watch.process.look()
    const { openedAt } = watch.link
    if (look.type === 'hidden') return notice('process', `${look.why}; no start will be reported`)
    if (look.type !== 'seen') notice('process', `${look.why}; no start will be reported`)
    else if (!reported.has(startId(watch.target.node, look.process))) {
      const isYounger = openedAt !== null && look.process.startedAt > openedAt
      contradictions = isYounger ? contradictions + 1 : 0
      if (openedAt !== null && !isYounger) await reportStart(watch, look.process, reported, ports, notice, signal)
      else if (openedAt === null) notice('process', `${look.process.pid} is running; waiting for the node to answer`)
      else if (contradictions >= CONTRADICTIONS)
        notice(
          'process',
          `${look.process.pid} is younger than our connection to the node, so it is not the node's process; not reported`,
        )
    }
    await ports.sleep(LOOK_MS, signal)
  }
}

async function reportStart(
  { outbox, target, time }: ProcessWatch,
  seen: SeenProcess,
  reported: Set<string>,
  ports: RelayPorts,
  notice: Notice,
  signal: AbortSignal,
): Promise<void> {
  const sentAt = ports.sinceBoot()
  if (time.sampledAt === null || sentAt - time.sampledAt > TIME_MAX_AGE_MS) {
    const { status, date } = await askHealth(target, signal)
    if (isOver(signal)) return
    if (status !== 200) return notice('process', `${seen.pid} is running; waiting for the service to report its time`)
    time.note({ sentAt, receivedAt: ports.sinceBoot(), date })
  }
  const at = time.dated(seen.startedAt, ports.clock.now(), ports.sinceBoot())
  if (typeof at !== 'number')
    return notice('process', `${seen.pid} is running, but ${at.unsure}; its start is not reported`)
  const id = startId(target.node, seen)
  reported.add(id)
  outbox.add({ id, type: 'process_started', at })
  notice('process', `${seen.pid} was started at ${new Date(at).toISOString()}`)
}
