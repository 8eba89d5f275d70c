import * as z from 'zod'
import { MAX_SATS } from '../../../core/bitcoin/money.ts'
import { Outpoint, Txid } from '../../../core/bitcoin/outpoint.ts'
import { listOf } from '../../list.ts'

const MAX_CHANNELS = 10_000
const MAX_COMMITMENTS = 50
const MSAT_PER_SAT = 1_000

const Sats = z.int().nonnegative().max(MAX_SATS)
const Msat = z
  .int()
  .nonnegative()
  .max(MAX_SATS * MSAT_PER_SAT)
const NodeId = z.string().regex(/^0[23][0-9a-f]{64}$/)
const Word = z.string().max(64)

/** `getinfo` (Eclair's `GetInfoResponse`), the fields that we use. */
export const Info = z.object({
  version: z.string().max(100),
  nodeId: NodeId,
  network: Word,
  blockHeight: z.int().nonnegative(),
})
export type Info = z.infer<typeof Info>

/** One funding of a channel. `fundingInput` is the outpoint that its commitments spend. */
const Commitment = z.object({
  fundingTxIndex: z.int().nonnegative(),
  fundingInput: Outpoint,
  fundingAmount: Sats,
  /** `txid` is present once the transaction has all its signatures. */
  localFunding: z.object({ status: Word, txid: Txid.optional() }),
  remoteCommitParams: z.object({ dustLimit: Sats }),
  localCommit: z.object({ spec: z.object({ toLocal: Msat, toRemote: Msat }) }),
})
export type Commitment = z.infer<typeof Commitment>

const ChannelData = z.object({
  type: Word.default(''),
  commitments: z
    .object({
      channelParams: z.object({ channelFeatures: listOf(Word, { max: 100 }) }),
      active: listOf(Commitment, { min: 1, max: MAX_COMMITMENTS }),
    })
    .optional(),
  localShutdown: z.unknown().optional(),
  remoteShutdown: z.unknown().optional(),
})

/** A channel has no commitments before it is funded and after it is closed. */
const UNFUNDED = /^(DATA_)?(WAIT_FOR_|CLOSED)/

/**
 * A channel of `channels` or `channel`. A channel that lacks commitments it must have is unreadable rather
 * than skipped.
 */
export const Channel = z
  .object({
    nodeId: NodeId,
    channelId: z.string().regex(/^[0-9a-f]{64}$/),
    state: Word,
    data: ChannelData,
  })
  .refine(
    ({ state, data }) => data.commitments !== undefined || UNFUNDED.test(data.type) || UNFUNDED.test(state),
    'a channel without commitments',
  )
export type Channel = z.infer<typeof Channel>

export const Channels = listOf(Channel, { max: MAX_CHANNELS })
export const OnChainBalance = z.object({ confirmed: Sats })
/** An address of the node's wallet. */
export const Address = z.string().regex(/^[0-9a-zA-Z]{14,100}$/)

/**
 * The answer of a successful `splicein`, `spliceout` or `rbfsplice`; a JSON string means failure
 * (docs/reference/eclair.md 1).
 */
export const Spliced = z.object({ fundingTxId: Txid })
/** The body of Eclair's own 4xx and 5xx answers. */
export const Rejected = z.object({ error: z.string() })
