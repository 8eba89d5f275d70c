import * as z from 'zod'
import type { JournalEntry } from '../simulator/world/world.ts'
import { RelayEvent } from '../core/nodes/relay-event.ts'
import { postEvents } from '../relay/post.ts'
import { jsonIn, writeWhole } from './files.ts'
import type { LiveWorld } from './live-world.ts'
import { startLoop, type Loop } from './loop.ts'

const LOOK_MS = 50
const EVENTS_MAX = 100

/** The relay's progress: the serial of the last reported journal entry. */
const Reported = z.object({ serial: z.int().nonnegative() })

/** Where the relay reports to, and with which key. */
export type RelayOptions = {
  readonly live: LiveWorld
  readonly api: string
  readonly relayKey: string
  /** The file that stores its progress. */
  readonly path: string
}

/**
 * The relay beside the simulated node. It posts process starts and events, signed and in order, and retries
 * until they are accepted. After being killed it continues from the world's journal, which holds more than a
 * node streams. `npm run relay` is the relay for real nodes.
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

/** The next entries to report, oldest first. Searched from the end because nearly all are already reported. */
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
  if (status !== 202) throw new Error(`the service answered the relay's events with HTTP ${String(status)}`)
}
