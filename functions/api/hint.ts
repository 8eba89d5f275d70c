import type { Ports } from '../../core/ports/ports.ts'

/** Wakes the work on a splice. A failure is counted and goes no further: the table is the truth, the sweep finds it. */
export async function hint(ports: Ports, spliceId: string): Promise<void> {
  try {
    await ports.queue.hint(spliceId, 0)
  } catch {
    ports.telemetry.count('api_hint_failed')
  }
}
