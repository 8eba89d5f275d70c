import { spliceIdOf } from '../../core/splice/ids.ts'
import type { Splice } from '../../core/splice/splice.ts'

/** When the splices of {@link aSplice} were accepted: 2026-11-30T00:00:00Z. */
export const ACCEPTED_AT = Date.UTC(2026, 10, 30)

/** A txid made of one hex digit, 64 times over. */
export function aTxid(digit: string): string {
  return digit.repeat(64)
}

/** The id of a tenant's nth splice; tenant `acme` if none is named. */
export function aSpliceId(n: number, tenant = 'acme'): string {
  return spliceIdOf(tenant, `order-${n}`)
}

/** Ids in a row: `<prefix>-1`, `<prefix>-2`, … Deterministic, unique within one call of this function. */
export function countingIds(prefix = 'id'): { id(): string } {
  let serial = 0
  return {
    id: () => {
      serial += 1
      return `${prefix}-${serial}`
    },
  }
}

/** A valid splice as it stands right after acceptance: queued, due at once, nothing published yet. */
export function aSplice(overrides: Partial<Splice> = {}): Splice {
  return {
    ...identity(),
    ...progress(),
    ...overrides,
  }
}

/** The same at rest: cancelled before any attempt, all events published, nothing under watch, not due. */
export function aSpliceAtRest(overrides: Partial<Splice> = {}): Splice {
  return aSplice({ state: 'cancelled', leaseHeld: false, watch: null, dueAt: null, ...overrides })
}

function identity() {
  return {
    id: aSpliceId(1),
    version: 0,
    writeId: '',
    tenant: 'acme',
    bodyHash: 'b'.repeat(64),
    node: 'alice',
    nodeId: `02${'a'.repeat(64)}`,
    network: 'regtest',
    channelId: 'c'.repeat(64),
    leaseScope: 'channel',
    userChannelId: null,
    peerId: `03${'b'.repeat(64)}`,
    kind: 'splice_out',
    amountSats: 50_000,
    address: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
    script: '0014751e76e8199196d454941c45d1b3a323f1433bd6',
    budget: {
      maxAttempts: 3,
      deadline: ACCEPTED_AT + 86_400_000,
      maxFeeRateSatPerKw: 5_000,
      maxFeeSats: 5_000,
    },
    notBefore: null,
    autoBumpAfterBlocks: null,
    metadata: {},
    generation: 0,
    createdAt: ACCEPTED_AT,
  } satisfies Partial<Splice>
}

function progress() {
  return {
    state: 'queued',
    epoch: 0,
    fundingHistory: [`${aTxid('f')}:0`],
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
    events: [],
    eventSerial: 0,
    publishedThrough: 0,
    emitted: [],
    timeline: [],
    updatedAt: ACCEPTED_AT,
    settledAt: null,
    dueAt: ACCEPTED_AT,
  } satisfies Partial<Splice>
}
