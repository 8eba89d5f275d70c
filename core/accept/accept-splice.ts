import { decodeAddress, dustLimitSats, type AddressFault, type DecodedAddress } from '../bitcoin/address.ts'
import type { Capabilities } from '../ports/node.ts'
import { canBump } from '../decision/fee-bump-gates.ts'
import { payerOf, shortageText } from '../decision/shortage.ts'
import type { ChannelState, NodeState } from '../ports/records.ts'
import { AmountSats } from '../bitcoin/money.ts'
import { BUDGET } from '../splice/policy.ts'
import { err, ok, type Result } from '../values/result.ts'
import type { Splice } from '../splice/splice.ts'
import type { Instant } from '../values/instant.ts'
import { queuedSplice, type AcceptFacts, type CheckedRequest, type SpliceRequest } from './queued-splice.ts'

export type { AcceptFacts, SpliceRequest }

/** Why an order is refused, and the field of the request's body at fault. */
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
    | 'insufficient_balance'
  readonly field: string
  readonly message: string
}

/**
 * Turns an order into the record that is put into the table: `queued`, with its first event, due at once. The store
 * sets version and writeId. Refuses only what could never run; whatever has to wait is left to the gates.
 */
export function acceptSplice(request: SpliceRequest, facts: AcceptFacts): Result<Splice, Refusal> {
  const checked = check(request, facts)
  return checked.ok ? ok(queuedSplice(request, facts, checked.value)) : checked
}

function check(request: SpliceRequest, facts: AcceptFacts): Result<CheckedRequest, Refusal> {
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
      named ? 'the node has no such channel' : 'the node does not have exactly one open channel to pick',
    )
  if (channel.closing) return refuse('channel_closing', 'channel', 'a closing channel cannot be spliced')
  // Without a funding outpoint there is no funding history to watch, so nothing could ever be proven.
  if (channel.funding === null)
    return refuse(
      'channel_not_ready',
      'channel',
      'the funding outpoint of this channel is not known yet; try again later',
    )
  const address = checkOutput(request, facts.node, channel)
  if (!address.ok) return address
  const budget = checkBudget(request, facts.node, facts.now)
  if (!budget.ok) return budget
  const bump = checkAutoBump(request, facts.node, channel)
  if (bump !== null) return err(bump)
  const poor = request.failFast === true ? checkBalance(request, facts.node, channel) : null
  if (poor !== null) return err(poor)
  return ok({ channel, funding: channel.funding, address: address.value, budget: budget.value })
}

function checkCapabilities(request: SpliceRequest, can: Capabilities): Refusal | null {
  const unsupported = (field: string, message: string): Refusal => ({
    code: 'node_unsupported',
    field,
    message,
  })
  if (!can.spliceIn && !can.spliceOut) return unsupported('node', can.unsupported ?? 'this node cannot splice')
  if (request.kind === 'splice_in' && !can.spliceIn) return unsupported('kind', 'this node cannot splice in')
  if (request.kind === 'splice_out' && !can.spliceOut) return unsupported('kind', 'this node cannot splice out')
  if (request.kind === 'splice_out' && request.address !== null && !can.toAddress)
    return unsupported('address', 'this node pays a splice-out only to its own wallet: leave the address out')
  if (request.kind === 'splice_out' && request.address === null && can.ownWallet === false)
    return unsupported('address', 'this node has no on-chain wallet to pay to: name an address')
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
      'must be a whole, positive number of satoshis, at most the supply cap',
    )
  if (kind === 'splice_in')
    return address === null
      ? ok(null)
      : refuse('address_unexpected', 'address', 'a splice-in pays the channel: leave the address out')
  const decoded = address === null ? ok(null) : decodeAddress(address, node.network)
  if (!decoded.ok) return refuse(decoded.error.code, 'address', decoded.error.message)
  // Without an address the node gives one of a type that it chooses, so the amount must be above every dust
  // limit.
  const limitSats = decoded.value?.dustLimitSats ?? Math.max(...Object.values(dustLimitSats))
  if (amountSats < limitSats)
    return refuse('dust', 'amountSats', `below the dust limit of ${limitSats} sat for this output`)
  if (amountSats >= channel.capacitySats)
    return refuse('amount_over_capacity', 'amountSats', `the channel holds only ${channel.capacitySats} sat`)
  return decoded
}

function checkBudget(request: SpliceRequest, node: NodeState, now: Instant): Result<Splice['budget'], Refusal> {
  const { budget, notBefore } = request
  const once = node.capabilities.submitsOnce === true
  const maxAttempts = budget.maxAttempts ?? (once ? 1 : BUDGET.defaultAttempts)
  if (once && maxAttempts !== 1)
    return refuse('attempts_out_of_range', 'budget.maxAttempts', 'this node is asked only once: set 1, or leave it out')
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > BUDGET.maxAttempts)
    return refuse('attempts_out_of_range', 'budget.maxAttempts', `must be from 1 to ${BUDGET.maxAttempts}`)
  const deadline = budget.deadline ?? defaultDeadline(notBefore, now)
  const late = checkDeadline(deadline, now)
  if (late !== null) return refuse(late.code, 'budget.deadline', late.message)
  if (notBefore !== null && notBefore >= deadline)
    return refuse(
      'not_before_after_deadline',
      'notBefore',
      budget.deadline === null
        ? 'a splice must start within 30 days'
        : 'the deadline would pass before the first attempt',
    )
  const { maxFeeRateSatPerKw, maxFeeSats } = budget
  return ok({ maxAttempts, deadline, maxFeeRateSatPerKw, maxFeeSats })
}

/** A deadline that nobody chose follows the start, and keeps within its own bound. */
function defaultDeadline(notBefore: Instant | null, now: Instant): Instant {
  return Math.min(Math.max(now, notBefore ?? now) + BUDGET.defaultDeadlineMs, now + BUDGET.maxDeadlineMs)
}

/** Whether node or channel, as last seen, have less than the amount. The fee of that time is not known here. */
function checkBalance({ kind, amountSats }: SpliceRequest, node: NodeState, channel: ChannelState): Refusal | null {
  const { balances, channelIds } = node
  const available =
    kind === 'splice_in' ? balances?.walletSats : balances?.outboundSats[channelIds.indexOf(channel.channelId)]
  if (available === undefined || available >= amountSats) return null
  const message = `${payerOf(kind)} cannot pay this now. ${shortageText(available, amountSats)}`
  return { code: 'insufficient_balance', field: 'amountSats', message }
}

/** Automatic bumps need a ceiling, because nobody approves them, and a node that can safely be asked for them. */
function checkAutoBump(request: SpliceRequest, node: NodeState, channel: ChannelState): Refusal | null {
  if (request.autoBumpAfterBlocks === null) return null
  const field = 'autoBump'
  if (!canBump(node.capabilities, request.kind) || channel.lockDepth === 0)
    return {
      code: 'bump_unsupported',
      field,
      message: 'the fee of this splice cannot be bumped safely on this channel',
    }
  const { maxFeeRateSatPerKw, maxFeeSats } = request.budget
  return maxFeeRateSatPerKw === null && maxFeeSats === null
    ? {
        code: 'ceiling_missing',
        field: 'budget.maxFeeRateSatPerVb',
        message: 'automatic fee bumps need a fee ceiling',
      }
    : null
}

/** Checks that a deadline lies in the future and at most 30 days away; null: it does. */
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
