import { NO_HINT, type ChainTransaction } from '../../core/ports/chain.ts'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { ChannelSnapshot, NodeLook } from '../../core/ports/node.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { startKeeper, type Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'

/** What stands in the table, at the node and in the chain while a splice waits, of which others are copied. */
export type Life = {
  readonly pending: Splice
  readonly confirmed: Splice
  readonly settled: Splice
  readonly lease: ChannelLease
  readonly look: NodeLook
  readonly channel: ChannelSnapshot
  /** The candidate, in its block. */
  readonly candidate: ChainTransaction
  readonly valueSats: number
  /** When and at which height both `pending` and `confirmed` were true. */
  readonly at: number
  readonly height: number
  /** Hashes of the blocks up to that height, from 0. */
  readonly hashes: readonly string[]
}

const TOLD_MS = 12 * MINUTE

function there<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('the splice did not live as expected')
  return value
}

async function spliceIn(keeper: Keeper, id: string, state: Splice['state']): Promise<Splice> {
  const splice = await keeper.splice(id)
  if (splice.state !== state) throw new Error(`${splice.state} instead of ${state}`)
  return splice
}

/** Takes one splice-out through its life: the core, the store and an ldk-server's adapter over the simulated world. */
export async function liveALife(): Promise<Life> {
  const keeper = await startKeeper()
  const { id } = await keeper.post()
  await keeper.until(id, ['pending'])
  // Looked at once more, it is saved that its events were told.
  await keeper.run(TOLD_MS)
  const pending = await spliceIn(keeper, id, 'pending')
  await keeper.run(MINUTE, { blockMs: MINUTE })
  await keeper.run(MINUTE)
  const confirmed = await spliceIn(keeper, id, 'confirmed')
  const call = keeper.ports.call()
  const { port, chain } = there(keeper.ports.nodes.get('alice'))
  const look = await port.look(call)
  const spend = await chain.spend(there(pending.fundingHistory[0]), NO_HINT, call)
  const tip = await chain.tip(call)
  if (!look.ok || !spend.ok || !tip.ok) throw new Error('the simulated world does not answer')
  const hashes: string[] = []
  for (let height = 0; height <= tip.value.height; height++) {
    const hash = await chain.blockHash(height, call)
    hashes.push(there(hash.ok ? hash.value : null))
  }
  const at = keeper.world.now()
  const lease = there(await keeper.store.item('lease', pending.channelId)).value
  await keeper.until(id, ['settled'])
  await keeper.run(MINUTE)
  return {
    pending,
    confirmed,
    settled: await spliceIn(keeper, id, 'settled'),
    lease,
    look: look.value,
    channel: there(look.value.channels.find(({ channelId }) => channelId === pending.channelId)),
    candidate: there(spend.value.spender),
    valueSats: there(spend.value.valueSats),
    at,
    height: tip.value.height,
    hashes,
  }
}
