import type { Fields, ServiceTelemetry } from './telemetry.ts'

/** One line for people: the time, the message, and what it is about. */
function lineOf(kind: string, message: string, fields: Fields): string {
  const about = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`)
  return `${new Date().toISOString().slice(11, 23)} ${kind}: ${message}${about.join('')}\n`
}

/** Quiet telemetry for one's own machine: alarms, a line each, and nothing else. Metrics are not kept. */
export function readableTelemetry(write: (line: string) => void): ServiceTelemetry {
  return {
    count: () => undefined,
    info: () => undefined,
    alarm: (message, fields) => write(lineOf('alarm', message, fields)),
    flush: () => undefined,
  }
}
