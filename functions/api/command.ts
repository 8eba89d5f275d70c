import { untilWritten } from '../../core/ports/update.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import { audit } from './audit.ts'
import type { ApiContext } from './context.ts'
import { Problem, type ProblemCode } from './problem.ts'
import { spliceOf } from './tenancy.ts'

/** A command of a client or an operator on a splice. */
export type Command = {
  readonly name: 'bump' | 'cancel' | 'retry' | 'resolve'
  /** The event to apply to the splice as it is now. null: nothing is left to do. Throws to refuse. */
  readonly eventFor: (splice: Splice) => Promise<SpliceEvent | null> | SpliceEvent | null
  /** The error if the splice's state does not allow the event. */
  readonly impossible: ProblemCode
  /** Details for the audit log, besides the splice. */
  readonly about?: Readonly<Record<string, string>>
}

/** Loads, steps and saves the splice; starts again if another write was faster. Returns the saved splice. */
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
    // Due at once: if the hint is lost, the next sweep drives the splice.
    const saved = await ports.store.save({ ...stepped.splice, dueAt: now, updatedAt: now })
    if (saved === null) return null
    audited.done()
    await ports.queue.hint(id, 0)
    return saved
  })
}

function impossible(command: Command, splice: Splice): Problem {
  const seen = splice.candidates.length > 0 ? ' and its transaction has been seen' : ''
  return new Problem(command.impossible, { detail: `it is ${splice.state}${seen}` })
}
