import * as z from 'zod'

/** A splice's messages by their BOLT 2 names, replacements included. `BROADCAST` is ours to bitcoind. */
export const ClnMessage = z.enum([
  'STFU',
  'SPLICE',
  'SPLICE_ACK',
  'TX_ADD_INPUT',
  'TX_ADD_OUTPUT',
  'TX_COMPLETE',
  'COMMITMENT_SIGNED',
  'TX_SIGNATURES',
  'BROADCAST',
  'SPLICE_LOCKED',
])
export type ClnMessage = z.infer<typeof ClnMessage>

export const ClnPoint = z.object({
  by: z.enum(['us', 'peer']),
  when: z.enum(['before', 'after']),
  message: ClnMessage,
})
/** A point in the message exchange: just before or after a side sends a message. */
export type ClnPoint = z.infer<typeof ClnPoint>

export const ClnAct = z.discriminatedUnion('type', [
  z.object({ type: z.literal('drop') }),
  z.object({ type: z.literal('kill_node') }),
  z.object({ type: z.literal('kill_peer') }),
  /** The peer is silent for that time, but the connection stays up. */
  z.object({ type: z.literal('freeze_peer'), ms: z.number() }),
  /** The call never answers, but the connection stays up: the peer's channeld died, or both sides started at once. */
  z.object({ type: z.literal('hang') }),
  z.object({ type: z.literal('force_close') }),
])
export type ClnAct = z.infer<typeof ClnAct>
