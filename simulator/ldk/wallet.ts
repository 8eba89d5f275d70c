import type { Context } from '../world/context.ts'
import { hexOf } from '../world/keys.ts'
import type { Coin, NodeState } from '../world/state.ts'

/** What LDK reserves on chain for each anchor channel, in satoshis (ldk-node's default). */
const ANCHOR_RESERVE_SATS = 25_000

/** A new address of a wallet, and its script in hex. `owner`: the name of a node or a peer. */
export function newAddress(ctx: Context, owner: string): { readonly address: string; readonly script: string } {
  const number = ctx.state.wallets[owner] ?? 0
  ctx.state.wallets[owner] = number + 1
  const { address, script } = ctx.keys.payTo(pathOf(owner, number))
  return { address, script: hexOf(script) }
}

/** Whether the wallet gave out this script. */
export function ownsScript(ctx: Context, owner: string, script: string): boolean {
  return walletPaths(ctx, owner).some((path) => hexOf(ctx.keys.payTo(path).script) === script)
}

/** A wallet's confirmed, unspent coins, biggest first. */
export function confirmedCoins(ctx: Context, owner: string): Coin[] {
  return walletPaths(ctx, owner)
    .flatMap((path) =>
      ctx.chain.index
        .unspent(hexOf(ctx.keys.payTo(path).script))
        .filter((output) => output.confirmed)
        .map(({ outpoint, amountSats }) => ({ outpoint, valueSats: amountSats, path })),
    )
    .sort((a, b) => b.valueSats - a.valueSats || a.outpoint.localeCompare(b.outpoint))
}

/** The maximum for a splice-in: confirmed coins minus the anchor reserve. */
export function spendableSats(ctx: Context, node: NodeState): number {
  const totalSats = confirmedCoins(ctx, node.name).reduce((sum, coin) => sum + coin.valueSats, 0)
  const open = node.disk.channels.filter((channel) => channel.status !== 'closed').length
  return Math.max(0, totalSats - open * ANCHOR_RESERVE_SATS)
}

/** The coins of a node's unfinished contributions, which LDK keeps locked until they end. */
export function lockedOutpoints(node: NodeState): Set<string> {
  const held = node.disk.channels.flatMap((channel) => [
    channel.queued,
    channel.negotiation?.ours ?? null,
    ...channel.candidates.map((candidate) => candidate.ours),
    channel.status === 'closed' ? null : (channel.opening?.ours ?? null),
  ])
  return new Set(held.flatMap((contribution) => contribution?.coins.map((coin) => coin.outpoint) ?? []))
}

/** The derivation paths of all addresses that a wallet gave out. */
export function walletPaths(ctx: Context, owner: string): string[] {
  return Array.from({ length: ctx.state.wallets[owner] ?? 0 }, (_, number) => pathOf(owner, number))
}

function pathOf(owner: string, number: number): string {
  return `${owner}/wallet/${number}`
}
