import type { Fields, ServiceTelemetry } from './telemetry.ts'

/** One line for people: time, message and fields. */
function lineOf(kind: string, message: string, fields: Fields): string {
  const about = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`)
  return `${new Date().toISOString().slice(11, 23)} ${kind}: ${message}${about.join('')}\n`
}

/** Telemetry for a developer's machine: prints one line per alarm, and keeps no metrics. */
export function readableTelemetry(write: (line: string) => void): ServiceTelemetry {
  return {
    count: () => undefined,
    info: () => undefined,
    alarm: (message, fields) => write(lineOf('alarm', message, fields)),
    flush: () => undefined,
  }
}
