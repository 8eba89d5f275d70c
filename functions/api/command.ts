import { untilWritten } from '../../core/ports/update.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { audit } from './audit.ts'
import type { ApiContext } from './context.ts'
import { hint } from './hint.ts'
import { Problem } from './problem.ts'
import type { ProblemCode } from './problem.ts'
import { spliceOf } from './tenancy.ts'

/** A client's or an operator's word about a splice. */
export type Command = {
  readonly name: 'bump' | 'cancel' | 'retry' | 'resolve'
  /** The event that the command is, in view of the splice as it stands; null: it is done already. Throws what stands against it. */
  readonly eventFor: (splice: Splice) => Promise<SpliceEvent | null> | SpliceEvent | null
  /** Where the transition table does not list the event. */
  readonly impossible: ProblemCode
  /** What the audit log says of it beside the splice. */
  readonly about?: Readonly<Record<string, string>>
}

/** Loads, steps, saves; again if somebody was faster. Answers the splice as it stands afterwards. */
export async function carryOut(c: ApiContext, id: string, command: Command): Promise<Splice> {
  const { ports, policy } = c.var.deps
  const audited = audit(c, command.name, { splice: id, ...command.about })
  return untilWritten(id, async () => {
    const splice = await spliceOf(ports, c.var.key.tenant, id)
    const event = await command.eventFor(splice)
    if (event === null) return splice
    const now = ports.clock.now()
    const stepped = step(splice, event, { now, policy })
    if (stepped.actions.some((action) => action.type === 'ignored')) throw impossible(command, splice)
    await audited.before()
    // Due at once, so that a hint that gets lost costs one sweep and not the wait that stood before.
    const saved = await ports.store.save({ ...stepped.splice, dueAt: now, updatedAt: now })
    if (saved === null) return null
    audited.done()
    await hint(ports, id)
    return saved
  })
}

function impossible(command: Command, splice: Splice): Problem {
  const seen = splice.candidates.length > 0 ? ', and a transaction of it was seen' : ''
  return new Problem(command.impossible, { detail: `it is ${splice.state}${seen}` })
}
