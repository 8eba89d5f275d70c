import { attemptsUsed, isOverCeiling } from '../../core/splice/budget.ts'
import { confirmationsOf, finalDepthOf } from '../../core/ledger/payment.ts'
import { channelKey, type ChannelLease, type ItemKind, type ItemOf } from '../../core/ports/records.ts'
import { firstOf, isBehind } from '../../core/drive/lease.ts'
import { leaseKeyOf } from '../../core/drive/observe.ts'
import { WAITING_FOR_TURN } from '../../core/splice/due.ts'
import { openBumpOf } from '../../core/splice/replacement.ts'
import { shownOf } from '../../core/splice/snapshot.ts'
import { satPerVb } from '../../core/bitcoin/money.ts'
import type { Store } from '../../core/ports/ports.ts'
import type { Attempt, Bump, Candidate, Splice } from '../../core/splice/splice.ts'
import type { Instant } from '../../core/values/instant.ts'
import type { Draft } from './acceptance.ts'
import type { ApiDeps } from './context.ts'
import type { SpliceView } from './splice-view.ts'

type Deps = Pick<ApiDeps, 'ports' | 'policy'>

/** What a view needs besides the record. null: not seen yet. */
type Surroundings = {
  readonly feeCap: SpliceView['feeCap']
  readonly tipHeight: number | null
  /** The confirmations at which it is final. */
  readonly finalDepth: number | null
  readonly now: Instant
  /** The queue of its channel; null: it is not known, or the splice waits in none any more. */
  readonly lease: ChannelLease | null
}

/** Splices as the API shows them, in the given order. Reads each node, channel, chain tip and queue once. */
export async function viewsOf({ ports, policy }: Deps, splices: readonly Splice[]): Promise<SpliceView[]> {
  const { store } = ports
  const queued = splices.filter(({ state }) => state === 'queued')
  const [nodes, channels, chains, leases] = await Promise.all([
    itemsOf(
      store,
      'node',
      splices.map((splice) => splice.node),
    ),
    itemsOf(store, 'channel', splices.map(channelKeyOf)),
    itemsOf(
      store,
      'chain',
      splices.map((splice) => splice.network),
    ),
    itemsOf(store, 'lease', queued.map(leaseKeyOf)),
  ])
  return splices.map((splice) =>
    render(splice, {
      feeCap: nodes.get(splice.node)?.capabilities.feeCap ?? null,
      tipHeight: chains.get(splice.network)?.height ?? null,
      finalDepth: depthOf(policy, channels.get(channelKeyOf(splice))),
      now: ports.clock.now(),
      lease: leases.get(leaseKeyOf(splice)) ?? null,
    }),
  )
}

/** One splice as the API shows it. */
export async function viewOf({ ports, policy }: Deps, splice: Splice): Promise<SpliceView> {
  const { store } = ports
  const [node, channel, chain, lease] = await Promise.all([
    store.item('node', splice.node),
    // For a figure that may be unknown: without it, a repeated order is still answered.
    store.item('channel', channelKeyOf(splice)).catch(() => null),
    store.item('chain', splice.network),
    splice.state === 'queued' ? store.item('lease', leaseKeyOf(splice)) : null,
  ])
  return render(splice, {
    feeCap: node?.value.capabilities.feeCap ?? null,
    tipHeight: chain?.value.height ?? null,
    finalDepth: depthOf(policy, channel?.value),
    now: ports.clock.now(),
    lease: lease?.value ?? null,
  })
}

/** A splice that was accepted just now, in its queue. It has no candidate, so its view needs no chain tip. */
export function viewOfNew({ ports, policy }: Deps, splice: Splice, draft: Draft, lease: ChannelLease): SpliceView {
  const { feeCap } = draft.node.capabilities
  const finalDepth = depthOf(policy, draft.channel)
  return render(splice, { feeCap, tipHeight: null, finalDepth, now: ports.clock.now(), lease })
}

function channelKeyOf({ node, channelId }: Splice): string {
  return channelKey(node, channelId)
}

function depthOf(policy: Deps['policy'], channel: ItemOf<'channel'> | null | undefined): number | null {
  return channel ? finalDepthOf(policy, channel.lockDepth) : null
}

async function itemsOf<K extends ItemKind>(
  store: Store,
  kind: K,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ItemOf<K>>> {
  const read = async (key: string) => ({ key, item: await store.item(kind, key) })
  const found = await Promise.all([...new Set(keys)].map(read))
  return new Map(found.flatMap(({ key, item }) => (item === null ? [] : [[key, item.value] as const])))
}

function render(splice: Splice, { feeCap, tipHeight, finalDepth, now, lease }: Surroundings): SpliceView {
  const place = placeOf(splice, lease)
  const shown = shownOf(splice.candidates)
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
    paymentId: splice.paymentId,
    submittedOn: splice.submittedOn,
    txid: shown?.txid ?? null,
    feeSats: shown?.feeSats ?? null,
    confirmations: shown && confirmationsOf(shown.block, tipHeight),
    confirmationsNeeded: finalDepth,
    nextAttemptAt: isoOrNull(nextAttemptOf(splice, now)),
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
    position: place?.position ?? null,
    ahead: place?.ahead ?? null,
    waitingFor: waitingForOf(splice, place),
    failure: splice.failure,
    attention: splice.attention,
    anomaly: splice.anomaly && { txid: splice.anomaly.txid, at: isoOf(splice.anomaly.at) },
    epoch: splice.epoch,
    timeline: splice.timeline.map((line) => ({ ...line, at: isoOf(line.at) })),
    ...timesOf(splice),
  }
}

/** Where a queued splice stands in its channel's queue. `ahead`: what goes first, where its tenant may know. */
function placeOf({ id, state, tenant }: Splice, lease: ChannelLease | null) {
  const at = lease === null || state !== 'queued' ? -1 : lease.queue.findIndex((entry) => entry.id === id)
  if (lease === null || at < 0) return null
  const first = lease.queue.find((entry) => entry.id === lease.holder) ?? firstOf(lease)
  const isAhead = first !== undefined && first.id !== id && isBehind(lease, id)
  return { position: at + 1, ahead: isAhead && first.tenant === tenant ? first.id : null }
}

function waitingForOf({ waitingFor }: Splice, place: ReturnType<typeof placeOf>): string | null {
  if (waitingFor?.code !== WAITING_FOR_TURN.code || place === null) return waitingFor?.message ?? null
  const { position, ahead } = place
  return `${ordinalOf(position)} in line; ${ahead ?? 'another splice'} goes first.`
}

const ENDINGS: Readonly<Record<string, string>> = { one: 'st', two: 'nd', few: 'rd' }

function ordinalOf(position: number): string {
  const ending = new Intl.PluralRules('en', { type: 'ordinal' }).select(position)
  return `${position}${ENDINGS[ending] ?? 'th'}`
}

/** The time that the next attempt or fee bump waits for; null: it waits for none. */
function nextAttemptOf(splice: Splice, now: Instant): Instant | null {
  const { state, stopped, notBefore, nextAttemptAt } = splice
  const mayStillSubmit = (state === 'queued' || state === 'submitted') && stopped === null
  const own = mayStillSubmit ? Math.max(notBefore ?? 0, nextAttemptAt ?? 0) : 0
  const at = Math.max(own, openBumpOf(splice)?.nextAttemptAt ?? 0)
  return at > now ? at : null
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
