import { attemptsUsed } from '../../core/splice/budget.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import type { Keeper } from '../../harness/keeper/keeper.ts'
import { byId, byTxid } from '../../harness/keeper/ledger.ts'
import { idsOf } from '../../harness/lives/life.ts'

export type Outcome = Awaited<ReturnType<typeof outcomeOf>>

/** What was told of a splice: types in order, by epoch; an event that is in the log twice is told twice. */
async function told(keeper: Keeper, id: string): Promise<string[]> {
  const lines = await keeper.store.eventsAfter('acme', 0, 1_000)
  return lines.filter(({ spliceId }) => spliceId === id).map(({ epoch, type }) => `${epoch} ${type}`)
}

async function ofSplice(keeper: Keeper, splice: Splice) {
  const { state, epoch, candidates, bumps, failure, attention, stopped: over, anomaly, leaseHeld: leaseHeld } = splice
  const payment = await byId(keeper, splice.paymentId)
  return {
    amountSats: splice.amountSats,
    state,
    epoch,
    failure: failure && [failure.code, failure.proof],
    attention: attention?.code ?? null,
    over: hasEnded(state) ? null : (over?.code ?? null),
    cancelled: splice.cancelRequestedAt !== null,
    attempts: attemptsUsed(splice),
    alive: splice.attempts.filter(({ notExecuted }) => notExecuted === null).length,
    candidates: candidates.map(({ block }) => (block === null ? 'waiting' : 'mined')),
    bumps: bumps.map((bump) => [attemptsUsed(bump), bump.outcome?.result, bump.outcome?.code]),
    payment: payment && [payment.kind, payment.status, payment.amountSats, payment.feeSats],
    anomaly: anomaly !== null,
    leaseHeld,
    watched: splice.watch !== null,
    told: await told(keeper, splice.id),
  }
}

/**
 * How a life ended, by the record, by the ledger and by the simulated node's journal, without what may differ from one
 * delivery of the messages to another:
 *
 * - times, versions, ids of attempts and the timeline: they tell how it went, not what became of it;
 * - hashes of blocks, and so txids of what is built upon another block;
 * - attempts that were refused as not executed: each look that finds the gates open may ask again, and they cost nothing;
 * - by which rule an attempt was found dead: often several hold, and the first look decides;
 * - why an ended splice had stopped submitting: what was heard first. Its failure says why it ended, and that is compared.
 */
export async function outcomeOf(keeper: Keeper) {
  const { journal } = keeper.world
  const splices = await keeper.store.loadMany(await idsOf(keeper))
  const leases = await Promise.all(keeper.channelIds.map((id) => keeper.store.item('lease', id)))
  return {
    splices: await Promise.all(splices.map((splice) => ofSplice(keeper, splice))),
    ledger: await ledgerOf(keeper),
    leases: leases.map(
      (lease) => lease && [lease.value.holder, lease.value.queue.map(({ id }) => id), lease.value.frozen?.cause],
    ),
    effects: journal
      .effectiveSplices()
      .map(({ channelId, oursNetSats, confirmed }) => ({ channelId, oursNetSats, confirmed }))
      .toSorted((a, b) => a.oursNetSats - b.oursNetSats),
    submissions: keeper.channelIds.map((id) => [journal.submissionsExecuted(id), journal.bumpsExecuted(id)]),
    gaps: await gapsOf(keeper),
    crashes: keeper.crashes.map(String),
    alarms: [...new Set(keeper.alarms)].toSorted(),
    deadLetters: keeper.queue.deadLetters().length + keeper.events.deadLetters().length,
  }
}

/** What the ledger says of each transaction that has effect, whoever wanted it, found by its txid. */
async function ledgerOf(keeper: Keeper) {
  const payments = await Promise.all(keeper.world.journal.effectiveSplices().map(({ txid }) => byTxid(keeper, txid)))
  return payments.map((payment) => payment && [payment.kind, payment.status, payment.amountSats]).toSorted()
}

/** Sequences of the log that are missing or not in order, and ids that are in it twice. */
async function gapsOf(keeper: Keeper): Promise<string[]> {
  const lines = await keeper.store.eventsAfter('acme', 0, 1_000)
  const gaps = lines.filter(({ sequence }, n) => sequence !== n + 1).map(({ id }) => `gap ${id}`)
  const twice = lines.filter(({ id }, n) => lines.findIndex((line) => line.id === id) !== n)
  return [...gaps, ...twice.map(({ id }) => `twice ${id}`)]
}
