import type { Chance, Clock } from '../core/ports/ports.ts'

/** The relay's access to time, chance and output, replaceable in tests. */
export type RelayPorts = {
  /** This machine's clock; requests are signed with it. */
  readonly clock: Clock
  /** Milliseconds since boot, sleep included. Unlike a clock it is never set. */
  readonly sinceBoot: () => number
  readonly chance: Chance
  /** Waits; an aborted signal ends it early. Never throws. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Prints a line for the operator: nothing secret, and nothing quoted from a server. */
  readonly say: (line: string) => void
}

/** Whether a signal has ended. A function, because the answer may change during any wait. */
export const isOver = (signal: AbortSignal): boolean => signal.aborted

/** The topics of the relay's notices. */
export type Topic = 'node' | 'peers' | 'process' | 'service' | 'queue'

/** Reports the state of a topic, once until it changes. */
export type Notice = (topic: Topic, text: string) => void

/** Notices on top of a `say`: repeated tries with the same outcome are reported once. */
export function noticesOver(say: (line: string) => void): Notice {
  const last = new Map<Topic, string>()
  return (topic, text) => {
    if (last.get(topic) === text) return
    last.set(topic, text)
    say(`${topic}: ${text}`)
  }
}
