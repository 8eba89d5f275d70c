import type { ForeignCandidate, ForeignPayment } from '../../core/ports/records.ts'
import { ACCEPTED_AT, CHANNEL_ID, aTxid } from '../values.ts'

/** An unconfirmed transaction of a foreign payment, with all its figures. */
export function aForeignCandidate(overrides: Partial<ForeignCandidate> = {}): ForeignCandidate {
  return {
    txid: aTxid('1'),
    feeSats: 300,
    feeRateSatPerKw: 1_000,
    amountSats: 70_000,
    contributionSats: null,
    contributionAsked: false,
    seenAt: ACCEPTED_AT,
    block: null,
    ...overrides,
  }
}

/** A foreign payment as it stands right after it was recorded: unclassified, pending, due at once. */
export function aForeignPayment(overrides: Partial<ForeignPayment> = {}): ForeignPayment {
  return {
    id: aTxid('1'),
    node: 'alice',
    network: 'regtest',
    channelId: CHANNEL_ID,
    kind: 'unclassified',
    spends: `${aTxid('a')}:0`,
    candidates: [aForeignCandidate()],
    absorbedBy: null,
    final: null,
    idleSinceHeight: null,
    voidAt: null,
    unspentThroughHeight: null,
    createdAt: ACCEPTED_AT,
    dueAt: ACCEPTED_AT,
    ...overrides,
  }
}
