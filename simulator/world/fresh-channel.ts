import { digest, hexOf } from './keys.ts'
import type { Channel } from './state.ts'

/** What differs between new channels; the rest is the same for all. */
export type FreshChannel = Pick<
  Channel,
  'channelId' | 'peerId' | 'keyPath' | 'isOutbound' | 'lockDepth' | 'funding' | 'opening'
> & { readonly oursSats: number }

/** A channel without any splice. Its user channel id is derived from the world's seed and its key path. */
export function freshChannel(seed: string, { oursSats, ...channel }: FreshChannel): Channel {
  const id = digest('user channel', seed, channel.keyPath).slice(0, 16)
  return {
    ...channel,
    userChannelId: BigInt(`0x${hexOf(id)}`).toString(),
    status: 'open',
    oursMsat: oursSats * 1000,
    queued: null,
    negotiation: null,
    candidates: [],
    lockSentTxid: null,
    peerLocks: true,
    abortAt: null,
    staleNext: false,
    closing: null,
  }
}

/** BOLT 2: the funding txid in internal byte order, its last two bytes XORed with the output index. */
export function channelIdOf(txHash: Uint8Array, vout: number): string {
  const id = Buffer.from(txHash)
  id.writeUInt16BE(id.readUInt16BE(30) ^ vout, 30)
  return hexOf(id)
}
