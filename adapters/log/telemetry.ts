import type { Telemetry } from '../../core/ports/ports.ts'

/** Telemetry that gathers what it counts until the end of an invocation. */
export type ServiceTelemetry = Telemetry & { flush(): void }

export type Fields = Parameters<Telemetry['info']>[1]

/** What may be told of an error: its kind and its place. Its message may hold anything, credentials too. */
export function errorFields(error: unknown): { readonly error: string; readonly at: string } {
  if (!(error instanceof Error)) return { error: typeof error, at: '' }
  const frame = (error.stack ?? '').split('\n').find((line) => line.startsWith('    at ')) ?? ''
  return { error: error.name, at: frame.trim() }
}
