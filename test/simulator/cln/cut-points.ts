import { ClnPoint } from '../../../simulator/cln/state.ts'
import type { SimulatedClnNode } from '../../../simulator/world/world.ts'
import { clnOf, spliceInTo, type Cln, type Reply } from './cln-wire.ts'

type Point = Parameters<SimulatedClnNode['at']>[0]
export const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const SECOND = 1_000

export const ABORTED = {
  code: -32602,
  message: 'splice_update: {"code":362,"message":"next_funding_txid not recognized."}',
}

export const BUSY = 'Currently waiting on previous splice command to finish.'
export const DISCONNECTED = { code: 351, message: 'Channel is disconnected' }

export const point = (text: string): Point => {
  const [by, when, message] = text.split(' ')
  return ClnPoint.parse({ by, when, message })
}

export const splicein = (cln: Cln, amount = '17000'): Promise<Reply> =>
  cln.ask('splicein', { channel: cln.channelId, amount })
export const abort = (cln: Cln): Promise<unknown> => cln.get('abort_channels', { channel_ids: [cln.channelId] })

export const init = (cln: Cln): Promise<Reply> =>
  cln.ask('splice_init', { channel_id: cln.channelId, relative_amount: 10_000 })

export const mempool = (cln: Cln): string[] => cln.world.chain.mempool().map(({ txid }) => txid)

/** A node whose splice stopped between commitments and signatures, with the peer back. */
export async function leftUnsigned(cut: (cln: Cln) => void): Promise<{ readonly cln: Cln; readonly psbt: string }> {
  const cln = await clnOf()
  const { psbt } = await spliceInTo(cln, 'wallet_signed')
  cut(cln)
  cln.world.advance(10 * SECOND)
  return { cln, psbt }
}

export const killPeer = ({ node }: Cln): void => node.disconnectPeer({ returnsAfterMs: SECOND })
const killNode = ({ node }: Cln): void => node.kill({ startsAfterMs: SECOND })

export const CUTS = [
  ['the peer is killed', killPeer],
  ['the node is killed', killNode],
] as const
