import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../local/until.ts'
import { withProduct, type LocalRun } from '../product/local-run.ts'

const AMOUNT_SATS = 50_000
const REFUSAL_MS = 10_000
/** `simulationPolicy.backoffBaseMs`, and a little more: the first refusal backs off for no longer. */
const BACKOFF_MS = 1_200
const RESUBMISSION_MS = 90_000
const JOURNAL_LINES = 200
/** So rarely that no sweep finds what the relay's event wakes: the first one is before the measure. */
const NO_SWEEP_SECONDS = '3600'

/** From the instant the last gate opened to the second request at the node, in milliseconds; one of each splice. */
export type RelayLags = {
  /** A peer that was away is connected again. */
  readonly peerReturned: readonly number[]
  /** The node's process started anew, and its peer came back to it. */
  readonly nodeRestarted: readonly number[]
}

/**
 * The local product in real time: world, relay, HTTP, queues and workers are all there, sweeps are not. A splice was
 * refused once and its backoff has passed; its peer is the last gate that is shut.
 */
export async function relayLags(times: number): Promise<RelayLags> {
  const environment = { CHANNELS: String(2 * times), SWEEP_SECONDS: NO_SWEEP_SECONDS, BLOCK_SECONDS: '0' }
  return withProduct(environment, async (run) => {
    const { channels } = run.child.endpoints
    const peerReturned: number[] = []
    const nodeRestarted: number[] = []
    for (const channel of channels.slice(0, times)) {
      await run.lever('disconnect-peer')
      await refused(run, channel)
      await run.lever('connect-peer')
      peerReturned.push(await resubmittedAfter(run, channel))
    }
    for (const channel of channels.slice(times)) {
      await refused(run, channel)
      await run.lever('restart-node')
      nodeRestarted.push(await resubmittedAfter(run, channel))
    }
    return { peerReturned, nodeRestarted }
  })
}

/** Orders a splice whose first request is refused for now, and waits until it may be sent again. */
async function refused(run: LocalRun, channel: string): Promise<void> {
  await run.lever('fault refuse 9')
  const id = await run.order(channel, AMOUNT_SATS)
  await until('the refusal', REFUSAL_MS, async () => {
    const { status, attempts } = await run.splice(id)
    return status === 'queued' && attempts[0]?.result === 'refused' ? true : null
  })
  await pause(BACKOFF_MS)
}

/** By the world's own journal: when its peer was connected last, and when the node received the second request. */
async function resubmittedAfter(run: LocalRun, channelId: string): Promise<number> {
  const requestedAt = await until('the second request', RESUBMISSION_MS, async () => {
    const lines = await run.journal(JOURNAL_LINES)
    const requests = lines.filter((line) => line.type === 'request_received' && line.channelId === channelId)
    return requests[1]?.at ?? null
  })
  const lines = await run.journal(JOURNAL_LINES)
  const connected = lines.findLast(({ type, at }) => type === 'peer_connected' && at <= requestedAt)
  if (connected === undefined) throw new Error('the peer was never connected')
  return requestedAt - connected.at
}
