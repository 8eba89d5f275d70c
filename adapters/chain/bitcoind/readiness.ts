import type { ChainFault } from '../../../core/ports/chain.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import { ChainInfo, MempoolInfo, NetworkInfo, resultIn } from './answers.ts'
import { misconfigured, notReady } from '../answer.ts'
import type { BitcoindRpc } from './rpc.ts'
import type { Place } from './scan.ts'

/** Bitcoin Core's names for our networks. */
const CHAIN_NAMES: Readonly<Record<Network, string>> = {
  bitcoin: 'main',
  testnet: 'test',
  testnet4: 'testnet4',
  signet: 'signet',
  regtest: 'regtest',
}

/** The best block of a node that has synced the chain of the configured network. */
export async function bestBlock(rpc: BitcoindRpc, network: Network, call: Call): Promise<Result<Place, ChainFault>> {
  const info = resultIn('getblockchaininfo', await rpc('getblockchaininfo', [], call), ChainInfo)
  if (!info.ok) return info
  const { chain, blocks, bestblockhash, initialblockdownload } = info.value
  if (chain !== CHAIN_NAMES[network]) return misconfigured(`the node is not on ${network}`)
  if (initialblockdownload) return notReady('the node is still downloading the chain')
  return ok({ height: blocks, hash: bestblockhash })
}

/**
 * Like {@link bestBlock}, but a fault unless the node has a usable mempool. Without one an unconfirmed
 * spender is invisible and its inputs look unspent. That is so while a restarted node loads its mempool, and
 * always on a node that accepts no transactions (`blocksonly`).
 */
export async function bestBlockWithMempool(
  rpc: BitcoindRpc,
  network: Network,
  call: Call,
): Promise<Result<Place, ChainFault>> {
  const mempool = resultIn('getmempoolinfo', await rpc('getmempoolinfo', [], call), MempoolInfo)
  if (!mempool.ok) return mempool
  if (!mempool.value.loaded) return notReady('the node is still reading its mempool in')
  const relay = resultIn('getnetworkinfo', await rpc('getnetworkinfo', [], call), NetworkInfo)
  if (!relay.ok) return relay
  if (!relay.value.localrelay) return misconfigured('the node takes no transactions into its mempool')
  return bestBlock(rpc, network, call)
}
