import type { Ports } from '../../core/ports/ports.ts'

/** Sends a splice to the work queue. A failure is only counted: the sweep finds every splice that is due. */
export async function hint(ports: Ports, spliceId: string): Promise<void> {
  try {
    await ports.queue.hint(spliceId, 0)
  } catch {
    ports.telemetry.count('api_hint_failed')
  }
}
