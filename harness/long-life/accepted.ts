import { acceptSplice } from '../../core/accept/accept-splice.ts'
import { BUDGET } from '../../core/splice/policy.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aChannelSeen, aNodeThat } from '../records/states.ts'
import { ACCEPTED_AT, aTxid } from '../values.ts'

const NAME_CHARACTERS = 128

const ADDRESS = 'bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6'

/** A txid of its own for each number. */
export const txidOf = (n: number): string => n.toString(16).padStart(64, 'f')

export const outpointAt = (n: number): string => `${txidOf(1_000_000 + n)}:65535`

/** Ordered with every field as long as it may be. */
export function accepted(): Splice {
  const now = ACCEPTED_AT + 123
  const name = 'n'.repeat(NAME_CHARACTERS)
  const room = BUDGET.metadataBytes - JSON.stringify({ order: '' }).length
  const splice = acceptSplice(
    {
      node: name,
      channelId: 'c'.repeat(64),
      kind: 'splice_out',
      amountSats: 912_345,
      address: ADDRESS,
      budget: {
        maxAttempts: BUDGET.maxAttempts,
        deadline: now + BUDGET.maxDeadlineMs,
        maxFeeRateSatPerKw: 1_234_567,
        maxFeeSats: 1_234_567,
      },
      notBefore: now + 1,
      autoBumpAfterBlocks: 2_016,
      metadata: { order: 'm'.repeat(room) },
    },
    {
      tenant: 't'.repeat(64),
      idempotencyKey: 'long',
      bodyHash: aTxid('b'),
      node: aNodeThat({ bump: true, checksFunding: true }),
      channel: aChannelSeen({ userChannelId: '3'.repeat(39), funding: outpointAt(999) }),
      generation: 0,
      now,
    },
  )
  if (!splice.ok) throw new Error(splice.error.message)
  return { ...splice.value, version: 1, writeId: `01K9${'0'.repeat(22)}` }
}
