import type { Chance, Clock } from '../core/ports/ports.ts'

/** What would make the relay hard to test: time, chance, and what it says. */
export type RelayPorts = {
  /** This machine's clock: what requests are signed with. */
  readonly clock: Clock
  /** Milliseconds since the machine was started, sleep included; never set, unlike a clock. */
  readonly sinceBoot: () => number
  readonly chance: Chance
  /** Waits; an aborted signal ends it early. Never throws. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Says a line to the operator. Nothing secret, and no words of a server. */
  readonly say: (line: string) => void
}

/** Whether a signal has ended: asked anew after every wait. */
export const isOver = (signal: AbortSignal): boolean => signal.aborted

/** What the relay has something to say about. */
export type Topic = 'node' | 'peers' | 'process' | 'service' | 'queue'

/** Says how something stands, once until it stands otherwise. */
export type Notice = (topic: Topic, text: string) => void

/** Notices over a `say`: what is tried again and again is said once. */
export function noticesOver(say: (line: string) => void): Notice {
  const last = new Map<Topic, string>()
  return (topic, text) => {
    if (last.get(topic) === text) return
    last.set(topic, text)
    say(`${topic}: ${text}`)
  }
}
