import type { ChainFault, ChainTransaction } from '../../core/ports/chain.ts'
import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import type { ChainPort } from '../../core/ports/ports.ts'
import { err, ok, type Result } from '../../core/values/result.ts'
import { parseTransaction } from '../../core/bitcoin/transaction.ts'
import type { PlacedTransaction, SimulatedChain } from '../world/steering.ts'

/** How a chain source sees the chain. It may be changed at any time. */
export type ChainView = {
  /** The source does not answer. */
  down: boolean
  /** How many blocks the source is behind. Their transactions appear in its mempool. */
  lagBlocks: number
  /** The source does not show the mempool. */
  blind: boolean
}

/** A correct and complete view of the chain. */
export function clearView(): ChainView {
  return { down: false, lagBlocks: 0, blind: false }
}

/** A chain source over a simulated chain. Two ports with separate views act as two sources. */
export function simulatedChainPort(chain: SimulatedChain, view: ChainView = clearView()): ChainPort {
  const tipHeight = (): number => Math.max(0, chain.tip.height - view.lagBlocks)

  const seen = (tx: PlacedTransaction | null): ChainTransaction | null => {
    if (tx === null) return null
    const { txid, hex, feeSats } = tx
    if (tx.block === null || tx.block.height > tipHeight()) {
      return view.blind ? null : { txid, hex, feeSats, block: null }
    }
    const { height, hash, time } = tx.block
    return { txid, hex, feeSats, block: { height, hash, time } }
  }

  const answer = async <T>(signal: AbortSignal, read: () => T): Promise<Result<T, ChainFault>> => {
    if (signal.aborted || view.down) return unreachable('the chain source does not answer')
    return ok(read())
  }

  return {
    tip: ({ signal }) =>
      answer(signal, () => {
        const height = tipHeight()
        return { height, hash: chain.block(height)?.hash ?? chain.tip.hash }
      }),
    blockHash: (height, { signal }) =>
      answer(signal, () => (height > tipHeight() ? null : (chain.block(height)?.hash ?? null))),
    transaction: (txid, { signal }) => answer(signal, () => seen(chain.transaction(txid))),
    spend: (outpoint, _hint, { signal }) =>
      answer(signal, () => {
        const { txid, vout } = splitOutpoint(outpoint)
        const made = chain.transaction(txid)
        const own = seen(made)
        const valueSats = made?.outputs[vout]?.amountSats
        if (own === null || valueSats === undefined) return { own: 'unknown', valueSats: null, spender: null }
        return {
          own: own.block === null ? 'mempool' : 'confirmed',
          valueSats,
          spender: seen(chain.spender(outpoint)),
        }
      }),
    feeRateSatPerKw: (targetBlocks, { signal }) => answer(signal, () => chain.feeRateSatPerKw(targetBlocks)),
    broadcast: async (hex, { signal }) => {
      if (signal.aborted || view.down) return unreachable('the chain source does not answer')
      if (parseTransaction(hex) === null) return unreachable('rejected: TX decode failed')
      const rejection = chain.broadcast(hex)
      return rejection === null ? ok(undefined) : unreachable(`rejected: ${rejection}`)
    },
  }
}

function unreachable(message: string): { readonly ok: false; readonly error: ChainFault } {
  return err({ class: 'unreachable', message })
}
