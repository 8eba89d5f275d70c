import type { Client } from '../client/index.ts'
import type { EventView } from '../functions/api/events.ts'
import { ask, bodyOf } from './ask.ts'
import { command, whole } from './command.ts'
import { connect } from './connection.ts'
import { exits } from './exit.ts'
import type { Io } from './io.ts'
import { print } from './print.ts'
import { printable } from './text.ts'

/** Pause between two polls. */
export const POLL_MS = 2_000
const PAGE = 1_000

/** One page of the event log after a sequence, oldest first. */
export async function eventsAfter(client: Client, io: Io, after: number, limit = PAGE): Promise<readonly EventView[]> {
  const query = { after: String(after), limit: String(limit) }
  const answer = await ask(io, () => client.v1.events.$get({ query }))
  return (await bodyOf(answer)).data
}

const events = command(
  'events',
  'Print the event log, oldest first, one line per event',
  {
    after: { type: 'string', description: 'Only events after this sequence (default 0)' },
    follow: { type: 'boolean', description: 'Keep printing new events until stopped' },
  },
  async (given, io) => {
    const client = connect(given, io)
    let after = whole('--after', given.after ?? '0', 0)
    for (;;) {
      const page = await eventsAfter(client, io, after)
      for (const event of page) print(given, io, event, lineOf)
      after = page.at(-1)?.sequence ?? after
      if (page.length === PAGE) continue
      if (given.follow !== true) return exits.done
      await io.pause(POLL_MS)
    }
  },
)

const WIDEST_TYPE = 22

function lineOf({ sequence, at, type, splice, webhook }: EventView): string {
  const about = splice ?? webhook ?? ''
  return `${printable(`${String(sequence).padStart(6)}  ${at}  ${type.padEnd(WIDEST_TYPE)}  ${about}`).trimEnd()}\n`
}

/** The command for the event log. */
export const eventCommands = [events]
