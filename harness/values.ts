import { createHash } from 'node:crypto'
import { paymentIdOf, spliceIdOfPayment } from '../core/splice/ids.ts'
import { Policy } from '../core/splice/policy.ts'

/** When the splices of the builders were accepted: 2026-11-30T00:00:00Z. */
export const ACCEPTED_AT = Date.UTC(2026, 10, 30)
/** An hour later: when they are looked at. */
export const NOW = ACCEPTED_AT + 3_600_000
/** The height of the tip at {@link NOW}. */
export const TIP = 200

export const NODE_ID = `02${'a'.repeat(64)}`
export const PEER_ID = `03${'b'.repeat(64)}`
export const CHANNEL_ID = 'c'.repeat(64)
/** The channel's funding outpoint. */
export const FUNDING = `${aTxid('a')}:0`
/** A regtest P2WPKH address and its script. */
export const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'

export const policy = Policy.parse({})
/** What a step is given besides the splice and the event. */
export const context = { now: NOW, policy }
/** A call that is never cut short. */
export const CALL = { signal: new AbortController().signal }

/** A txid made of one hex digit, 64 times over. */
export function aTxid(digit: string): string {
  return digit.repeat(64)
}

const paymentIds = new Map<string, string>()

/** The id of a tenant's nth splice; tenant `acme` if none is named. */
export function aSpliceId(n: number, tenant = 'acme'): string {
  const paymentId = aPaymentId(n, tenant)
  const id = spliceIdOfPayment(paymentId)
  paymentIds.set(id, paymentId)
  return id
}

/** The payment id of a tenant's nth splice. */
export function aPaymentId(n: number, tenant = 'acme'): string {
  return paymentIdOf(tenant, `order-${n}`)
}

/** The payment id of a splice of the builders: that of {@link aSpliceId}, or one that is made from another id. */
export function paymentIdFor(spliceId: string): string {
  return paymentIds.get(spliceId) ?? createHash('sha256').update(spliceId).digest('hex')
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
