import { acceptSplice } from '../../core/accept/accept-splice.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { ACCEPTED_AT, ADDRESS, CHANNEL_ID, FUNDING, NOW, aTxid, paymentIdFor } from '../values.ts'
import { anAttempt } from './attempts.ts'
import { aChannelSeen, aNodeSeen } from './states.ts'

/**
 * A valid splice-out as it stands right after acceptance: queued, due at once, with no event yet. One that has ended
 * has left its channel's queue.
 */
export function aSplice(overrides: Partial<Splice> = {}): Splice {
  const leaseHeld = !hasEnded(overrides.state ?? accepted.state)
  const { id } = overrides
  const paymentId = id === undefined ? accepted.paymentId : paymentIdFor(id)
  return { ...accepted, paymentId, events: [], eventSerial: 0, emitted: [], timeline: [], leaseHeld, ...overrides }
}

/** The same at rest: cancelled before any attempt, all events published, nothing under watch, not due. */
export function aSpliceAtRest(overrides: Partial<Splice> = {}): Splice {
  return aSplice({ state: 'cancelled', watch: null, dueAt: null, ...overrides })
}

/** A queued splice-out on {@link FUNDING}, without a ceiling. */
export function aLiveSplice(overrides: Partial<Splice> = {}): Splice {
  return aSplice({
    fundingHistory: [FUNDING],
    budget: { maxAttempts: 3, deadline: NOW + 3_600_000, maxFeeRateSatPerKw: null, maxFeeSats: null },
    ...overrides,
  })
}

/** One that was submitted once and not answered. */
export function aSubmittedSplice(overrides: Partial<Splice> = {}): Splice {
  return aLiveSplice({
    state: 'submitted',
    submittedOn: FUNDING,
    baseline: { claimableSats: 0, reservedSats: 0 },
    attempts: [anAttempt()],
    attemptSerial: 1,
    ...overrides,
  })
}

/** What the builders vary, as acceptance makes it: `order-1` of the tenant `acme`. */
const accepted = acceptedSplice()

function acceptedSplice(): Splice {
  const splice = acceptSplice(
    {
      node: 'alice',
      channelId: CHANNEL_ID,
      kind: 'splice_out',
      amountSats: 50_000,
      address: ADDRESS,
      budget: {
        maxAttempts: 3,
        deadline: ACCEPTED_AT + 86_400_000,
        maxFeeRateSatPerKw: 5_000,
        maxFeeSats: 5_000,
      },
      notBefore: null,
      autoBumpAfterBlocks: null,
      metadata: {},
    },
    {
      tenant: 'acme',
      idempotencyKey: 'order-1',
      bodyHash: 'b'.repeat(64),
      node: aNodeSeen(),
      channel: aChannelSeen({ funding: `${aTxid('f')}:0` }),
      generation: 0,
      now: ACCEPTED_AT,
    },
  )
  if (!splice.ok) throw new Error(splice.error.message)
  return splice.value
}
