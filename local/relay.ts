import * as z from 'zod'
import type { JournalEntry } from '../simulator/world/world.ts'
import { RelayEvent } from '../core/nodes/relay-event.ts'
import { postEvents } from '../relay/post.ts'
import { jsonIn, writeWhole } from './files.ts'
import type { LiveWorld } from './live-world.ts'
import type { Loop } from './loop.ts'
import { startLoop } from './loop.ts'

const LOOK_MS = 50
const EVENTS_MAX = 100

/** How far the relay has reported: the serial of a line in the world's journal. */
const Reported = z.object({ serial: z.int().nonnegative() })

/** What a relay reports to, and with which key. */
export type RelayOptions = {
  readonly live: LiveWorld
  readonly api: string
  readonly relayKey: string
  /** Where it keeps how far it has come. */
  readonly path: string
}

/**
 * The relay beside the simulated node: posts the start of its process and its events, signed, in order, and again until
 * they are taken. What it has not reported when it is killed it finds again in the world's journal, where it reads more than
 * a node streams; `npm run relay` is the one for real nodes.
 */
export function startRelay(options: RelayOptions, failed: (error: unknown) => void): Loop {
  const { node, world } = options.live
  let reported = jsonIn(options.path, Reported)?.serial ?? 0
  let greeted = false
  return startLoop(
    LOOK_MS,
    async (signal) => {
      if (!greeted) {
        const at = node.processStartedAt
        await post(options, [{ id: `${node.name}-process-${at}`, type: 'process_started', at }], signal)
        greeted = true
      }
      const { entries } = world.journal
      const next = unreported(entries, node.name, reported)
      const last = next.at(-1)
      if (last === undefined) {
        reported = entries.at(-1)?.serial ?? reported
        return false
      }
      await post(options, next.map(eventOf), signal)
      reported = last.serial
      writeWhole(options.path, JSON.stringify({ serial: reported }))
      return true
    },
    failed,
  )
}

/** The next lines to report, oldest first: found from the end, since nearly all are reported. */
function unreported(entries: readonly JournalEntry[], node: string, reported: number): JournalEntry[] {
  const first = entries.findLastIndex((entry) => entry.serial <= reported) + 1
  return entries
    .slice(first)
    .filter((entry) => entry.type === 'relay_event' && entry.node === node)
    .slice(0, EVENTS_MAX)
}

function eventOf({ at, channelId, txid, detail }: JournalEntry): RelayEvent {
  return RelayEvent.parse({
    id: detail['id'],
    type: detail['type'],
    at,
    ...(channelId === null ? {} : { channelId }),
    ...(txid === null ? {} : { txid }),
    ...(detail['reason'] === null ? {} : { reason: detail['reason'] }),
  })
}

async function post(
  { live, api, relayKey }: RelayOptions,
  events: readonly RelayEvent[],
  signal: AbortSignal,
): Promise<void> {
  const target = { serviceUrl: api, node: live.node.name, relayKey }
  const { status } = await postEvents(target, events, Date.now(), signal)
  if (status !== 202) throw new Error(`the relay's events are answered with HTTP ${String(status)}`)
}
