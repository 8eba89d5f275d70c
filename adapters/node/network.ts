import type { Network } from '../../core/bitcoin/network.ts'

/** The networks as Eclair and phoenixd call them. */
export const ACINQ_NETWORKS: Readonly<Record<string, Network>> = {
  mainnet: 'bitcoin',
  testnet: 'testnet',
  testnet3: 'testnet',
  signet: 'signet',
  regtest: 'regtest',
}
