import { outpointOf, splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { hexOf } from '../world/keys.ts'
import type { Coin } from '../world/state.ts'
import { walletPaths } from '../ldk/wallet.ts'
import type { Own } from './own.ts'
import { uint } from './psbt-bytes.ts'
import type { PsbtMap } from './psbt.ts'

/** How many blocks a reservation lasts. */
export const RESERVED_BLOCKS = 72

/** A confirmed coin that no block spends. While a pending splice spends it, only its reservation protects it. */
export type WalletCoin = Coin & { readonly script: string; readonly height: number }

/** The wallet's confirmed coins, biggest first. */
export function walletCoins({ ctx, node }: Own): WalletCoin[] {
  return walletPaths(ctx, node.name)
    .flatMap((path) => {
      const script = hexOf(ctx.keys.payTo(path).script)
      return ctx.chain.index.unspentInBlocks(script).map(({ outpoint, amountSats, height }) => ({
        outpoint,
        valueSats: amountSats,
        path,
        script,
        height,
      }))
    })
    .sort((a, b) => b.valueSats - a.valueSats || a.outpoint.localeCompare(b.outpoint))
}

export function isReserved({ node }: Own, outpoint: string): boolean {
  return (node.reservations[outpoint] ?? 0) > node.height
}

/** The coins that a new transaction can spend. */
export function freeCoins(own: Own): WalletCoin[] {
  return walletCoins(own).filter(({ outpoint }) => !isReserved(own, outpoint))
}

type Reservation = Readonly<Record<string, unknown>>

/** Extends a coin's reservation by a number of blocks (negative: shortens it). Returns it as shown. */
export function reserve(own: Own, outpoint: string, blocks: number): Reservation {
  const { node } = own
  const was = isReserved(own, outpoint)
  node.reservations[outpoint] = Math.max(node.reservations[outpoint] ?? 0, node.height) + blocks
  const now = isReserved(own, outpoint)
  const until = now ? { reserved_to_block: node.reservations[outpoint] } : {}
  return { ...splitOutpoint(outpoint), was_reserved: was, reserved: now, ...until }
}

/** A coin's PSBT fields: its transaction and its output. */
export function coinFields(own: Own, coin: { readonly outpoint: string }): PsbtMap {
  const { txid } = splitOutpoint(coin.outpoint)
  const output = own.ctx.chain.index.output(coin.outpoint)
  const made = own.ctx.chain.transaction(txid)
  if (output === null || made === null) throw new Error(`no output ${coin.outpoint}`)
  return new Map([
    ['00', made.hex],
    ['01', uint(output.amountSats, 8) + uint(output.script.length / 2, 1) + output.script],
  ])
}

/** Stores a signed transaction's wallet outputs, which listfunds shows at once. */
export function keepChange(
  own: Own,
  txid: string,
  outputs: readonly { readonly script: string; readonly amountSats: number }[],
): void {
  const scripts = walletPaths(own.ctx, own.node.name).map((path) => hexOf(own.ctx.keys.payTo(path).script))
  outputs.forEach(({ script, amountSats }, vout) => {
    const outpoint = outpointOf(txid, vout)
    if (scripts.includes(script) && !own.node.change.some((known) => known.outpoint === outpoint))
      own.node.change.push({ outpoint, amountSats, script })
  })
}
