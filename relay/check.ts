import { deliveredOf } from './delivery.ts'
import { isOver, type RelayPorts } from './ports.ts'
import { postEvents, type Target } from './post.ts'
import type { ProcessPort } from './process.ts'
import { RemoteTime, differenceOf } from './remote-time.ts'
import type { Relay } from './relay.ts'
import type { Source } from './source.ts'

const OPEN_WITHIN_MS = 20_000

/** The result of checking one part of a relay: a line for people, and whether the part works. */
export type Finding = { readonly fine: boolean; readonly line: string }

/**
 * Connects to everything once without reporting events, and describes the node, its process, the service and its clock.
 */
export async function check({ source, process, target }: Relay, ports: RelayPorts): Promise<Finding[]> {
  return [await checkNode(source), await checkProcess(process, ports), ...(await checkService(target, ports))]
}

async function checkNode(source: Source): Promise<Finding> {
  const enough = new AbortController()
  const end = await source.listen(
    {
      opened: () => enough.abort(),
      reported: () => undefined,
      warned: () => undefined,
    },
    AbortSignal.any([enough.signal, AbortSignal.timeout(OPEN_WITHIN_MS)]),
  )
  const opened = isOver(enough.signal)
  return { fine: opened, line: `node: ${source.what}: ${opened ? 'its events arrive' : end.why}` }
}

async function checkProcess(process: ProcessPort, ports: RelayPorts): Promise<Finding> {
  const look = await process.look()
  if (look.type !== 'seen')
    return { fine: look.type === 'hidden', line: `process: ${look.why}; no start will be reported` }
  const started = ports.clock.now() - (ports.sinceBoot() - look.process.startedAt)
  return {
    fine: true,
    line: `process: ${look.process.pid} was started at ${new Date(started).toISOString()} on this machine's clock`,
  }
}

async function checkService(target: Target, ports: RelayPorts): Promise<Finding[]> {
  const time = new RemoteTime()
  const sentAt = ports.sinceBoot()
  // A signed request without events: with the right key the service refuses its content, with a wrong one its
  // signature.
  const answer = await postEvents(target, [], ports.clock.now(), AbortSignal.timeout(OPEN_WITHIN_MS))
  if (answer.code !== null) time.note({ sentAt, receivedAt: ports.sinceBoot(), date: answer.date })
  const aheadMs = time.aheadMs(ports.clock.now(), ports.sinceBoot())
  const known = answer.status === 400 && answer.code === 'invalid_request'
  const service = known
    ? { fine: true, line: `service: accepts our signature for ${target.node}` }
    : { fine: false, line: `service: ${deliveredOf(answer, target, aheadMs).why}` }
  if (aheadMs === null) return [service]
  const { unsure } = unsureOf(time, ports)
  return [service, { fine: unsure === null, line: `clock: ${unsure ?? `this machine's is ${differenceOf(aheadMs)}`}` }]
}

function unsureOf(time: RemoteTime, ports: RelayPorts): { readonly unsure: string | null } {
  const dated = time.dated(ports.sinceBoot(), ports.clock.now(), ports.sinceBoot())
  return { unsure: typeof dated === 'number' ? null : `${dated.unsure}: no start would be reported` }
}
