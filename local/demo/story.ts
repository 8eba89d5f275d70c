import { simulationAuth, simulationPolicy } from '../settings.ts'
import type { Order, Splice } from './client.ts'
import type { Stage } from './stage.ts'

/** Addresses that nothing else in the world pays. */
const FIRST_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const SECOND_ADDRESS = 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry'
const FIRST_SATS = 50_000
const SECOND_SATS = 75_000

const attempt = (splice: Splice, number: number) => splice.attempts.find((candidate) => candidate.number === number)
const isTaken = (number: number) => (splice: Splice) => attempt(splice, number)?.result === 'taken'
const diedByRestart = (splice: Splice, number: number): boolean =>
  attempt(splice, number)?.provenBy === 'process_restarted'

const orderOf = (channel: string, address: string, amountSats: number, maxAttempts: number): Order => ({
  idempotencyKey: `demo-${amountSats}`,
  body: { node: 'alice', channel, kind: 'splice_out', amountSats, address, budget: { maxAttempts } },
})

/** (a) and (b): ordered while the peer is away; the node forgets it before negotiating anything. */
export async function forgotten(stage: Stage): Promise<{ order: Order; splice: Splice }> {
  const { narrator, channels } = stage
  const [channel = ''] = channels
  const order = orderOf(channel, FIRST_ADDRESS, FIRST_SATS, 3)
  narrator.chapter(`a. ${FIRST_SATS} sat are ordered out of channel 1 while its peer is away`)
  await stage.lever('disconnect-peer')
  const { status, splice } = await stage.api.order(order)
  narrator.says(`POST /v1/splices: HTTP ${status}, ${splice.id.slice(0, 16)}… is ${splice.status}`)
  await stage.splice(splice.id, 'the node answers that it has accepted it', isTaken(1))
  narrator.confirm('the order was accepted as new', status === 202)
  narrator.confirm('the node accepted one request', (await stage.submissions(channel)) === 1)
  narrator.confirm('and keeps it in memory', (await stage.lines('contribution_queued', channel)).length === 1)
  narrator.confirm('no round was started', (await stage.lines('round_started', channel)).length === 0)

  narrator.chapter('b. the node is restarted and forgets it')
  await stage.pastMargin()
  await stage.lever('restart-node')
  narrator.confirm('the contribution is lost', (await stage.lines('contribution_lost', channel)).length === 1)
  narrator.confirm('nothing pays the address', (await stage.payouts(FIRST_ADDRESS, FIRST_SATS)) === 0)
  return { order, splice }
}

/** (c): the first attempt is proven not executed; the same splice is submitted again once the peer is back. */
export async function resubmitted(stage: Stage, { id }: Splice): Promise<void> {
  const { narrator, channels } = stage
  const [channel = ''] = channels
  narrator.chapter(
    'c. the peer comes back; the first attempt is proven not executed, then the splice is submitted again',
  )
  await stage.lever('connect-peer')
  const splice = await stage.splice(id, 'a second attempt is accepted', isTaken(2))
  narrator.confirm('the restart proved that the first attempt was not executed', diedByRestart(splice, 1))
  narrator.confirm('the node accepted a second request', (await stage.submissions(channel)) === 2)
  const [back] = (await stage.lines('peer_connected', null)).slice(-1)
  const [second] = (await stage.lines('request_received', channel)).slice(-1)
  const quiet = (second?.at ?? 0) - (back?.at ?? Infinity) >= simulationPolicy.quietMs
  narrator.confirm(`it came after ${simulationPolicy.quietMs / 1000} s of quiet`, quiet)
}

/** (d): it confirms, locks and settles. */
export async function settled(stage: Stage, { id }: Splice): Promise<void> {
  const { narrator, channels } = stage
  const [channel = ''] = channels
  narrator.chapter('d. it is signed, confirms, locks and settles')
  const pending = await stage.splice(id, 'the transaction is seen', ({ status }) => status === 'pending')
  const signed = await stage.lines('candidate_signed', channel)
  narrator.confirm('the node signed one transaction', signed.length === 1)
  narrator.confirm('it is the one that was seen', signed[0]?.txid === pending.candidates[0]?.txid)
  await stage.lever('mine', '1')
  await stage.splice(id, 'it is in a block', ({ status }) => status === 'confirmed')
  await stage.lever('mine', '5')
  await stage.splice(id, 'six blocks deep, and locked', ({ status }) => status === 'settled')
  narrator.confirm('the channel moved to it', (await stage.lines('promoted', channel)).length === 1)
  narrator.confirm('the address is paid once', (await stage.payouts(FIRST_ADDRESS, FIRST_SATS)) === 1)
}

/** (e): a restart of the node is no reason to pay again. */
export async function leftAlone(stage: Stage, { id }: Splice): Promise<void> {
  const { narrator, channels } = stage
  const [channel = ''] = channels
  narrator.chapter('e. the node is restarted again; nothing is submitted')
  await stage.lever('restart-node')
  const watchedMs = simulationPolicy.quietMs + 2_000
  await stage.wait(watchedMs)
  await stage.tell()
  narrator.says(`${watchedMs / 1000} s and as many sweeps later: the splice is ${(await stage.api.splice(id)).status}`)
  narrator.confirm('the node accepted no third request', (await stage.submissions(channel)) === 2)
  narrator.confirm('the address is paid once', (await stage.payouts(FIRST_ADDRESS, FIRST_SATS)) === 1)
}

/**
 * (f): one attempt is forgotten and one never arrives. Both are proven not executed, and the client hears of
 * one failure.
 */
export async function failed(stage: Stage): Promise<void> {
  const { narrator, channels } = stage
  const channel = channels[1] ?? ''
  narrator.chapter(`f. ${SECOND_SATS} sat out of channel 2, with two attempts; neither is executed`)
  await stage.lever('disconnect-peer')
  const { splice } = await stage.api.order(orderOf(channel, SECOND_ADDRESS, SECOND_SATS, 2))
  await stage.splice(splice.id, 'the first attempt is accepted', isTaken(1))
  await stage.pastMargin()
  await stage.lever('restart-node')
  await stage.lever('fault', 'drop')
  await stage.lever('connect-peer')
  const second = await stage.splice(
    splice.id,
    'the second attempt gets no answer',
    (now) => attempt(now, 2)?.result === 'unknown',
  )
  narrator.confirm('the restart proved that the first attempt was not executed', diedByRestart(second, 1))
  const fenceMs = (simulationAuth.authWindowSeconds + simulationAuth.clockSkewSeconds) * 1000
  narrator.says(`for ${fenceMs / 1000} s its request could still arrive`)
  await stage.wait(Date.parse(attempt(second, 2)?.startedAt ?? '') + fenceMs - Date.now())
  await stage.pastMargin()
  await stage.lever('restart-node')
  const end = await stage.splice(splice.id, 'the budget is used up', ({ status }) => status === 'failed')
  await judgeFailure(stage, channel, end)
}

async function judgeFailure(stage: Stage, channel: string, end: Splice): Promise<void> {
  const { narrator } = stage
  narrator.says(`failure: ${end.failure?.code ?? ''}, proof: ${end.failure?.proof ?? ''}`)
  narrator.confirm('the restart proved that the second attempt was not executed', diedByRestart(end, 2))
  narrator.confirm('the failure is proven: no attempt was executed', end.failure?.proof === 'none_executed')
  const received = await stage.lines('request_received', channel)
  narrator.confirm('the node was asked twice', received.length === 2)
  narrator.confirm('it accepted one request', (await stage.submissions(channel)) === 1)
  narrator.confirm('and forgot it', (await stage.lines('contribution_lost', channel)).length === 1)
  narrator.confirm('nothing pays the address', (await stage.payouts(SECOND_ADDRESS, SECOND_SATS)) === 0)
  const failures = (await stage.api.events(end.id)).filter((type) => type === 'splice.failed')
  narrator.confirm('splice.failed is in the event log once', failures.length === 1)
}

/** (g): the client of the first splice sends its order again. */
export async function replayed(stage: Stage, order: Order, { id }: Splice): Promise<void> {
  const { narrator, channels } = stage
  const [channel = ''] = channels
  narrator.chapter('g. the client of the first order sends it again with the same key')
  const again = await stage.api.order(order)
  narrator.says(`POST /v1/splices: HTTP ${again.status}, Idempotent-Replayed: ${again.replayed}`)
  narrator.confirm(
    'it gets the outcome of the first order',
    again.status === 200 && again.replayed && again.splice.id === id,
  )
  narrator.confirm('and that outcome is settled', again.splice.status === 'settled')
  await stage.wait(1_500)
  narrator.confirm('the node accepted no third request', (await stage.submissions(channel)) === 2)
  narrator.confirm('the address is paid once', (await stage.payouts(FIRST_ADDRESS, FIRST_SATS)) === 1)
}
