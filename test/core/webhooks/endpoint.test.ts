import { describe, expect, test } from 'vitest'
import { Policy } from '../../../core/splice/policy.ts'
import {
  afterDelivery,
  bodyOf,
  disabledByWish,
  newEndpoint,
  rotated,
  validSecrets,
  type Delivered,
} from '../../../core/webhooks/endpoint.ts'
import { Endpoint, WEBHOOK_LIMITS } from '../../../core/ports/endpoint.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { aTxid, NOW } from '../../../harness/values.ts'

const policy = Policy.parse({})
const DAY = 86_400_000
const DOWN: Delivered = { ok: false, fault: 'no_answer', status: null }

function anEndpoint(change: Partial<Endpoint> = {}): Endpoint {
  const url = 'https://example.com/'
  const made = { id: 'whk_1', url, description: null, deliveredThrough: 0, secret: 'whsec_a' }
  return { ...newEndpoint(made, NOW), ...change }
}

/** One that has failed so often since `NOW`. */
const failed = (failures: number): Endpoint =>
  anEndpoint({ failing: { since: NOW, failures, nextAttemptAt: NOW, fault: 'no_answer', status: null } })
const afterFailure = (endpoint: Endpoint, now: number, jitter = 0): Endpoint =>
  afterDelivery(endpoint, 1, DOWN, { now, policy, jitter })

test('the body of an event carries the snapshot of its splice as the log has it', () => {
  const { paymentId, node, channelId: channel, metadata } = aSplice()
  const then = { status: 'pending', txid: aTxid('2'), feeSats: 310, failureCode: null, attentionCode: null } as const
  const snapshot = { ...then, paymentId, node, channel, kind: 'splice_out', amountSats: 50_000, metadata } as const
  const event = { id: 'evt_1', sequence: 1, type: 'splice.pending', spliceId: 'spl_1', epoch: 0, at: NOW } as const
  expect(JSON.parse(bodyOf({ ...event, snapshot }))).toMatchObject({ data: { splice: 'spl_1', snapshot } })
})

describe('the wait after a failure', () => {
  test.each([
    [0, 2_500],
    [0.5, 3_750],
    [1 - Number.EPSILON, 5_000],
  ])('is between a half and the whole of what it may be: with a jitter of %d, %d ms', (jitter, waitMs) => {
    expect(afterFailure(anEndpoint(), NOW, jitter).failing?.nextAttemptAt).toBe(NOW + waitMs)
  })

  test('ends at the instant at which it is given up, so that it is tried once more then', () => {
    const soon = NOW + policy.webhookGiveUpMs - 1
    expect(afterFailure(failed(8), soon).failing?.nextAttemptAt).toBe(soon + 1)
  })

  test.each([0, DAY])(
    'is no shorter once that instant has passed, where too few tries were made: %d ms after it',
    (lateMs) => {
      const now = NOW + policy.webhookGiveUpMs + lateMs
      const after = afterFailure(failed(1), now)
      expect(after.disabled).toBeNull()
      expect(after.failing?.nextAttemptAt).toBe(now + 10_000)
    },
  )
})

describe('an endpoint that fails for three days', () => {
  const last = NOW + policy.webhookGiveUpMs

  test('is given up at its tenth failure, not before', () => {
    expect(afterFailure(failed(8), last).disabled).toBeNull()
    expect(afterFailure(failed(9), last).disabled).toEqual({ at: last, reason: 'failing', announced: false })
  })

  test('is not given up a moment earlier, however often it failed', () => {
    expect(afterFailure(failed(99), last - 1).disabled).toBeNull()
  })

  test('and that was given up is not told from a wish when somebody disables it: the log has still to say so', () => {
    const given = afterFailure(failed(9), last)
    expect(disabledByWish(given, last + 1)).toEqual(given)
  })
})

describe('a rotated secret', () => {
  const once = rotated(anEndpoint(), 'whsec_b', NOW)

  test('is kept as long as it signs, and not a moment longer', () => {
    const kept = (now: number): string[] => rotated(once, 'whsec_c', now).secrets.map(({ secret }) => secret)
    expect(kept(NOW + DAY - 1)).toEqual(['whsec_c', 'whsec_b', 'whsec_a'])
    expect(kept(NOW + DAY)).toEqual(['whsec_c', 'whsec_b'])
    expect(validSecrets(once, NOW + DAY - 1)).toEqual(['whsec_b', 'whsec_a'])
    expect(validSecrets(once, NOW + DAY)).toEqual(['whsec_b'])
  })
})

test('an endpoint may be described in a few words, and not at length', () => {
  const taken = (description: string): boolean => Endpoint.safeParse(anEndpoint({ description })).success
  expect(taken('the shop')).toBe(true)
  expect(taken('x'.repeat(WEBHOOK_LIMITS.descriptionLength))).toBe(true)
  expect(taken('x'.repeat(WEBHOOK_LIMITS.descriptionLength + 1))).toBe(false)
})
