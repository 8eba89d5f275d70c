import type { Order, Splice } from './client.ts'
import type { Stage } from './stage.ts'

/** One run of the story: its order, and which of the two transactions a miner takes. */
export type Run = {
  readonly letter: string
  /** Channel number, from 1. */
  readonly channel: number
  readonly amountSats: number
  /** An address that nothing else in the world pays. */
  readonly address: string
  readonly confirms: 'original' | 'replacement'
}

export const firstRun: Run = {
  letter: 'h',
  channel: 3,
  amountSats: 60_000,
  address: 'bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3lgth6c',
  confirms: 'original',
}
export const secondRun: Run = {
  letter: 'i',
  channel: 4,
  amountSats: 65_000,
  address: 'bcrt1qyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zs4w3j0',
  confirms: 'replacement',
}

/** Long enough to restart the node before anything of the bump is negotiated. */
const SLOW_QUIESCENCE_MS = 4_000
const QUIESCENCE_MS = 200

/**
 * The node forgets a bump in a restart before negotiating it. The bump is requested again, and one of the two
 * transactions confirms.
 */
export async function bumped(stage: Stage, run: Run): Promise<Splice> {
  const { narrator, channels } = stage
  const channel = channels[run.channel - 1] ?? ''
  narrator.chapter(
    `${run.letter}. a fee is bumped and the node forgets the bump; in the end the ${run.confirms} confirms`,
  )
  const pending = await ordered(stage, run, channel)
  const replaced = await resumed(stage, run, channel, pending)
  const txids = replaced.candidates.map(({ txid }) => txid)
  narrator.confirm('the node signed two transactions', (await stage.lines('candidate_signed', channel)).length === 2)
  if (run.confirms === 'original') await stage.lever('mine-candidate', String(run.channel), '1')
  else await stage.lever('mine', '1')
  await stage.lever('mine', '5')
  const settled = await stage.splice(pending.id, 'six blocks deep, and locked', ({ status }) => status === 'settled')
  const confirmed = settled.candidates.find(({ confirmations }) => (confirmations ?? 0) > 0)
  const wanted = run.confirms === 'original' ? txids[0] : txids[1]
  narrator.confirm(`the ${run.confirms} confirmed`, confirmed?.txid === wanted)
  narrator.confirm('the address is paid once', (await stage.payouts(run.address, run.amountSats)) === 1)
  for (const txid of txids) {
    const payment = await stage.api.payment(txid)
    const found = payment.id === settled.paymentId && payment.txid === wanted && payment.status === 'final'
    narrator.confirm(`${txid.slice(0, 12)}… finds the payment, with the figures of the confirmed transaction`, found)
  }
  return settled
}

async function ordered(stage: Stage, run: Run, channel: string): Promise<Splice> {
  await stage.lever('feerate', '4')
  const order: Order = {
    idempotencyKey: `demo-${run.amountSats}`,
    body: { node: 'alice', channel, kind: 'splice_out', amountSats: run.amountSats, address: run.address },
  }
  const { splice } = await stage.api.order(order)
  return stage.splice(splice.id, 'the transaction is seen', ({ status }) => status === 'pending')
}

async function resumed(stage: Stage, run: Run, channel: string, { id }: Splice): Promise<Splice> {
  const { narrator } = stage
  await stage.lever('feerate', '12')
  await stage.lever('quiescence', String(SLOW_QUIESCENCE_MS))
  const status = await stage.api.bump(id, `demo-bump-${run.amountSats}`)
  narrator.says(`POST /v1/splices/${id.slice(0, 8)}…/bump: HTTP ${status}`)
  narrator.confirm('the bump was accepted as new', status === 202)
  await stage.splice(id, 'the node has accepted the bump', ({ bumps }) => bumps[0]?.attempts[0]?.result === 'taken')
  await stage.lever('restart-node')
  await stage.lever('quiescence', String(QUIESCENCE_MS))
  narrator.confirm('the node forgot it', (await stage.lines('contribution_lost', channel)).length === 1)
  const done = await stage.splice(id, 'a replacement is seen', ({ bumps }) => bumps[0]?.status === 'done')
  narrator.confirm('the bump was requested twice', done.bumps[0]?.attempts.length === 2)
  const [first, second] = done.candidates.map(({ feeRateSatPerVb }) => feeRateSatPerVb ?? 0)
  narrator.confirm(`it pays ${second} sat/vB instead of ${first}`, (second ?? 0) > (first ?? 0))
  return done
}

/** A reorg removes a settled splice: it is pending again under the same payment id, and settles again. */
export async function reorganised(stage: Stage, { id, paymentId, candidates }: Splice): Promise<void> {
  const { narrator } = stage
  const txid = candidates.find(({ confirmations }) => (confirmations ?? 0) > 0)?.txid ?? ''
  narrator.chapter('j. a reorg replaces six blocks, including the one with the transaction')
  await stage.lever('reorg', '6', 'empty')
  const reopened = await stage.splice(id, 'the reorg is found', ({ status }) => status === 'pending')
  const pending = await stage.api.payment(txid)
  narrator.confirm('a new epoch has begun', reopened.epoch === 1)
  narrator.confirm('the payment is pending, under its id', pending.id === paymentId && pending.status === 'pending')
  await stage.lever('mine', '6')
  const again = await stage.splice(id, 'six blocks deep again', ({ status }) => status === 'settled')
  const final = await stage.api.payment(txid)
  narrator.confirm('the payment is final again, under its id', final.id === paymentId && final.status === 'final')
  const types = await stage.api.events(again.id)
  const outcomes = types.filter((type) => type === 'splice.settled' || type === 'splice.reorged')
  const isComplete = outcomes.join() === 'splice.settled,splice.reorged,splice.settled'
  narrator.confirm('the client received each event: settled, reorged, settled', isComplete)
}
