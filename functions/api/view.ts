import { attemptsUsed, isOverCeiling } from '../../core/splice/budget.ts'
import { paymentIdOf } from '../../core/splice/ids.ts'
import { confirmationsOf } from '../../core/ledger/payment.ts'
import type { ItemKind, ItemOf, NodeState } from '../../core/ports/records.ts'
import { satPerVb } from '../../core/bitcoin/money.ts'
import type { Store } from '../../core/ports/ports.ts'
import type { Attempt, Bump, Candidate, Splice } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import type { SpliceView } from './splice-view.ts'

/** What a view needs besides the record. null: not seen yet. */
type Surroundings = {
  readonly feeCap: SpliceView['feeCap']
  readonly tipHeight: number | null
}

/** Splices as the API shows them, in the given order. Reads each node and each chain tip once. */
export async function viewsOf(store: Store, splices: readonly Splice[]): Promise<SpliceView[]> {
  const nodes = await itemsOf(
    store,
    'node',
    splices.map((splice) => splice.node),
  )
  const chains = await itemsOf(
    store,
    'chain',
    splices.map((splice) => splice.network),
  )
  return splices.map((splice) =>
    render(splice, {
      feeCap: nodes.get(splice.node)?.capabilities.feeCap ?? null,
      tipHeight: chains.get(splice.network)?.height ?? null,
    }),
  )
}

/** One splice as the API shows it. */
export async function viewOf(store: Store, splice: Splice): Promise<SpliceView> {
  const [node, chain] = await Promise.all([store.item('node', splice.node), store.item('chain', splice.network)])
  return render(splice, {
    feeCap: node?.value.capabilities.feeCap ?? null,
    tipHeight: chain?.value.height ?? null,
  })
}

/** A splice that was accepted just now. It has no candidate, so its view needs no chain tip. */
export function viewOfNew(splice: Splice, node: NodeState): SpliceView {
  return render(splice, { feeCap: node.capabilities.feeCap, tipHeight: null })
}

async function itemsOf<K extends ItemKind>(
  store: Store,
  kind: K,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ItemOf<K>>> {
  const found = new Map<string, ItemOf<K>>()
  for (const key of new Set(keys)) {
    const item = await store.item(kind, key)
    if (item !== null) found.set(key, item.value)
  }
  return found
}

function render(splice: Splice, { feeCap, tipHeight }: Surroundings): SpliceView {
  const { maxAttempts, deadline, maxFeeRateSatPerKw, maxFeeSats } = splice.budget
  return {
    id: splice.id,
    object: 'splice',
    status: splice.state,
    node: splice.node,
    channel: splice.channelId,
    network: splice.network,
    kind: splice.kind,
    amountSats: splice.amountSats,
    address: splice.address,
    paymentId: paymentIdOf(splice.id),
    submittedOn: splice.submittedOn,
    attempts: splice.attempts.map(attemptView),
    candidates: splice.candidates.map((candidate) => candidateView(splice, candidate, tipHeight)),
    bumps: splice.bumps.map(bumpView),
    autoBump: splice.autoBumpAfterBlocks === null ? null : { afterBlocks: splice.autoBumpAfterBlocks },
    budget: {
      maxAttempts,
      attemptsUsed: attemptsUsed(splice),
      deadline: isoOf(deadline),
      maxFeeRateSatPerVb: maxFeeRateSatPerKw === null ? null : satPerVb(maxFeeRateSatPerKw),
      maxFeeSats,
    },
    feeCap,
    metadata: splice.metadata,
    waitingFor: splice.waitingFor?.message ?? null,
    failure: splice.failure,
    attention: splice.attention,
    anomaly: splice.anomaly && { txid: splice.anomaly.txid, at: isoOf(splice.anomaly.at) },
    epoch: splice.epoch,
    timeline: splice.timeline.map((line) => ({ ...line, at: isoOf(line.at) })),
    ...timesOf(splice),
  }
}

function timesOf(splice: Splice) {
  return {
    notBefore: isoOrNull(splice.notBefore),
    lockedAt: isoOrNull(splice.lockedAt),
    cancelRequestedAt: isoOrNull(splice.cancelRequestedAt),
    settledAt: isoOrNull(splice.settledAt),
    createdAt: isoOf(splice.createdAt),
    updatedAt: isoOf(splice.updatedAt),
  }
}

// The node's own error message stays out: it may hold anything, credentials too.
function attemptView(attempt: Attempt): SpliceView['attempts'][number] {
  const { number, kind, submittedOn, startedAt, result, notExecuted, count } = attempt
  const refused = result?.type === 'refused' ? result : null
  return {
    number,
    kind,
    submittedOn,
    startedAt: isoOf(startedAt),
    result: result?.type ?? null,
    refusal: refused?.class ?? null,
    reason: refused?.reason ?? null,
    notExecuted: notExecuted !== null,
    provenBy: notExecuted?.proof ?? null,
    count,
  }
}

function candidateView(
  splice: Splice,
  candidate: Candidate,
  tipHeight: number | null,
): SpliceView['candidates'][number] {
  const { txid, feeSats, feeRateSatPerKw, block, seenAt } = candidate
  return {
    txid,
    feeSats,
    feeRateSatPerVb: feeRateSatPerKw === null ? null : satPerVb(feeRateSatPerKw),
    overCeiling: isOverCeiling(splice, candidate),
    confirmations: confirmationsOf(block, tipHeight),
    blockHash: block?.hash ?? null,
    seenAt: isoOf(seenAt),
  }
}

function bumpView(bump: Bump): SpliceView['bumps'][number] {
  const { id, by, feeRateSatPerKw, from, attempts, outcome, openedAt } = bump
  return {
    id,
    status: outcome?.result ?? 'open',
    by,
    feeRateSatPerVb: feeRateSatPerKw === null ? null : satPerVb(feeRateSatPerKw),
    replaces: from.txid,
    txid: outcome?.txid ?? null,
    attempts: attempts.map(attemptView),
    outcome: outcome && { code: outcome.code, message: outcome.message },
    openedAt: isoOf(openedAt),
    endedAt: isoOrNull(outcome?.at ?? null),
  }
}

/** An instant as the API writes it: ISO 8601, UTC. */
export function isoOf(instant: Instant): string {
  return new Date(instant).toISOString()
}

function isoOrNull(instant: Instant | null): string | null {
  return instant === null ? null : isoOf(instant)
}
