import { MemoryStoreFault } from '../../adapters/store/memory.ts'
import { Died } from '../../harness/killer.ts'

/** What a change says that lost every one of its races: the caller asks again. */
const CONTENDED = 'the splice is contended'
/** What an injected fault says, or is called: of the store, or the death of a process. */
const INJECTED = /on request \d+ \(\w+\)|^MemoryStoreFault$|^Died$|the process died/

/** Names of errors that mean a broken assertion or a slip of the program, wherever they come from. */
const BROKEN: readonly string[] = ['AssertionError', 'StoreAssertion', 'ZodError', 'TypeError', 'RangeError']

/** Whether an error's message tells of a fault that the simulation made, or of a race that was lost. */
export function isInjected(message: string): boolean {
  return INJECTED.test(message) || message.includes(CONTENDED)
}

/** Whether an error that ended a handler is explained by what the simulation did to it. */
export function isExcused(error: unknown): boolean {
  return (
    error instanceof MemoryStoreFault || error instanceof Died || (error instanceof Error && isInjected(error.message))
  )
}

/** Whether an error can never be an answer to a client, or of a world that does not allow something now. */
export function isBroken(error: unknown): boolean {
  return !(error instanceof Error) || BROKEN.includes(error.name)
}
