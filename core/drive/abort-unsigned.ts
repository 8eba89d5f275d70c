import { saveSplice } from './save.ts'
import { unsignedCandidatesOf } from '../decision/unsigned-splice.ts'
import { acquireLease } from './channel-lease.ts'
import { leaseKeyOf } from './observe.ts'
import type { Observation } from '../decision/observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'
import type { Submitted } from './submit.ts'

/**
 * Asks the node to abort an unsigned splice on the channel: takes the lease, journals the request, and only then sends
 * it. The adapter looks once more itself before it aborts anything, and the next look shows the result.
 */
export async function abortUnsigned(
  splice: Splice,
  observation: Observation,
  ports: Ports,
  policy: Policy,
): Promise<Submitted> {
  const { channel, generation } = observation
  const port = ports.nodes.get(splice.node)?.port
  if (port?.abortUnsigned === undefined || channel === null || splice.submittedOn === null) return 'idle'
  if (generation.stored !== generation.configured) return 'idle'
  if ((await acquireLease(leaseKeyOf(splice), splice.id, observation.lease, ports.store)) !== 'mine') return 'idle'
  const now = ports.clock.now()
  if (now - observation.at > policy.sendWithinMs) return 'idle'
  const started = step(splice, { type: 'abort_started' }, { now, policy })
  const saved = await saveSplice(splice, started.splice, ports, policy)
  if (saved === null) return 'busy'
  const txids = unsignedCandidatesOf({ splice: saved, observation }) ?? []
  const cleared = await port.abortUnsigned(
    { channelId: splice.channelId, submittedOn: splice.submittedOn, txids },
    ports.call(),
  )
  ports.telemetry.count(cleared.ok ? 'abort_unsigned.done' : 'abort_unsigned.failed')
  return 'idle'
}
