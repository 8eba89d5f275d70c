import { sweep } from '../core/sweep/sweep.ts'
import { type Invocation, backupAt, policy, ports, within } from './runtime.ts'

/** Runs a sweep on schedule: looks at every node once and drives every splice that is due. */
export async function handler(_event: unknown, invocation: Invocation): Promise<void> {
  await within(invocation, () => sweep(ports, policy, backupAt))
}
