import type { Network } from '../../core/bitcoin/network.ts'

/** Eclair's and phoenixd's names for the networks. */
export const ACINQ_NETWORKS: Readonly<Record<string, Network>> = {
  mainnet: 'bitcoin',
  testnet: 'testnet',
  testnet3: 'testnet',
  testnet4: 'testnet4',
  signet: 'signet',
  regtest: 'regtest',
}
