import type { QueueEntry } from '../../core/ports/records.ts'
import { aSpliceId, NOW } from '../values.ts'

/** A place in the queue of a channel, with an effect of its own, entered two minutes ago. */
export function aQueueEntry(overrides: Partial<QueueEntry> = {}): QueueEntry {
  return {
    id: aSpliceId(1),
    tenant: 'acme',
    kind: 'splice_out',
    script: null,
    amountSats: 1_000,
    enteredAt: NOW - 120_000,
    passes: false,
    ...overrides,
  }
}

/** A queue of these splices, none of which lets others pass. */
export function queueOf(...ids: readonly string[]): QueueEntry[] {
  return ids.map((id) => aQueueEntry({ id }))
}
