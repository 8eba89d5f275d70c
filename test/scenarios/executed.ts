import { expect } from 'vitest'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { Keeper } from '../../harness/keeper/keeper.ts'
import { budget } from '../../harness/keeper/budget.ts'
import { HOUR, MINUTE } from '../../harness/keeper/times.ts'

export const BLOCKS = { blockMs: 10 * MINUTE }

export function executed(keeper: Keeper): number {
  return keeper.world.journal.submissionsExecuted(keeper.channelId)
}

export async function lease(keeper: Keeper): Promise<ChannelLease | null> {
  return (await keeper.store.item('lease', keeper.channelId))?.value ?? null
}

export function count(types: readonly string[], type: string): number {
  return types.filter((candidate) => candidate === type).length
}

/** A splice whose only attempt lies in its node, the peer away, past its deadline. */
export async function attended(keeper: Keeper): Promise<Splice> {
  keeper.node.disconnectPeer()
  const { id } = await keeper.post({
    budget: budget({ maxAttempts: 1, deadline: keeper.world.now() + HOUR }),
  })
  const splice = await keeper.until(id, ['needs_attention'])
  expect(splice.attention?.code).toBe('unproven')
  return splice
}
