import * as z from 'zod'
import { MAX_SATS } from '../../../core/bitcoin/money.ts'
import { Outpoint, Txid } from '../../../core/bitcoin/outpoint.ts'
import { listOf } from '../../list.ts'

const MAX_CHANNELS = 1_000
const MAX_COMMITMENTS = 50
/** How many payments one page requests. */
export const PAYMENTS_PAGE = 500

const Sats = z.int().nonnegative().max(MAX_SATS)
const NodeId = z.string().regex(/^0[23][0-9a-f]{64}$/)
const ChannelId = z.string().regex(/^[0-9a-f]{64}$/)
const Word = z.string().max(64)

/** `getinfo`, the fields that we use. A channel without commitments has only a state. */
export const Info = z.object({
  nodeId: NodeId,
  chain: Word,
  blockHeight: z.int().nonnegative().nullish(),
  version: z.string().max(100),
  channels: listOf(
    z.object({
      channelId: ChannelId.nullish(),
      balanceSat: Sats.nullish(),
      inboundLiquiditySat: Sats.nullish(),
    }),
    { max: MAX_CHANNELS },
  ),
})
export type Info = z.infer<typeof Info>

/** One funding of a channel. `fundingInput` is the outpoint that its commitments spend. */
const Commitment = z.object({
  fundingTxIndex: z.int().nonnegative(),
  fundingInput: Outpoint,
  fundingAmount: Sats,
})
export type Commitment = z.infer<typeof Commitment>

const Commitments = z.object({
  channelParams: z.object({
    channelId: ChannelId,
    remoteParams: z.object({ nodeId: NodeId }),
  }),
  active: listOf(Commitment, { min: 1, max: MAX_COMMITMENTS }),
})

/** The class of a channel's state in lightning-kmp; only its last part matters. */
const Type = z
  .string()
  .max(200)
  .transform((name) => name.split('.').at(-1) ?? '')

const Committed = z.object({
  type: Type,
  commitments: Commitments.optional(),
  spliceStatus: z.object({ status: Word }).optional(),
  localShutdown: z.unknown().optional(),
  remoteShutdown: z.unknown().optional(),
})

/** A channel of `listchannels`. While the peer is offline, its real state is nested. */
const Listed = z.object({ ...Committed.shape, state: Committed.optional() })

/** States before funding and after the end, which may lack commitments. */
const UNFUNDED = /^(WaitFor|Closed|Aborted|LegacyWaitFor)/

/** A channel of `listchannels`, with a nested state unwrapped. `connected`: the peer is there and synced. */
export const Channel = Listed.transform((listed, context) => {
  const isWrapped = listed.type === 'Offline' || listed.type === 'Syncing'
  const inner = isWrapped ? listed.state : listed
  const unreadable = inner === undefined || (inner.commitments === undefined && !UNFUNDED.test(inner.type))
  const unsaid = inner?.type === 'Normal' && inner.spliceStatus === undefined
  if (!unreadable && !unsaid) return { ...inner, connected: listed.type === 'Normal' }
  context.issues.push({ code: 'custom', message: 'an unreadable channel', input: null })
  return z.NEVER
})
export type Channel = z.infer<typeof Channel>
export const Channels = listOf(Channel, { max: MAX_CHANNELS })

/** A payment of `payments/outgoing`. `sent` is in satoshis and includes the fees; `fees` is in millisatoshis. */
const Payment = z.object({
  subType: Word,
  txId: Txid.nullish(),
  sent: Sats,
  fees: z.int().nonnegative(),
  createdAt: z.int().nonnegative(),
})
export type Payment = z.infer<typeof Payment>
export const Payments = listOf(Payment, { max: PAYMENTS_PAGE })
