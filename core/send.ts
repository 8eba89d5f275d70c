import { amend } from './commit.ts'
import type { SpliceEvent } from './event.ts'
import type { Policy } from './policy.ts'
import type { Ports } from './ports.ts'
import type { Attempt, CommandResult, Splice } from './splice.ts'
import { step } from './step.ts'
import { pauseNode } from './survey.ts'

/** What is sent for a journalled attempt, and the event that attaches its answer. */
export type Sending = {
  readonly splice: Splice
  readonly attempt: Attempt
  readonly command: () => Promise<CommandResult>
  readonly answered: (result: CommandResult, jitter: number) => SpliceEvent
}

/**
 * Sends what was journalled, and attaches whatever is known of the answer: design section 2, "journal, then act, then
 * prove". What took too long to journal is not sent (gate 1). Answers the splice as it stands afterwards.
 */
export async function send(sending: Sending, ports: Ports, policy: Policy): Promise<Splice | null> {
  const { splice, attempt } = sending
  const late = ports.clock.now() - attempt.startedAt > policy.sendWithinMs
  const result: CommandResult = late
    ? { type: 'refused', class: 'not_now', message: 'not sent: journalling took too long' }
    : await safely(sending.command)
  const event = sending.answered(result, ports.chance.fraction())
  const answered = await amend(
    splice.id,
    (stored) => step(stored, event, { now: ports.clock.now(), policy }),
    ports,
    policy,
  )
  for (const action of answered?.actions ?? []) {
    if (action.type === 'pause_node') await pauseNode(splice.node, action.message, ports)
  }
  return answered?.splice ?? null
}

async function safely(command: () => Promise<CommandResult>): Promise<CommandResult> {
  try {
    return await command()
  } catch {
    // A port must not throw here; if one does, nothing is known of the request.
    return { type: 'unknown', message: 'the adapter failed' }
  }
}
