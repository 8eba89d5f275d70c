import { digest, hexOf } from './keys.ts'
import type { Channel } from './state.ts'

/** What is particular to a channel when it comes into being; the rest is as in every fresh one. */
export type FreshChannel = Pick<
  Channel,
  'channelId' | 'peerId' | 'keyPath' | 'isOutbound' | 'lockDepth' | 'funding' | 'opening'
> & { readonly oursSats: number }

/** A channel without any splice. Its user channel id follows from the world's seed and its keys. */
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

/** BOLT 2: the funding txid in its internal order, its last two bytes XOR the index of the funding output. */
export function channelIdOf(txHash: Uint8Array, vout: number): string {
  const id = Buffer.from(txHash)
  id.writeUInt16BE(id.readUInt16BE(30) ^ vout, 30)
  return hexOf(id)
}
