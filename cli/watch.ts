import type { Client } from '../client/index.ts'
import type { SpliceView } from '../functions/api/splice-view.ts'
import { ask, bodyOf } from './ask.ts'
import { POLL_MS, eventsAfter } from './events.ts'
import { exitOf, exits, type Exit } from './exit.ts'
import type { Io } from './io.ts'
import { spliceLine } from './splice-text.ts'

/** Splices read per poll in addition to those with an event, which bounds the cost of watching many splices. */
const READS_A_POLL = 10
const FOLLOWED_MAX = 200
const LIVE_PAGES_MAX = 5

const ended = ({ status }: SpliceView): boolean => status === 'settled' || status === 'failed' || status === 'cancelled'

type Watched = { splice: SpliceView; line: string }

/**
 * Follows splices until all have ended or need attention; without ids, follows all live and new ones forever.
 * Prints a line per change (with --json, the splice); a terminal shows one line per splice, updated in place.
 * Returns the worst exit code.
 */
export async function follow(
  client: Client,
  io: Io,
  { json = false }: { readonly json?: boolean | undefined },
  ids: readonly string[],
): Promise<Exit> {
  const watched = new Map<string, Watched>()
  const screen = screenOf(io, json)
  let after = await lastSequence(client, io)
  const first = ids.length > 0 ? ids : await liveIds(client, io)
  for (const id of first) await take(await read(client, io, id))

  async function take(splice: SpliceView): Promise<void> {
    const line = spliceLine(splice)
    const before = watched.get(splice.id)
    // Move it to the end: the splice read longest ago is read first.
    watched.delete(splice.id)
    watched.set(splice.id, { splice, line })
    if (before?.line !== line) screen.changed(splice, line, watched)
  }

  for (;;) {
    const open = [...watched.values()].filter(({ splice }) => !rests(splice))
    if (ids.length > 0 && open.length === 0) return worst([...watched.values()])
    await io.pause(POLL_MS)
    const events = await eventsAfter(client, io, after)
    after = events.at(-1)?.sequence ?? after
    const changed = new Set(
      events
        .flatMap(({ splice }) => (splice === null ? [] : [splice]))
        .filter((id) => watched.has(id) || (ids.length === 0 && watched.size < FOLLOWED_MAX)),
    )
    const stale = open.slice(0, READS_A_POLL).map(({ splice }) => splice.id)
    for (const id of new Set([...changed, ...stale])) await take(await read(client, io, id))
    if (ids.length === 0) forget(watched)
  }
}

/** Nothing more happens by itself: it has ended or needs attention. */
function rests(splice: SpliceView): boolean {
  return ended(splice) || splice.status === 'needs_attention'
}

function worst(watched: readonly Watched[]): Exit {
  const found = watched.map(({ splice }) => exitOf(splice))
  return found.find((exit) => exit === exits.attention) ?? found.find((exit) => exit !== 0) ?? exits.done
}

/** Drops all but a few of the ended splices. */
function forget(watched: Map<string, Watched>): void {
  for (const [id, { splice }] of watched) if (watched.size > FOLLOWED_MAX / 2 && ended(splice)) watched.delete(id)
}

async function read(client: Client, io: Io, id: string): Promise<SpliceView> {
  const answer = await ask(io, () => client.v1.splices[':id'].$get({ param: { id } }))
  return bodyOf(answer)
}

/** The last sequence of the event log. The log has no gaps, so doubling and halving finds its end in a few requests. */
async function lastSequence(client: Client, io: Io): Promise<number> {
  const isBefore = async (sequence: number): Promise<boolean> => (await eventsAfter(client, io, sequence, 1)).length > 0
  let low = -1
  let high = 0
  while (await isBefore(high)) {
    low = high
    high = high * 2 + 1
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (await isBefore(middle)) low = middle
    else high = middle
  }
  return high
}

async function liveIds(client: Client, io: Io): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  for (let page = 0; page < LIVE_PAGES_MAX; page += 1) {
    const query: { limit: string; status: 'live'; cursor?: string } = {
      limit: '100',
      status: 'live',
      ...(cursor === null ? {} : { cursor }),
    }
    const answer = await ask(io, () => client.v1.splices.$get({ query }))
    const body: { data: SpliceView[]; cursor: string | null } = await bodyOf(answer)
    ids.push(...body.data.map(({ id }) => id))
    cursor = body.cursor
    if (cursor === null) break
  }
  return ids.slice(0, FOLLOWED_MAX)
}

/** Shows changes: one line after the other, or all lines redrawn. */
function screenOf(io: Io, json: boolean) {
  let drawn = 0
  return {
    changed(splice: SpliceView, line: string, watched: ReadonlyMap<string, Watched>): void {
      if (json) return io.out(`${JSON.stringify(splice)}\n`)
      if (!io.isTerminal) return io.out(`${line}\n`)
      const lines = [...watched.values()]
        .toSorted((a, b) => (a.splice.createdAt < b.splice.createdAt ? -1 : 1))
        .map((each) => `\u001b[2K${each.line}\n`)
      io.out(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${lines.join('')}\u001b[J`)
      drawn = lines.length
    },
  }
}
