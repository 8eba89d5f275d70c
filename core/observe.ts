import type { Slot } from './items.ts'
import { channelKey } from './items.ts'
import { paymentIdOf } from './ids.ts'
import { walkBack, walkLineage } from './lineage.ts'
import type { ChannelSnapshot, NodeFault, NodeLook } from './node.ts'
import type { ChainView, Observation, Sighting } from './observation.ts'
import { isPinned } from './observation.ts'
import type { Outpoint } from './outpoint.ts'
import { splitOutpoint } from './outpoint.ts'
import type { Call, ConfiguredNode, Ports } from './ports.ts'
import type { Result } from './result.ts'
import type { Splice } from './splice.ts'
import type { ParsedTransaction } from './transaction.ts'
import {
  SPLICE_IN_SURPLUS_SATS,
  addsCapacity,
  isCommitment,
  parseTransaction,
  paysExactly,
  withinSurplus,
} from './transaction.ts'
import { hasEnded } from './transitions.ts'

/** Blocks within which the feerate estimate should confirm: what LDK's `ChannelFunding` target asks for. */
const FEE_TARGET_BLOCKS = 12

/** The key of a splice's slot: its channel, or its node where slots are per node. */
export function slotKeyOf(splice: Splice, look: NodeLook | null): string {
  return look?.capabilities.slotScope === 'node' ? splice.node : splice.channelId
}

/**
 * Gathers what can be known now about a splice: the node first, the chain last, so that nothing the node shows is newer
 * than what the chain said about it. `given` is a look at the node that a sweep shares between its splices.
 */
export async function observe(
  splice: Splice,
  ports: Ports,
  given: Result<NodeLook, NodeFault> | null,
): Promise<Observation> {
  const call = ports.call()
  const configured = ports.nodes.get(splice.node)
  const unknownNode: NodeFault = { class: 'config', message: 'the node is not configured' }
  const look =
    given ?? (configured ? await configured.port.look(call) : { ok: false as const, error: unknownNode })
  const node = look.ok ? look.value : null
  const channel = node?.channels.find((candidate) => candidate.channelId === splice.channelId) ?? null
  const [nodeSeen, channelSeen, slot, guard] = await Promise.all([
    ports.store.item('node', splice.node),
    ports.store.item('channel', channelKey(splice.node, splice.channelId)),
    ports.store.item('slot', slotKeyOf(splice, node)),
    ports.store.item('guard', '-'),
  ])
  const context: ChainContext = {
    splice,
    configured: configured ?? null,
    ports,
    channel: node !== null && isPinned(splice, node) ? channel : null,
    slot: slot?.value ?? null,
    backupAt: guard?.value.backupAt ?? null,
    call,
  }
  return {
    at: ports.clock.now(),
    node,
    channel,
    nodeSeen: nodeSeen?.value ?? null,
    channelSeen: channelSeen?.value ?? null,
    quietAbsenceMs: configured?.quietAbsenceMs ?? null,
    chain: await viewChain(context),
    slot,
    generation: { configured: ports.generation, stored: guard?.value.generation ?? null },
  }
}

type ChainContext = {
  readonly splice: Splice
  readonly configured: ConfiguredNode | null
  readonly ports: Ports
  readonly channel: ChannelSnapshot | null
  readonly slot: Slot | null
  readonly backupAt: number | null
  readonly call: Call
}

async function viewChain(context: ChainContext): Promise<ChainView | null> {
  const { splice, configured, call } = context
  if (configured === null) return null
  const chain = configured.chain
  const walked = await walkLineage(
    {
      from: splice.lineage[0] ?? '',
      current: context.channel?.funding ?? null,
      known: splice.lineage,
      effectOf: (spends, parsed) => effectOf(context, spends, parsed),
    },
    chain,
    call,
  )
  if (!walked.ok) return null
  const earlier = await earlierEffect(context)
  if (!earlier.ok) return null
  const feeRate = hasEnded(splice.state) ? null : await chain.feeRateSatPerKw(FEE_TARGET_BLOCKS, call)
  // The tip is asked for last: a block that arrives in between makes depths too small, never too great.
  const tip = await chain.tip(call)
  if (!tip.ok) return null
  return {
    tip: tip.value,
    hops: walked.value.hops,
    reachedFunding: walked.value.reachedFunding,
    earlierEffect: earlier.value,
    feeRateSatPerKw: feeRate?.ok ? feeRate.value : null,
  }
}

/** After a restore, what was paid between the backup and now is in no record: the lineage is walked back (gate 6). */
async function earlierEffect(context: ChainContext): Promise<Result<string | null, unknown>> {
  const { splice, configured, backupAt, channel, call } = context
  const current = channel?.funding ?? null
  const wanted = backupAt !== null && splice.candidates.length === 0 && !hasEnded(splice.state)
  if (!wanted || current === null || configured === null) return { ok: true, value: null }
  const isOurs = async (parsed: ParsedTransaction): Promise<boolean> => {
    const effect =
      splice.kind === 'splice_out'
        ? carriesEffect(splice, parsed)
        : (await nodeAdded(context, parsed.txid)) !== false
    return effect && (await ownerOf(context, parsed.txid)) !== 'another'
  }
  return walkBack(current, Math.floor(backupAt / 1_000), isOurs, configured.chain, call)
}

function carriesEffect(splice: Splice, parsed: ParsedTransaction): boolean {
  return splice.script !== null && paysExactly(parsed, splice.script, splice.amountSats)
}

/** Whether the node's own record says that a transaction added our amount; null: it does not tell. */
async function nodeAdded({ splice, configured, call }: ChainContext, txid: string): Promise<boolean | null> {
  const contribution = await configured?.port.contribution(splice.channelId, txid, call)
  if (contribution?.ok !== true) return null
  return contribution.value !== null && withinSurplus(contribution.value.amountSats, splice.amountSats)
}

/** A transaction belongs to one splice (design section 4, "owner"): the pointer, written before the candidate, tells. */
async function ownerOf(context: ChainContext, txid: string): Promise<'me' | 'another' | 'nobody'> {
  const pointer = await context.ports.store.item('tx', txid)
  if (pointer === null) return 'nobody'
  return pointer.value.paymentId === paymentIdOf(context.splice.id) ? 'me' : 'another'
}

async function effectOf(
  context: ChainContext,
  spends: Outpoint,
  parsed: ParsedTransaction,
): Promise<Sighting['effect']> {
  const { splice } = context
  if (isCommitment(parsed, spends)) return 'none'
  const owner = await ownerOf(context, parsed.txid)
  if (owner !== 'nobody') return owner === 'me' ? 'ours' : 'none'
  const out = splice.kind === 'splice_out'
  const paid = out && carriesEffect(splice, parsed) ? 'ours' : 'none'
  const effect = out ? paid : await spliceInEffect(context, spends, parsed)
  return effect !== 'none' && (await holderExplains(context)) ? 'none' : effect
}

/** An ended splice under watch leaves what carries the same effect to the holder of the slot that has an attempt. */
async function holderExplains(context: ChainContext): Promise<boolean> {
  const { splice, slot } = context
  if (!hasEnded(splice.state) || !slot?.holder || slot.holder === splice.id) return false
  const holder = await context.ports.store.load(slot.holder)
  return (
    holder !== null &&
    holder.attempts.length > 0 &&
    holder.kind === splice.kind &&
    holder.script === splice.script &&
    Math.abs(holder.amountSats - splice.amountSats) <=
      (splice.kind === 'splice_in' ? SPLICE_IN_SURPLUS_SATS : 0)
  )
}

/**
 * A splice-in has no mark of its own. The node's record of our contribution and the chain's change of capacity must agree;
 * one of them alone leaves it unknown (design section 4, "effect").
 */
async function spliceInEffect(
  context: ChainContext,
  spends: Outpoint,
  parsed: ParsedTransaction,
): Promise<Sighting['effect']> {
  const { splice, configured, call } = context
  if (configured === null || splice.attempts.length === 0) return 'none'
  const { txid, vout } = splitOutpoint(spends)
  const old = await configured.chain.transaction(txid, call)
  const oldValueSats =
    old.ok && old.value ? parseTransaction(old.value.hex)?.outputs[vout]?.amountSats : undefined
  if (oldValueSats === undefined) return 'unknown'
  const chainAgrees = addsCapacity(parsed, oldValueSats, splice.amountSats)
  const nodeAgrees = await nodeAdded(context, parsed.txid)
  if (nodeAgrees === null) return 'unknown'
  if (nodeAgrees && chainAgrees) return 'ours'
  return nodeAgrees || chainAgrees ? 'unknown' : 'none'
}
