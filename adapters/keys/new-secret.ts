import { randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

/** A new webhook secret, in the form of the Standard Webhooks specification. */
export function webhookSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}
