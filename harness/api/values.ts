import { ACCEPTED_AT, ADDRESS, CHANNEL_ID } from '../values.ts'

export const NOW = ACCEPTED_AT
export const CHANNEL = CHANNEL_ID
export const CLOSING_CHANNEL = 'd'.repeat(64)
export const RELAY_KEY = 'relay key of alice'

/** A body that is accepted. */
export const aBody = {
  node: 'alice',
  channel: CHANNEL,
  kind: 'splice_out',
  amountSats: 50_000,
  address: ADDRESS,
}
