export type Entry = {
  readonly name: string
  readonly outcome: 'held' | 'skipped' | 'WRONG'
  /** The splices' outcome, the reason to skip, or what is wrong. */
  readonly why: string
  readonly seconds: number
  /** The duration of the service's longest command, from its tapped calls; null if there were none. */
  readonly commandMs: number | null
}

export type Tried = {
  readonly kind: string
  readonly version: string | null
  readonly nodeId: string
  readonly way: string
  readonly pace: string
}

export interface Report {
  begin(tried: Tried): void
  add(entry: Entry): void
  end(): void
}

/** Prints one line per result as it arrives, or one JSON object at the end. */
export function report(json: boolean, print: (line: string) => void): Report {
  const entries: Entry[] = []
  let tried: Tried | null = null
  return {
    begin(who) {
      tried = who
      if (!json) print(`${who.kind} ${who.version ?? ''} over ${who.way}, pace ${who.pace}, ${who.nodeId}`)
    },
    add(entry) {
      entries.push(entry)
      if (json) return
      const took = entry.outcome === 'skipped' ? '' : ` (${entry.seconds.toFixed(1)} s)`
      print(`${entry.outcome.padEnd(8)}${entry.name}${took}${entry.why === '' ? '' : `: ${entry.why}`}`)
    },
    end() {
      const count = (outcome: Entry['outcome']) => entries.filter((entry) => entry.outcome === outcome).length
      const sums = { held: count('held'), skipped: count('skipped'), wrong: count('WRONG') }
      if (json) print(JSON.stringify({ ...tried, ...sums, entries }, null, 2))
      else print(`${sums.held} held, ${sums.skipped} skipped, ${sums.wrong} wrong`)
    },
  }
}
