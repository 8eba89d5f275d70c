import type { Replacement } from '../decision/fee-bump-gates.ts'
import { saveSplice } from './save.ts'
import { leaseKeyOf } from './observe.ts'
import type { Observation } from '../decision/observation.ts'
import type { Policy } from '../splice/policy.ts'
import type { Journal, Ports } from '../ports/ports.ts'
import { send } from './send.ts'
import { balanceSignalsOf } from '../decision/balance-signals.ts'
import type { Attempt, Candidate, Splice } from '../splice/splice.ts'
import { step } from '../splice/step.ts'
import { requestOf, type Submitted } from './submit.ts'

/**
 * Asks the node to replace the pending candidate, once every gate of the open bump is open: reads the lease
 * again, journals the attempt with a conditional write, and only then sends the command.
 */
export async function submitFeeBump(
  splice: Splice,
  observation: Observation,
  { candidate, feeRateSatPerKw }: Replacement,
  ports: Ports,
  policy: Policy,
): Promise<Submitted> {
  const configured = ports.nodes.get(splice.node)
  if (configured === undefined) return 'idle'
  if (!(await maySend(splice, observation, ports))) return 'idle'
  // The look behind the gates must be fresh when the attempt is journalled; after slow reads, look again.
  if (ports.clock.now() - observation.at > policy.sendWithinMs) {
    await ports.queue.hint(splice.id, 0)
    return 'idle'
  }
  const journalled = await journal(splice, candidate, observation, ports, policy)
  if (journalled === null) return 'busy'
  const request = { ...requestOf(journalled.splice, journalled.attempt, feeRateSatPerKw), txid: candidate.txid }
  const { id } = journalled.attempt
  const command = (journal: Journal) => configured.port.bump(request, ports.call('command'), journal)
  await send(
    { ...journalled, command, answered: (result, jitter) => ({ type: 'bump_answered', id, result, jitter }) },
    ports,
    policy,
  )
  return 'submitted'
}

/**
 * Gate `lease`: by a consistent read the lease is ours and not frozen, and the table's generation is the
 * configured one.
 */
async function maySend(splice: Splice, { generation }: Observation, ports: Ports): Promise<boolean> {
  if (generation.stored !== generation.configured) return false
  const lease = (await ports.store.item('lease', leaseKeyOf(splice)))?.value
  return lease?.holder === splice.id && lease.frozen === null
}

async function journal(
  splice: Splice,
  { spends }: Candidate,
  { node, channel }: Observation,
  ports: Ports,
  policy: Policy,
): Promise<{ splice: Splice; attempt: Attempt } | null> {
  if (node === null || channel === null) return null
  const id = ports.chance.id()
  const { fenceMs } = node.capabilities
  const started = step(
    splice,
    { type: 'bump_started', id, submittedOn: spends, fenceMs, baseline: balanceSignalsOf(channel) },
    { now: ports.clock.now(), policy },
  )
  const saved = await saveSplice(splice, started.splice, ports, policy)
  const attempt = saved?.bumps.flatMap(({ attempts }) => attempts).find((candidate) => candidate.id === id)
  return saved === null || attempt === undefined ? null : { splice: saved, attempt }
}
