import * as z from 'zod'

/** A transaction output, written `txid:vout`, with the txid in explorer byte order. */
export const Outpoint = z.string().regex(/^[0-9a-f]{64}:\d{1,10}$/)
export type Outpoint = z.infer<typeof Outpoint>

/** A transaction id in explorer byte order: 64 lower-case hex digits. */
export const Txid = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')

export function outpointOf(txid: string, vout: number): Outpoint {
  return `${txid}:${vout}`
}

export function splitOutpoint(outpoint: Outpoint): { txid: string; vout: number } {
  return { txid: outpoint.slice(0, 64), vout: Number(outpoint.slice(65)) }
}
