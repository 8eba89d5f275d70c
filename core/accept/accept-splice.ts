import { decodeAddress, dustLimitSats } from '../bitcoin/address.ts'
import type { Capabilities } from '../ports/node.ts'
import type { AddressFault, DecodedAddress } from '../bitcoin/address.ts'
import { canBump } from '../decision/fee-bump-gates.ts'
import { spliceIdOf } from '../splice/ids.ts'
import type { ChannelState, NodeState } from '../ports/records.ts'
import { AmountSats } from '../bitcoin/money.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import { BUDGET } from '../splice/policy.ts'
import { err, ok } from '../values/result.ts'
import type { Result } from '../values/result.ts'
import type { Splice, SpliceKind } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import { hasEnded } from '../splice/transitions.ts'

/** A client's wish, its shape checked, in the units of the core. null: the client left it to the default. */
export type SpliceRequest = {
  readonly node: string
  /** null: not named, as it must be where the node picks the channel. */
  readonly channelId: string | null
  readonly kind: SpliceKind
  readonly amountSats: number
  readonly address: string | null
  readonly budget: {
    readonly maxAttempts: number | null
    readonly deadline: Instant | null
    readonly maxFeeRateSatPerKw: number | null
    readonly maxFeeSats: number | null
  }
  readonly notBefore: Instant | null
  /** Blocks without a confirmation after which it bumps its fee by itself; null: never. */
  readonly autoBumpAfterBlocks: number | null
  readonly metadata: Readonly<Record<string, string>>
}

/** What acceptance knows besides the request. It touches no node: the last sweep saw node and channel (design section 3). */
export type AcceptFacts = {
  readonly tenant: string
  readonly idempotencyKey: string
  /** sha-256 in hex of the body as it was posted, before defaults. */
  readonly bodyHash: string
  readonly node: NodeState
  /** The channel that the request names, or the one that the node will pick; null: never seen on that node. */
  readonly channel: ChannelState | null
  /** The table's configured generation. */
  readonly generation: number
  readonly now: Instant
}

/** Why a wish is not accepted, and the field of the request's body that says so. */
export type Refusal = {
  readonly code:
    | AddressFault['code']
    | 'node_unsupported'
    | 'channel_not_found'
    | 'channel_unexpected'
    | 'channel_closing'
    | 'channel_not_ready'
    | 'amount_out_of_range'
    | 'amount_over_capacity'
    | 'dust'
    | 'address_unexpected'
    | 'attempts_out_of_range'
    | 'deadline_past'
    | 'deadline_too_far'
    | 'not_before_after_deadline'
    | 'bump_unsupported'
    | 'ceiling_missing'
  readonly field: string
  readonly message: string
}

type Checked = {
  readonly channel: ChannelState
  readonly funding: Outpoint
  readonly address: DecodedAddress | null
  readonly budget: Splice['budget']
}

/**
 * Turns a wish into the record that is put into the table: `queued`, announced, due at once (design sections 5 and 9).
 * The store sets version and writeId. Refuses what could never run; what only has to wait is left to the gates.
 */
export function acceptSplice(request: SpliceRequest, facts: AcceptFacts): Result<Splice, Refusal> {
  const checked = check(request, facts)
  return checked.ok ? ok(queued(request, facts, checked.value)) : checked
}

function check(request: SpliceRequest, facts: AcceptFacts): Result<Checked, Refusal> {
  const unsupported = checkCapabilities(request, facts.node.capabilities)
  if (unsupported !== null) return err(unsupported)
  const { channel } = facts
  const named = request.channelId !== null
  if (named && facts.node.capabilities.leaseScope === 'node')
    return refuse('channel_unexpected', 'channel', 'this node picks the channel itself: leave it out')
  if (channel === null || channel.goneAt !== null)
    return refuse(
      'channel_not_found',
      'channel',
      named ? 'the node has no such channel' : 'the node has not exactly one open channel to pick',
    )
  if (channel.closing) return refuse('channel_closing', 'channel', 'a closing channel takes no splice')
  // Without a funding outpoint there is no funding history to watch, and so nothing that could ever be proven.
  if (channel.funding === null)
    return refuse('channel_not_ready', 'channel', 'the funding of this channel is not known yet; try later')
  const address = checkOutput(request, facts.node, channel)
  if (!address.ok) return address
  const budget = checkBudget(request, facts.node, facts.now)
  if (!budget.ok) return budget
  const bump = checkAutoBump(request, facts.node, channel)
  if (bump !== null) return err(bump)
  return ok({ channel, funding: channel.funding, address: address.value, budget: budget.value })
}

function checkCapabilities(request: SpliceRequest, can: Capabilities): Refusal | null {
  const unsupported = (field: string, message: string): Refusal => ({
    code: 'node_unsupported',
    field,
    message,
  })
  if (!can.spliceIn && !can.spliceOut)
    return unsupported('node', can.unsupported ?? 'this node cannot splice')
  if (request.kind === 'splice_in' && !can.spliceIn) return unsupported('kind', 'this node cannot splice in')
  if (request.kind === 'splice_out' && !can.spliceOut)
    return unsupported('kind', 'this node cannot splice out')
  if (request.kind === 'splice_out' && request.address !== null && !can.toAddress)
    return unsupported('address', 'this node pays a splice-out only to its own wallet: leave the address out')
  if (request.kind === 'splice_out' && request.address === null && can.ownWallet === false)
    return unsupported('address', 'this node has no wallet on chain to pay to: name an address')
  return null
}

function checkOutput(
  request: SpliceRequest,
  node: NodeState,
  channel: ChannelState,
): Result<DecodedAddress | null, Refusal> {
  const { kind, amountSats, address } = request
  if (!AmountSats.safeParse(amountSats).success)
    return refuse(
      'amount_out_of_range',
      'amountSats',
      'not a whole, positive number of satoshis that can exist',
    )
  if (kind === 'splice_in')
    return address === null
      ? ok(null)
      : refuse('address_unexpected', 'address', 'a splice-in pays the channel: leave the address out')
  const decoded = address === null ? ok(null) : decodeAddress(address, node.network)
  if (!decoded.ok) return refuse(decoded.error.code, 'address', decoded.error.message)
  // The node will give an address, of a kind that it chooses: the amount must be good for each.
  const limitSats = decoded.value?.dustLimitSats ?? Math.max(...Object.values(dustLimitSats))
  if (amountSats < limitSats)
    return refuse('dust', 'amountSats', `below the dust limit of ${limitSats} sat for this output`)
  if (amountSats >= channel.capacitySats)
    return refuse('amount_over_capacity', 'amountSats', `the channel holds only ${channel.capacitySats} sat`)
  return decoded
}

function checkBudget(
  request: SpliceRequest,
  node: NodeState,
  now: Instant,
): Result<Splice['budget'], Refusal> {
  const { budget, notBefore } = request
  const once = node.capabilities.submitsOnce === true
  const maxAttempts = budget.maxAttempts ?? (once ? 1 : BUDGET.defaultAttempts)
  if (once && maxAttempts !== 1)
    return refuse('attempts_out_of_range', 'budget.maxAttempts', 'this node is asked once: 1, or left out')
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > BUDGET.maxAttempts)
    return refuse('attempts_out_of_range', 'budget.maxAttempts', `from 1 to ${BUDGET.maxAttempts}`)
  const deadline = budget.deadline ?? Math.max(now, notBefore ?? now) + BUDGET.defaultDeadlineMs
  const late = checkDeadline(deadline, now)
  if (late !== null) return refuse(late.code, 'budget.deadline', late.message)
  if (notBefore !== null && notBefore >= deadline)
    return refuse(
      'not_before_after_deadline',
      'notBefore',
      'the deadline would pass before the first attempt',
    )
  const { maxFeeRateSatPerKw, maxFeeSats } = budget
  return ok({ maxAttempts, deadline, maxFeeRateSatPerKw, maxFeeSats })
}

/** Bumps that nobody looks at need a ceiling, and a node that can be asked for them safely. */
function checkAutoBump(request: SpliceRequest, node: NodeState, channel: ChannelState): Refusal | null {
  if (request.autoBumpAfterBlocks === null) return null
  const field = 'autoBump'
  if (!canBump(node.capabilities, request.kind) || channel.lockDepth === 0)
    return { code: 'bump_unsupported', field, message: 'the fee of this splice cannot be bumped safely here' }
  const { maxFeeRateSatPerKw, maxFeeSats } = request.budget
  return maxFeeRateSatPerKw === null && maxFeeSats === null
    ? {
        code: 'ceiling_missing',
        field: 'budget.maxFeeRateSatPerVb',
        message: 'bumping by itself needs a ceiling',
      }
    : null
}

/** Whether a deadline lies in the future and no more than 30 days away (design section 8); null: it does. */
export function checkDeadline(
  deadline: Instant,
  now: Instant,
): { readonly code: 'deadline_past' | 'deadline_too_far'; readonly message: string } | null {
  if (deadline <= now) return { code: 'deadline_past', message: 'the deadline has passed' }
  if (deadline > now + BUDGET.maxDeadlineMs)
    return { code: 'deadline_too_far', message: 'the deadline is more than 30 days away' }
  return null
}

function refuse(code: Refusal['code'], field: string, message: string): Result<never, Refusal> {
  return err({ code, field, message })
}

function queued(request: SpliceRequest, facts: AcceptFacts, checked: Checked): Splice {
  const { now, node } = facts
  const { channel, funding, address, budget } = checked
  return {
    id: spliceIdOf(facts.tenant, facts.idempotencyKey),
    version: 0,
    writeId: '',
    tenant: facts.tenant,
    bodyHash: facts.bodyHash,

    node: request.node,
    nodeId: node.nodeId,
    network: node.network,
    channelId: channel.channelId,
    leaseScope: node.capabilities.leaseScope,
    userChannelId: channel.userChannelId,
    peerId: channel.peerId,
    kind: request.kind,
    amountSats: request.amountSats,
    address: address?.address ?? null,
    script: address?.script ?? null,
    budget,
    notBefore: request.notBefore,
    autoBumpAfterBlocks: request.autoBumpAfterBlocks,
    metadata: { ...request.metadata },
    generation: facts.generation,

    ...nothingYet,
    fundingHistory: [funding],
    events: [{ n: 1, type: 'splice.accepted', at: now, epoch: 0 }],
    eventSerial: 1,
    emitted: ['splice.accepted'],
    timeline: [{ at: now, status: 'queued', why: 'accepted', count: 1 }],
    createdAt: now,
    updatedAt: now,
    // Due at once, whatever `notBefore` says: the event waits to be published.
    dueAt: now,
  }
}

/** The part of the record that only what happens to a splice fills in. */
const nothingYet = {
  state: 'queued',
  epoch: 0,
  unspentThroughHeight: null,
  submittedOn: null,
  baseline: null,
  attempts: [],
  attemptSerial: 0,
  candidates: [],
  bumps: [],
  reorgedAtHeight: null,
  unseenSinceHeight: null,
  foreignSinceHeight: null,
  lockedAt: null,
  quietSince: null,
  lastLookAt: null,
  inFlightAt: null,
  nextAttemptAt: null,
  cancelRequestedAt: null,
  aborted: null,
  stopped: null,
  failure: null,
  attention: null,
  waitingFor: null,
  leaseHeld: false,
  watch: null,
  anomaly: null,
  publishedThrough: 0,
  settledAt: null,
} satisfies Partial<Splice>

/**
 * Whether two splices could not be told apart on chain: both live, on one channel, and either splice-outs with the same
 * script and amount or splice-ins of one amount (design section 8).
 */
export function isDuplicate(a: Splice, b: Splice): boolean {
  if (a.id === b.id || hasEnded(a.state) || hasEnded(b.state)) return false
  if (a.channelId !== b.channelId || a.kind !== b.kind || a.amountSats !== b.amountSats) return false
  return a.kind === 'splice_in' || (a.script !== null && a.script === b.script)
}
