import { updateSplice } from './save.ts'
import type { SpliceEvent } from '../splice/event.ts'
import type { Policy } from '../splice/policy.ts'
import type { CommandAnswer, Journal, Ports } from '../ports/ports.ts'
import { broadcastSigned, keepSigned } from './rebroadcast.ts'
import type { Attempt, CommandResult, Splice } from '../splice/splice.ts'
import { step as apply } from '../splice/step.ts'
import { pauseNode } from '../nodes/node-state.ts'

/** A journalled attempt, the command to send for it, and the event that attaches its answer. */
export type Sending = {
  readonly splice: Splice
  readonly attempt: Attempt
  readonly command: (journal: Journal) => Promise<CommandAnswer>
  readonly answered: (result: CommandResult, jitter: number) => SpliceEvent
}

/**
 * Sends the command of a journalled attempt and attaches its answer. The order is always: journal, act,
 * prove. If journalling took too long, nothing is sent: the fence counts from the time with which the request
 * is signed. Returns the splice as saved with the answer.
 */
export async function send(sending: Sending, ports: Ports, policy: Policy): Promise<Splice | null> {
  const { splice, attempt } = sending
  const latest = { splice }
  const late = ports.clock.now() - attempt.startedAt > policy.sendWithinMs
  const { hex, ...result }: CommandAnswer = late
    ? { type: 'refused', class: 'not_now', message: 'not sent: journalling took too long' }
    : await safely(() => sending.command(journalOf(attempt, latest, ports, policy)))
  const signed = hex === undefined || result.type !== 'taken' ? null : hex
  if (signed !== null) await keepSigned(signed, ports)
  const event = sending.answered(result, ports.chance.fraction())
  const answered = await updateSplice(
    latest.splice,
    (stored) => apply(stored, event, { now: ports.clock.now(), policy }),
    ports,
    policy,
  )
  for (const action of answered?.actions ?? []) {
    if (action.type === 'pause_node') await pauseNode(splice.node, action.message, ports)
  }
  if (signed !== null) await broadcastSigned(splice.node, signed, ports)
  return answered?.splice ?? null
}

/**
 * Journals each step of an attempt into the stored splice, which is read anew each time. A step that is
 * already journalled is not written again. Returns whether the adapter may go on: not if the attempt has been
 * proven not executed since, nor if the write is not certain. `latest` is the splice as last saved.
 */
function journalOf(attempt: Attempt, latest: { splice: Splice }, ports: Ports, policy: Policy): Journal {
  const { id } = latest.splice
  return async (step) => {
    const event: SpliceEvent = { type: 'attempt_stepped', id: attempt.id, ...step }
    const context = () => ({ now: ports.clock.now(), policy })
    try {
      const stepped = await updateSplice(id, (stored) => apply(stored, event, context()), ports, policy)
      if (stepped !== null) latest.splice = stepped.splice
      return stepped?.actions.length === 0
    } catch {
      return false
    }
  }
}

async function safely(command: () => Promise<CommandAnswer>): Promise<CommandAnswer> {
  try {
    return await command()
  } catch {
    // A port must not throw here. If it does, the outcome of the request is unknown.
    return { type: 'unknown', message: 'the adapter failed' }
  }
}
