import { commit } from './save.ts'
import { ghostsOf } from '../decision/unsigned-splice.ts'
import { acquireSlot } from './channel-lease.ts'
import { slotKeyOf } from './observe.ts'
import type { Observation } from '../decision/observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import type { Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'
import type { Submitted } from './submit.ts'

/**
 * Has the node clear what an unsigned splice left on the channel: takes the slot, journals that it is asked, and only
 * then asks. What comes of it, the next look shows; the adapter looks once more itself before it touches anything.
 */
export async function clear(
  splice: Splice,
  observation: Observation,
  ports: Ports,
  policy: Policy,
): Promise<Submitted> {
  const { channel, generation } = observation
  const port = ports.nodes.get(splice.node)?.port
  if (port?.clear === undefined || channel === null || splice.anchor === null) return 'driven'
  if (generation.stored !== generation.configured) return 'driven'
  if ((await acquireSlot(slotKeyOf(splice), splice.id, observation.slot, ports.store)) !== 'mine')
    return 'driven'
  const now = ports.clock.now()
  if (now - observation.at > policy.sendWithinMs) return 'driven'
  const started = step(splice, { type: 'clear_started' }, { now, policy })
  const saved = await commit(splice, started.splice, ports, policy)
  if (saved === null) return 'busy'
  const txids = ghostsOf({ splice: saved, observation }) ?? []
  const cleared = await port.clear(
    { channelId: splice.channelId, anchor: splice.anchor, txids },
    ports.call(),
  )
  ports.telemetry.count(cleared.ok ? 'leftover.cleared' : 'leftover.left')
  return 'driven'
}
