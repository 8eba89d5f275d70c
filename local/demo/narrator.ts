import type { JournalEntry } from '../../simulator/world/world.ts'

/** The journal entries that tell the story; the others are internal. */
const TOLD: ReadonlySet<JournalEntry['type']> = new Set([
  'request_received',
  'request_executed',
  'contribution_queued',
  'contribution_lost',
  'candidate_signed',
  'candidate_broadcast',
  'promoted',
  'process_started',
  'peer_connected',
  'peer_disconnected',
])
/** The details worth printing. */
const SHOWN = ['method', 'amountSats', 'outcome', 'fault', 'why', 'waitsFor', 'reason', 'valueSats']

/** A step of the story that neither the node's journal nor the API confirms. */
export class NotConfirmed extends Error {
  override readonly name = 'NotConfirmed'
}

/** Prints a timeline. */
export class Narrator {
  readonly #startedAt = Date.now()
  readonly #channels: readonly string[]
  readonly #print: (line: string) => void
  #lastSerial = 0
  confirmed = 0

  constructor(channels: readonly string[], print: (line: string) => void) {
    this.#channels = channels
    this.#print = print
  }

  chapter(title: string): void {
    this.#print(`\n${title}`)
  }

  says(text: string): void {
    this.#print(`${this.#time(Date.now())}  ${text}`)
  }

  /** Prints the new entries of the world's journal. */
  journal(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (entry.serial <= this.#lastSerial) continue
      this.#lastSerial = entry.serial
      if (TOLD.has(entry.type)) this.#print(`${this.#time(entry.at)}    journal #${this.#lineOf(entry)}`)
    }
  }

  /** Prints a claim of the story if it holds. Throws NotConfirmed if it does not. */
  confirm(claim: string, holds: boolean): void {
    if (!holds) throw new NotConfirmed(claim)
    this.confirmed += 1
    this.#print(`            ✓ ${claim}`)
  }

  get seconds(): number {
    return (Date.now() - this.#startedAt) / 1000
  }

  #lineOf({ serial, type, channelId, txid, detail }: JournalEntry): string {
    const number = channelId === null ? 0 : this.#channels.indexOf(channelId) + 1
    const about = SHOWN.flatMap((name) => {
      const value = detail[name]
      return value === undefined || value === null ? [] : [` ${name} ${String(value)}`]
    })
    const place = number === 0 ? '' : ` channel ${number}`
    return `${serial} ${type}${place}${txid === null ? '' : ` ${txid.slice(0, 12)}…`}${about.join('')}`
  }

  #time(at: number): string {
    return `${((at - this.#startedAt) / 1000).toFixed(1).padStart(6)} s`
  }
}
