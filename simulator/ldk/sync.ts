import type { Block } from '../chain/state.ts'
import { parsed } from '../chain/transaction-index.ts'
import { rebroadcast } from './broadcast.ts'
import { closeByForce } from './closing.ts'
import type { Context } from '../world/context.ts'
import { checkLock, followOpen, withdrawLock } from './lock.ts'
import { refreshPayments } from './payments.ts'
import type { NodeState } from '../world/state.ts'

export function blockConnected(ctx: Context, node: NodeState): void {
  for (const channel of node.disk.channels) {
    checkLock(ctx, node, channel)
    rebroadcast(ctx, node, channel)
  }
  refreshPayments(ctx, node)
}

/**
 * Handles a block that left the best chain. LDK force-closes a ready channel whose funding is unconfirmed again, unless
 * it is zero-conf, and withdraws a splice_locked for the block's transactions (docs/reference/ldk.md 1.6).
 */
export function blockDisconnected(ctx: Context, node: NodeState, block: Block): void {
  for (const { txid } of block.transactions.map(parsed)) {
    for (const channel of node.disk.channels.filter((candidate) => candidate.status !== 'closed')) {
      withdrawLock(ctx, node, channel, txid)
      if (channel.opening !== null) followOpen(ctx, channel)
      else if (channel.funding.txid === txid && channel.lockDepth > 0) {
        closeByForce(ctx, node, channel, 'funding transaction was un-confirmed')
      }
    }
  }
}
