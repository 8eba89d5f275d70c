import type { Telemetry } from '../../core/ports/ports.ts'

/** Telemetry that collects metrics until the invocation ends. */
export type ServiceTelemetry = Telemetry & { flush(): void }

export type Fields = Parameters<Telemetry['info']>[1]

/**
 * The parts of an error that are safe to log: its kind and its place. Its message may hold anything,
 * credentials included.
 */
export function errorFields(error: unknown): { readonly error: string; readonly at: string } {
  if (!(error instanceof Error)) return { error: typeof error, at: '' }
  const frame = (error.stack ?? '').split('\n').find((line) => line.startsWith('    at ')) ?? ''
  return { error: error.name, at: frame.trim() }
}
