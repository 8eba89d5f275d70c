import * as z from 'zod'

/** The bitcoin networks that a node can be on, under the names that Lightning nodes use. `testnet` is testnet3. */
export const Network = z.enum(['bitcoin', 'testnet', 'testnet4', 'signet', 'regtest'])
export type Network = z.infer<typeof Network>
