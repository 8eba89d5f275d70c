import * as z from 'zod'

/** The bitcoin networks that a node can be on, under the names that Lightning nodes use. */
export const Network = z.enum(['bitcoin', 'testnet', 'signet', 'regtest'])
export type Network = z.infer<typeof Network>
