import {
  channelKey,
  type FollowedChain,
  type ChannelState,
  type Guard,
  type NodeState,
  type ChannelLease,
  type TxPointer,
  type Versioned,
} from '../ports/records.ts'
import type { SpendHint } from '../ports/chain.ts'
import { announcedTxids } from '../splice/attempt-steps.ts'
import { walkBack, walkFundingHistory, type FundingSpend, type FundingSpender } from '../chain/funding-history.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from '../ports/node.ts'
import { isPinned, type ChainView, type Observation } from '../decision/observation.ts'
import { splitOutpoint, type Outpoint } from '../bitcoin/outpoint.ts'
import type { Call, ConfiguredNode, Ports, Store } from '../ports/ports.ts'
import { openBumpOf } from '../splice/replacement.ts'
import type { Result } from '../values/result.ts'
import type { Splice } from '../splice/splice.ts'
import {
  SPLICE_IN_SURPLUS_SATS,
  addsCapacity,
  fundingOutputs,
  isCommitment,
  paysExactly,
  withinSurplus,
  type ParsedTransaction,
} from '../bitcoin/transaction.ts'
import { hasEnded } from '../splice/transitions.ts'

/** The confirmation target of the feerate estimate, in blocks: that of LDK's `ChannelFunding`. */
const FEE_TARGET_BLOCKS = 12

/**
 * The key of a splice's lease: its channel's id, or its node's id where the node picks the channel itself. It
 * comes from the splice's record, so that a freeze finds the lease while the node does not answer.
 */
export function leaseKeyOf(splice: Pick<Splice, 'leaseScope' | 'nodeId' | 'channelId'>): string {
  return splice.leaseScope === 'node' ? splice.nodeId : splice.channelId
}

/** What a sweep has read once for all splices of a node. */
export type SharedView = {
  readonly look: Result<NodeLook, NodeFault>
  readonly channels: ReadonlyMap<string, ChannelSnapshot>
  /** The records as the sweep read or saved them; null: they have to be read. */
  readonly seen: {
    readonly node: NodeState
    readonly channels: ReadonlyMap<string, ChannelState>
    readonly chain: FollowedChain
    readonly guard: Guard | null
  } | null
}

/**
 * Gathers what can be known now about a splice. The node is read first and the chain last, so that nothing
 * the node shows is newer than the chain's answer about it. `given` is what a sweep shares between its
 * splices. `read` is the lease, if it was read just before.
 */
export async function observe(
  splice: Splice,
  ports: Ports,
  given: SharedView | null,
  read?: Versioned<ChannelLease> | null,
): Promise<Observation> {
  const call = ports.call()
  const configured = ports.nodes.get(splice.node)
  const look = given?.look ?? (await configured?.port.look(call))
  const node = look?.ok ? look.value : null
  const channels = given?.channels ?? new Map(node?.channels.map((each) => [each.channelId, each]))
  const channel = channels.get(splice.channelId) ?? null
  const needsLease = read === undefined && readsLease(splice)
  const [{ nodeState, channelState, guard, followed }, lease] = await Promise.all([
    readSeen(splice, ports.store, given?.seen ?? null),
    needsLease ? ports.store.item('lease', leaseKeyOf(splice)) : (read ?? null),
  ])
  const context: ChainContext = {
    splice,
    configured: configured ?? null,
    ports,
    channel: node !== null && isPinned(splice, node) ? channel : null,
    lease: lease?.value ?? null,
    backupAt: guard?.backupAt ?? null,
    pointers: new Map(),
    call,
  }
  return {
    at: ports.clock.now(),
    node,
    channel,
    nodeState,
    channelState,
    quietAbsenceMs: configured?.quietAbsenceMs ?? null,
    chain: await viewChain(context),
    followed: splice.candidates.length === 0 ? null : followed,
    lease,
    generation: { configured: ports.generation, stored: guard?.generation ?? null },
  }
}

/** A splice that waits for blocks holds the lease and does not need to read it, unless its fee may be bumped. */
function readsLease(splice: Splice): boolean {
  if (splice.state !== 'pending' && splice.state !== 'confirmed') return true
  return splice.autoBumpAfterBlocks !== null || openBumpOf(splice) !== null
}

/** The records of node, channel, chain and guard, read unless a sweep shares them. */
async function readSeen(splice: Splice, store: Store, shared: SharedView['seen']) {
  const channelId = channelKey(splice.node, splice.channelId)
  const sharedChannel = shared?.channels.get(splice.channelId)
  const [channelState, nodeState, guard, followed] = await Promise.all([
    sharedChannel ?? store.item('channel', channelId).then(valueOf),
    shared?.node ?? store.item('node', splice.node).then(valueOf),
    shared === null ? store.item('guard', '-').then(valueOf) : shared.guard,
    shared?.chain ?? (splice.candidates.length === 0 ? null : store.item('chain', splice.network).then(valueOf)),
  ])
  return { channelState, nodeState, guard, followed }
}

const valueOf = <T>(item: Versioned<T> | null): T | null => item?.value ?? null

type ChainContext = {
  readonly splice: Splice
  readonly configured: ConfiguredNode | null
  readonly ports: Ports
  readonly channel: ChannelSnapshot | null
  readonly lease: ChannelLease | null
  readonly backupAt: number | null
  /** The txid pointers that this look has read: each is read once. */
  readonly pointers: Map<string, TxPointer | null>
  readonly call: Call
}

async function viewChain(context: ChainContext): Promise<ChainView | null> {
  const { splice, configured, call } = context
  if (configured === null) return null
  const { chain } = configured
  const walked = await walkFundingHistory(
    {
      from: splice.fundingHistory[0] ?? '',
      current: context.channel?.funding ?? null,
      known: splice.fundingHistory,
      hintOf: (outpoint) => hintOf(splice, outpoint),
      effectOf: (spends, valueSats, parsed) => effectOf(context, spends, valueSats, parsed),
    },
    chain,
    call,
  )
  if (!walked.ok) return null
  const earlier = await earlierEffect(context)
  if (!earlier.ok) return null
  const feeRate = hasEnded(splice.state) ? null : await chain.feeRateSatPerKw(FEE_TARGET_BLOCKS, call)
  // A single look asks for the tip last, to get the newest. In a sweep it is cached (core/chain/cached-tip.ts).
  const tip = await chain.tip(call)
  if (!tip.ok) return null
  return {
    tip: tip.value,
    fundingSpends: walked.value.fundingSpends,
    reachedFunding: walked.value.reachedFunding,
    unrecorded: unrecordedOf(context, walked.value.fundingSpends),
    earlierEffect: earlier.value,
    feeRateSatPerKw: feeRate?.ok ? feeRate.value : null,
  }
}

/**
 * Only the end of the known funding history is recorded as unspent through a height. An earlier outpoint is
 * spent by a candidate, or by the transaction that created the next one.
 */
function hintOf({ candidates, fundingHistory, unspentThroughHeight }: Splice, outpoint: Outpoint): SpendHint {
  const mined = candidates.find(({ spends, block }) => spends === outpoint && block !== null)
  const at = fundingHistory.indexOf(outpoint)
  const next = at === -1 ? undefined : fundingHistory[at + 1]
  const followed = next === undefined ? null : { txid: splitOutpoint(next).txid, blockHash: null }
  return {
    unspentThroughHeight: at !== -1 && next === undefined ? unspentThroughHeight : null,
    spender: mined?.block ? { txid: mined.txid, blockHash: mined.block.hash } : followed,
  }
}

/**
 * After a restore, no record holds payments made since the backup, so the funding history is walked back in
 * search of our effect (gate `no_earlier_effect`).
 */
async function earlierEffect(context: ChainContext): Promise<Result<string | null, unknown>> {
  const { splice, configured, backupAt, channel, call } = context
  const current = channel?.funding ?? null
  const wanted = backupAt !== null && splice.candidates.length === 0 && !hasEnded(splice.state)
  if (!wanted || current === null || configured === null) return { ok: true, value: null }
  const isOurs = async (parsed: ParsedTransaction): Promise<boolean> => {
    const effect =
      splice.kind === 'splice_out' ? carriesEffect(splice, parsed) : (await nodeAdded(context, parsed.txid)) !== false
    return effect && (await ownerOf(context, parsed.txid)) !== 'another'
  }
  return walkBack(current, Math.floor(backupAt / 1_000), isOurs, configured.chain, call)
}

/** A splice has a new funding output: a closing transaction that happens to pay the same does not have our effect. */
function carriesEffect({ script, amountSats }: Splice, parsed: ParsedTransaction): boolean {
  if (script === null || !paysExactly(parsed, script, amountSats)) return false
  return fundingOutputs(parsed).some((made) => made.script !== script || made.amountSats !== amountSats)
}

/** Whether a transaction added our amount by the node's own record; null: the node did not answer. */
async function nodeAdded({ splice, configured, call }: ChainContext, txid: string): Promise<boolean | null> {
  const contribution = await configured?.port.contribution(splice.channelId, txid, call)
  if (contribution?.ok !== true) return null
  return contribution.value !== null && withinSurplus(contribution.value.amountSats, splice.amountSats)
}

/**
 * A transaction belongs to one splice. Its txid pointer, written before the candidate, names that splice and
 * never changes. A pointer to a foreign payment gives it no owner.
 */
async function ownerOf(context: ChainContext, txid: string): Promise<'me' | 'another' | 'nobody'> {
  if (context.splice.candidates.some((candidate) => candidate.txid === txid)) return 'me'
  const pointer = await pointerOf(context, txid)
  if (pointer === null || pointer.foreign === true) return 'nobody'
  return pointer.paymentId === context.splice.paymentId ? 'me' : 'another'
}

async function pointerOf({ pointers, ports }: ChainContext, txid: string): Promise<TxPointer | null> {
  const read = pointers.get(txid)
  if (read !== undefined) return read
  const pointer = (await ports.store.item('tx', txid))?.value ?? null
  pointers.set(txid, pointer)
  return pointer
}

function unrecordedOf({ pointers }: ChainContext, fundingSpends: readonly FundingSpend[]): string[] {
  return fundingSpends.flatMap(({ spender }) =>
    spender?.effect === 'none' && pointers.get(spender.tx.txid) === null ? [spender.tx.txid] : [],
  )
}

async function effectOf(
  context: ChainContext,
  spends: Outpoint,
  valueSats: number | null,
  parsed: ParsedTransaction,
): Promise<FundingSpender['effect']> {
  const { splice } = context
  const owner = await ownerOf(context, parsed.txid)
  if (isCommitment(parsed, spends)) return 'none'
  if (owner !== 'nobody') return owner === 'me' ? 'ours' : 'none'
  const out = splice.kind === 'splice_out'
  const paid = out && carriesEffect(splice, parsed) ? 'ours' : 'none'
  const effect = out ? paid : await spliceInEffect(context, valueSats, parsed)
  return effect !== 'none' && (await holderExplains(context)) ? 'none' : effect
}

/** Whether another splice explains an effect: an ended splice leaves it to the lease's holder with the same order. */
async function holderExplains(context: ChainContext): Promise<boolean> {
  const { splice, lease } = context
  if (!hasEnded(splice.state) || !lease?.holder || lease.holder === splice.id) return false
  const holder = await context.ports.store.load(lease.holder)
  return (
    holder !== null &&
    holder.attempts.length > 0 &&
    holder.kind === splice.kind &&
    holder.script === splice.script &&
    Math.abs(holder.amountSats - splice.amountSats) <= (splice.kind === 'splice_in' ? SPLICE_IN_SURPLUS_SATS : 0)
  )
}

/**
 * A splice-in has no output that identifies it. It has our effect if the node's record of our contribution
 * and the channel's change of capacity on chain agree. If only one of them shows it, the effect is unknown.
 */
async function spliceInEffect(
  context: ChainContext,
  oldValueSats: number | null,
  parsed: ParsedTransaction,
): Promise<FundingSpender['effect']> {
  const { splice, configured } = context
  if (configured === null || splice.attempts.length === 0) return 'none'
  // A txid that was journalled before signing commits to the transaction's inputs and outputs: it is ours.
  if (announcedTxids(splice).has(parsed.txid)) return 'ours'
  if (oldValueSats === null) return 'unknown'
  const chainAgrees = addsCapacity(parsed, oldValueSats, splice.amountSats)
  const nodeAgrees = await nodeAdded(context, parsed.txid)
  if (nodeAgrees === null) return 'unknown'
  if (nodeAgrees && chainAgrees) return 'ours'
  return nodeAgrees || chainAgrees ? 'unknown' : 'none'
}
