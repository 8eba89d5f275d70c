import * as z from 'zod'
import { clnRpcOf } from '../adapters/node/cln/client.ts'
import { ClnConfig } from '../adapters/node/cln/config.ts'
import { configuredNode, type NodeEntry } from '../adapters/node/configured.ts'
import { outpointOf, type Outpoint } from '../core/bitcoin/outpoint.ts'

const CALL_MS = 20_000
const clock = { now: () => Date.now() }
const call = () => ({ signal: AbortSignal.timeout(CALL_MS) })

export type ChannelRecord = {
  readonly funding: Outpoint | null
  readonly open: boolean
  readonly peerConnected: boolean
  /** Txids of splices that are not locked. */
  readonly pending: readonly string[]
}

/** A node's own records about a channel, independent of how the service reads them. */
export interface NodeRecord {
  /** null if the node does not list the channel. */
  channel(): Promise<ChannelRecord | null>
  /** Txids of all splices that the node's ledger booked on the channel, in order; null if it has no readable ledger. */
  booked(): Promise<readonly string[] | null>
}

const PeerChannels = z.object({
  channels: z.array(
    z.object({
      state: z.string(),
      peer_connected: z.boolean(),
      funding_txid: z.string(),
      funding_outnum: z.int(),
      inflight: z.array(z.object({ funding_txid: z.string() })).optional(),
    }),
  ),
})

const ChainMoves = z.object({
  chainmoves: z.array(
    z.object({
      account_id: z.string(),
      primary_tag: z.string(),
      extra_tags: z.array(z.string()),
      spending_txid: z.string().optional(),
    }),
  ),
})

/** Core Lightning: `listpeerchannels`, and `listchainmoves` if the judge may call it. */
export function clnRecord(config: ClnConfig, channelId: string): NodeRecord {
  const rpc = clnRpcOf(config, clock)
  const ask = async <T>(method: string, params: Record<string, unknown>, schema: z.ZodType<T>) => {
    const answer = await rpc.call(method, params, call())
    return answer.ok ? schema.parse(answer.value) : answer.error
  }
  return {
    async channel() {
      const listed = await ask('listpeerchannels', { channel_id: channelId }, PeerChannels)
      if ('type' in listed) throw new Error(`listpeerchannels: ${listed.message}`)
      const [channel] = listed.channels
      if (channel === undefined) return null
      const { state, peer_connected, funding_txid, funding_outnum, inflight = [] } = channel
      return {
        funding: outpointOf(funding_txid, funding_outnum),
        open: state === 'CHANNELD_NORMAL' || state === 'CHANNELD_AWAITING_SPLICE',
        peerConnected: peer_connected,
        pending: inflight.map((each) => each.funding_txid),
      }
    },
    async booked() {
      const listed = await ask('listchainmoves', {}, ChainMoves)
      if ('type' in listed) {
        if (listed.type === 'denied') return null
        throw new Error(`listchainmoves: ${listed.message}`)
      }
      return listed.chainmoves.flatMap(({ account_id, primary_tag, extra_tags, spending_txid }) =>
        account_id === channelId && primary_tag === 'channel_close' && extra_tags.includes('splice')
          ? [spending_txid ?? '']
          : [],
      )
    },
  }
}

/** Any node, as its adapter shows it. This is weaker evidence, because the service uses the same adapter. */
export function adapterRecord(entry: NodeEntry, channelId: string): NodeRecord {
  const { port } = configuredNode(entry, clock)
  return {
    async channel() {
      const look = await port.look(call())
      if (!look.ok) throw new Error(look.error.message)
      const channel = look.value.channels.find((each) => each.channelId === channelId)
      if (channel === undefined) return null
      return {
        funding: channel.funding,
        open: channel.ready && !channel.closing,
        peerConnected: channel.peerConnected,
        pending: (channel.candidates ?? []).map(({ txid }) => txid),
      }
    },
    booked: async () => null,
  }
}
