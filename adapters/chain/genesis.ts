import type { ChainFault } from '../../core/ports/chain.ts'
import type { Call, ChainPort } from '../../core/ports/ports.ts'
import type { Network } from '../../core/bitcoin/network.ts'
import type { Result } from '../../core/values/result.ts'
import { misconfigured } from './answer.ts'

/** The first block of each network; null where anybody may begin a chain of their own. */
const GENESIS: Readonly<Record<Network, string | null>> = {
  bitcoin: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  testnet: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
  testnet4: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
  signet: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
  regtest: null,
}

/**
 * A chain source that gives no answer before its first block has proved to be the network's. An Esplora does not say
 * which network it serves. It is asked once per process.
 */
export function withGenesis(network: Network, source: ChainPort): ChainPort {
  const genesis = GENESIS[network]
  if (genesis === null) return source
  let isRight = false
  const checked = async <T>(call: Call, ask: () => Promise<Result<T, ChainFault>>): Promise<Result<T, ChainFault>> => {
    if (!isRight) {
      const first = await source.blockHash(0, call)
      if (!first.ok) return first
      if (first.value !== genesis) return misconfigured(`the source is not on ${network}`)
      isRight = true
    }
    return ask()
  }
  return {
    tip: (call) => checked(call, () => source.tip(call)),
    blockHash: (height, call) => checked(call, () => source.blockHash(height, call)),
    transaction: (txid, call) => checked(call, () => source.transaction(txid, call)),
    spend: (outpoint, hint, call) => checked(call, () => source.spend(outpoint, hint, call)),
    feeRateSatPerKw: (targetBlocks, call) => checked(call, () => source.feeRateSatPerKw(targetBlocks, call)),
    broadcast: (hex, call) => checked(call, () => source.broadcast(hex, call)),
  }
}
